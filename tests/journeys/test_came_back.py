"""Orders that had left and came back: the warehouse voids a package, and much was said while it was on its way."""

from __future__ import annotations

from typing import Any

import pytest

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.canceling import cancel_sending, send_again
from cartrover.orders.models import Order, Shipment
from cartrover.sync import doubts, uploading
from cartrover.sync.models import Effect
from cartrover.sync.work import LeaseLost
from tests.journeys.packages import lines_at_warehouse, open_problems, pull_news, take_back, units_told
from tests.journeys.test_by_hand import in_doubt, wait
from tests.journeys.test_changes import address_there
from tests.stage import Stage


def sold(stage: Stage, quantity: int = 2) -> str:
    """An order that is at the warehouse."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=quantity)
    stage.settle()
    return number


def left(stage: Stage, number: str, **how: Any) -> dict[str, Any]:
    package = stage.ship(number, **{"tracking_number": "FIRST", **how})
    stage.settle("pull_shipments")
    return package


def void(stage: Stage) -> None:
    """Somebody at the warehouse voids the order."""
    stage.world.gecko.control("POST", f"orders/{stage.at_warehouse()[0]['id']}/void")


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_void_that_is_read_before_the_package_is_known_to_be_back_is_heeded(stage: Stage, confirmed: bool) -> None:
    number = sold(stage)
    package = left(stage, number)
    if confirmed:
        pull_news(stage)
    take_back(stage, package)
    void(stage)
    stage.settle("pull_changes")
    assert stage.order(number).status == ("confirmed" if confirmed else "shipped")
    stage.settle("pull_shipments")
    assert (stage.order(number).status, stage.order(number).reason_code) == ("held", "voided_there")
    assert "voided_there" in open_problems(stage)


def test_what_was_canceled_while_it_was_on_its_way_does_not_go_out_again(stage: Stage) -> None:
    number = sold(stage)
    package = left(stage, number)
    stage.world.ebay.control(f"orders/{number}/cancel")
    pull_news(stage)
    assert stage.order(number).cancel == "canceled"
    take_back(stage, package)
    stage.settle("pull_shipments")
    assert stage.order(number).status == "canceled"
    assert stage.at_warehouse() == []


def test_an_address_that_was_changed_while_it_was_on_its_way_is_told_before_it_goes_out_again(stage: Stage) -> None:
    number = sold(stage)
    package = left(stage, number)
    stage.world.ebay.control(f"orders/{number}/edit", ship_to={"street": "9 Other Road"})
    pull_news(stage)
    take_back(stage, package)
    stage.settle("pull_shipments")
    assert (stage.order(number).status, address_there(stage)) == ("at_wms", "9 Other Road")


def test_a_package_that_is_void_is_read_as_that_although_its_order_was_sent_again_before(stage: Stage) -> None:
    number = sold(stage)
    line = lines_at_warehouse(stage)["TENT-2P"]
    package = left(stage, number, lines={line: 1})
    take_back(stage, package)
    void(stage)
    stage.settle("pull_changes")
    assert stage.order(number).reason_code == "voided_there"
    with acting_for(stage.merchant):
        assert send_again(Order.objects.all(), "bob@example.com")[0] == 1
    stage.settle()
    with acting_for(stage.merchant):
        assert Shipment.objects.get().state == "void"
    line = lines_at_warehouse(stage)["TENT-2P"]
    left(stage, number, lines={line: 1}, tracking_number="SECOND")
    assert stage.order(number).status == "at_wms", "one unit is still to leave"
    left(stage, number, tracking_number="THIRD")
    for _ in range(2):
        stage.settle()
    assert stage.order(number).status == "confirmed"
    assert units_told(stage) == [("FIRST", [1]), ("SECOND", [1]), ("THIRD", [1])]


def test_a_package_that_the_cart_has_is_known_although_our_worker_died_before_it_wrote_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken back at that very moment. eBay shows it for good, so the merchant hears of it, and it is counted as ours."""
    number = sold(stage)
    with monkeypatch.context() as dying:
        dying.setattr(uploading, "_uploaded", _dies)
        package = left(stage, number)
    take_back(stage, package)
    stage.settle("pull_shipments")  # while the dead worker's lease lasts
    stage.pass_time(60)
    stage.settle("confirm_shipments")
    assert open_problems(stage) == ["cart_shows_void"]
    void(stage)
    stage.settle("pull_changes")
    with acting_for(stage.merchant):
        assert send_again(Order.objects.all(), "bob@example.com")[0] == 1
    pull_news(stage)
    stage.settle()
    left(stage, number, tracking_number="SECOND")
    for _ in range(2):
        stage.settle()
    assert units_told(stage) == [("FIRST", [2]), ("SECOND", [2])]
    assert stage.order(number).status == "confirmed"


