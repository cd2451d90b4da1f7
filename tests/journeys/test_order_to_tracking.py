"""From a sale to its tracking and back to stock, judged by what the stand-ins saw."""

from __future__ import annotations

from decimal import Decimal

from cartrover.events.models import Event, Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.orders.search import matching
from tests.stage import Stage


def test_an_order_goes_to_the_warehouse_and_its_tracking_comes_back(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=2, note="Please leave it with the neighbour.")
    stage.settle()
    (order,) = stage.at_warehouse()
    assert (order["order_number"], order["reference_number"], order["status"]) == (number, number.replace("-", ""), "finalized")
    assert [(line["sku"], line["quantity"]) for line in order["lines"] if line["sku"]] == [("TENT-2P", "2.0")]
    ours = stage.order(number)
    assert Decimal(order["total"]) == ours.total
    assert ours.status == "at_wms"
    with acting_for(stage.merchant):
        assert list(matching(Order.objects.all(), str(order["id"]))) == [ours], "found by its number at the warehouse"

    stage.ship(number)
    stage.settle()
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]
    stage.settle()
    assert stage.order(number).status == "confirmed"
    with acting_for(stage.merchant):
        told = list(Event.objects.filter(about="order", about_id=ours.pk).values_list("kind", flat=True))
        assert Problem.objects.filter(closed_at__isnull=True).count() == 0
    assert [kind for kind in ("delivered", "shipped", "tracking_sent", "confirmed", "order_confirmed") if kind not in told] == []


def test_reading_everything_again_sends_nothing_again(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    stage.ship(number)
    for _ in range(3):
        stage.settle()
    assert len(stage.at_warehouse()) == 1
    assert len(stage.packages_at_ebay()) == 1


def test_a_partial_shipment_is_told_and_the_order_waits_for_the_rest(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=3)
    stage.settle()
    (order,) = stage.at_warehouse()
    (line,) = [line for line in order["lines"] if line["sku"]]
    stage.ship(number, lines={str(line["id"]): 1}, tracking_number="A1")
    stage.settle()
    assert stage.order(number).status == "at_wms"
    stage.ship(number, tracking_number="A2")
    stage.settle()
    stage.settle()
    assert sorted(tracking for _order, tracking in stage.packages_at_ebay()) == ["A1", "A2"]
    assert stage.order(number).status == "confirmed"


def test_what_is_packed_has_not_shipped(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    stage.ship(number, pack_only=True)
    stage.settle()
    assert stage.packages_at_ebay() == []
    assert stage.order(number).status == "at_wms"


def test_an_unknown_sku_is_one_problem_that_clears_itself_and_releases_all(stage: Stage) -> None:
    stage.stock("KNOWN")
    waiting = [stage.sell("MYSTERY") for _ in range(3)]
    stage.settle()
    assert stage.at_warehouse() == []
    assert {stage.order(number).status for number in waiting} == {"error"}
    with acting_for(stage.merchant):
        problem = Problem.objects.get(closed_at__isnull=True)
    assert (problem.kind, problem.subject) == ("unknown_sku", "MYSTERY")
    stage.stock("MYSTERY")
    stage.forget_catalogue()
    stage.settle()
    assert sorted(order["order_number"] for order in stage.at_warehouse()) == sorted(waiting)
    with acting_for(stage.merchant):
        assert Problem.objects.filter(closed_at__isnull=True).count() == 0


def test_who_asks_to_cancel_before_the_first_pull_gets_nothing_sent(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", cancel_requested=True)
    stage.settle()
    assert stage.at_warehouse() == []
    assert (stage.order(number).status, stage.order(number).reason) == ("held", "the buyer asked to cancel")


def test_an_unpaid_order_waits_and_goes_when_it_is_paid(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", payment="PENDING")
    stage.settle()
    assert (stage.order(number).status, stage.at_warehouse()) == ("held", [])
    stage.world.ebay.control(f"orders/{number}/pay")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]


def test_a_currency_that_the_account_lacks_is_a_problem_and_stops_only_that_order(stage: Stage) -> None:
    stage.stock("TENT-2P")
    francs = stage.sell("TENT-2P", currency="CHF")
    dollars = stage.sell("TENT-2P")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [dollars]
    assert stage.order(francs).status == "error"
    with acting_for(stage.merchant):
        assert Problem.objects.get(closed_at__isnull=True).kind == "currency"
