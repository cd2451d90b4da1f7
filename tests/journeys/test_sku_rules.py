"""Codes that are not the warehouse's SKUs, from the sale to what the warehouse's own books say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.canceling import send_again
from cartrover.orders.models import LinePart, Order
from tests.inventory.rules import rule
from tests.journeys.packages import take_back, units_told
from tests.stage import Stage


def units(order: dict[str, Any]) -> list[tuple[str, int]]:
    return [(line["sku"], int(Decimal(line["quantity"]))) for line in order["lines"] if line["sku"]]


def sell(stage: Stage, *lines: tuple[str, int, str]) -> str:
    """An order of (SKU, units, price) lines."""
    wanted = [{"sku": sku, "quantity": quantity, "price": price} for sku, quantity, price in lines]
    return stage.sell("", lines=wanted)


def test_a_kit_goes_out_in_its_parts_at_its_own_price(stage: Stage) -> None:
    stage.stock("TENT", "PEG", "MAT")
    rule(stage.merchant, "CAMP-SET", {"TENT": 1, "PEG": 10, "MAT": 2})
    number = sell(stage, ("CAMP-SET", 2, "99.99"))
    stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("TENT", 2), ("PEG", 20), ("MAT", 4)]
    assert Decimal(order["total"]) == stage.order(number).total
    with acting_for(stage.merchant):
        parts = list(LinePart.objects.order_by("position").values_list("sku", "each", "line__quantity"))
        assert all(LinePart.objects.values_list("item_id", flat=True))
        remote = set(LinePart.objects.values_list("remote_id", flat=True))
    assert parts == [("TENT", 1, 2), ("PEG", 10, 2), ("MAT", 2, 2)]
    assert remote == {str(line["id"]) for line in order["lines"] if line["sku"]}


def test_an_alias_may_stand_for_several_of_a_sku(stage: Stage) -> None:
    stage.stock("SOCK")
    rule(stage.merchant, "SOCKS-12", {"SOCK": 12})
    number = sell(stage, ("SOCKS-12", 3, "10.00"))
    stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("SOCK", 36)]
    assert Decimal(order["total"]) == stage.order(number).total


def test_what_is_left_out_is_not_sent_and_not_paid_for_there(stage: Stage) -> None:
    stage.stock("TENT")
    rule(stage.merchant, "WARRANTY", action="leave_out")
    number = sell(stage, ("TENT", 1, "80.00"), ("WARRANTY", 1, "15.00"))
    stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("TENT", 1)]
    assert Decimal(order["total"]) == stage.order(number).total - Decimal("15.00")
    with acting_for(stage.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_what_a_promotional_code_cost_stays_with_the_order(stage: Stage) -> None:
    stage.stock("TENT")
    rule(stage.merchant, "GIFT-WRAP", action="leave_out", promotional=True)
    number = sell(stage, ("TENT", 1, "80.00"), ("GIFT-WRAP", 1, "3.50"))
    stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("TENT", 1)]
    assert Decimal(order["total"]) == stage.order(number).total


def test_an_order_that_is_left_out_or_refused_never_gets_there(stage: Stage) -> None:
    stage.stock("TENT")
    rule(stage.merchant, "WARRANTY", action="leave_out")
    rule(stage.merchant, "RECALLED", action="refuse")
    nothing, refused, good = stage.sell("WARRANTY"), stage.sell("RECALLED"), stage.sell("TENT")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [good]
    assert (stage.order(nothing).status, stage.order(refused).status) == ("skipped", "error")
    with acting_for(stage.merchant):
        assert Problem.objects.get(closed_at__isnull=True).kind == "refused_sku"


def test_a_line_that_is_left_out_does_not_keep_the_order_from_being_shipped(stage: Stage) -> None:
    stage.stock("TENT")
    rule(stage.merchant, "WARRANTY", action="leave_out")
    number = sell(stage, ("TENT", 1, "80.00"), ("WARRANTY", 1, "15.00"))
    stage.settle()
    stage.ship(number)
    stage.settle()
    assert stage.order(number).status in ("shipped", "confirmed")
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


def test_what_is_sent_again_goes_by_the_rules_of_now_although_a_package_told_of_another_sku(stage: Stage) -> None:
    """It left, the package was taken back and the order voided; the void package still tells of what the code stood for then."""
    stage.stock("TENT", "BIG-TENT")
    made = rule(stage.merchant, "SET", {"TENT": 1})
    number = stage.sell("SET", quantity=2)
    stage.settle()
    package = stage.ship(number, tracking_number="FIRST")
    stage.settle("pull_shipments")
    assert stage.order(number).status == "shipped"
    take_back(stage, package)
    stage.settle("pull_shipments")
    stage.world.gecko.control("POST", f"orders/{stage.at_warehouse()[0]['id']}/void")
    stage.settle("pull_changes")
    with acting_for(stage.merchant):
        made.parts.update(sku="BIG-TENT")
        assert send_again(Order.objects.all(), "bob@example.com")[0] == 1
    stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("BIG-TENT", 2)]
    with acting_for(stage.merchant):
        (line,) = [line for line in order["lines"] if line["sku"]]
        parts = dict(LinePart.objects.values_list("sku", "remote_id"))
        assert parts == {"TENT": "", "BIG-TENT": str(line["id"])}, "the line there is of the one that was sent"
    stage.ship(number, tracking_number="SECOND")
    for _ in range(2):
        stage.settle()
    assert units_told(stage) == [("FIRST", [2]), ("SECOND", [2])]
    assert stage.order(number).status == "confirmed"


def test_an_answer_that_got_lost_is_looked_up_as_it_was_sent(stage: Stage) -> None:
    """The rule changes between the sending and the looking: what may be there already is compared with what was sent."""
    stage.stock("TENT", "PEG")
    made = rule(stage.merchant, "SET", {"TENT": 1, "PEG": 4})
    number = stage.sell("SET")
    stage.world.gecko.fault(method="POST", path="/orders$", kind="effect_then_reset")
    stage.settle()
    with acting_for(stage.merchant):
        made.parts.filter(sku="PEG").delete()
    for _ in range(3):
        stage.pass_time()
        stage.settle()
    (order,) = stage.at_warehouse()
    assert units(order) == [("TENT", 1), ("PEG", 4)]
    assert stage.order(number).status == "at_wms"