def _dies(*_: object) -> int:
    raise LeaseLost("a test takes the worker away")


def test_a_package_under_the_number_of_one_that_came_back_counts_as_told(stage: Stage) -> None:
    """Both were told as one, the answer got lost, and one of them is taken back before we look."""
    number = sold(stage)
    line = lines_at_warehouse(stage)["TENT-2P"]
    stage.world.ebay.control("faults", kind="effect_then_reset", method="POST", path="/shipping_fulfillment$")
    first = stage.ship(number, lines={line: 1}, tracking_number="SAME")
    stage.ship(number, lines={line: 1}, tracking_number="SAME")
    stage.settle("pull_shipments")
    take_back(stage, first)
    stage.settle("pull_shipments")
    for _ in range(4):
        stage.pass_time(3600)
        stage.settle()
    assert units_told(stage) == [("SAME", [2])]
    with acting_for(stage.merchant):
        states = list(Shipment.objects.order_by("id").values_list("state", flat=True))
    assert states == ["void", "confirmed"]
    assert open_problems(stage) == ["cart_shows_void"]


def test_who_cancels_what_was_just_found_at_the_warehouse_has_it_voided_there(stage: Stage) -> None:
    """'It is there' was pressed, and 'Cancel sending' before the engine had written down that it is."""
    number = in_doubt(stage)
    with acting_for(stage.merchant):
        doubts.it_is_there(Order.objects.all(), "alice@example.com")
        assert cancel_sending(Order.objects.all(), "alice@example.com")[0] == 1
    wait(stage)
    assert (stage.order(number).status, stage.at_warehouse()) == ("canceled", [])


def test_who_canceled_while_it_was_in_doubt_has_it_dropped_when_it_is_not_there(stage: Stage) -> None:
    number = in_doubt(stage)
    with acting_for(stage.merchant):
        Order.objects.update(errand=Order.Errand.VOID)  # canceled before the look that found another order
        doubts.do_not_send_it(Order.objects.all(), "alice@example.com")
    wait(stage)
    assert stage.order(number).status == "canceled"


def test_a_package_that_the_cart_shows_with_other_lines_is_said_when_it_comes_back(stage: Stage) -> None:
    number = sold(stage)
    package = left(stage, number)
    with acting_for(stage.merchant):  # as if a look after a lost answer had found its number with other lines
        Effect.objects.filter(kind="shipment").update(state=Effect.State.HELD)
        Shipment.objects.update(state="refused", cart_shipment_id="", due_at=None)
    take_back(stage, package)
    stage.settle("pull_shipments")
    assert open_problems(stage) == ["cart_shows_void"]
    with acting_for(stage.merchant):
        assert Shipment.objects.get().cart_shipment_id == "FIRST"


def test_what_the_cart_may_have_is_looked_for_again_although_it_refused_the_look(stage: Stage) -> None:
    """The answer got lost, the package is taken back, and eBay says no to the question whether it has it."""
    number = sold(stage)
    stage.world.ebay.control("faults", kind="effect_then_reset", method="POST", path="/shipping_fulfillment$")
    package = left(stage, number)
    take_back(stage, package)
    stage.settle("pull_shipments")
    stage.world.ebay.control("faults", kind="status", status=409, method="GET", path="/shipping_fulfillment$")
    for _ in range(4):
        stage.pass_time(3600)
        stage.settle()
    assert open_problems(stage) == ["cart_shows_void"]
    assert units_told(stage) == [("FIRST", [2])]
