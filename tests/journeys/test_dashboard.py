"""What flowed between the stand-ins stands on the dashboard."""

from __future__ import annotations

from cartrover.merchants.tenancy import acting_for
from cartrover.portal.figures import Figures, figures
from cartrover.portal.flow import Flow, flow
from tests.stage import Stage


def dashboard(stage: Stage) -> tuple[Flow, Figures]:
    with acting_for(stage.merchant):
        return flow(stage.merchant), figures(stage.merchant)


def test_the_dashboard_tells_what_flowed_and_how_long_it_took(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number, _other = stage.sell("TENT-2P"), stage.sell("TENT-2P")
    stage.settle()
    there, told = dashboard(stage)
    assert (there.orders_waiting, there.packages_waiting, sum(day.orders for day in told.days)) == (0, 0, 2)
    assert (told.delivery is None, told.tracking is None) == (False, True)
    stage.ship(number)
    stage.settle()
    stage.settle()
    there, told = dashboard(stage)
    assert (there.packages_waiting, stage.packages_at_ebay()) == (0, [(number, "1Z999AA1")])
    assert told.tracking is not None
