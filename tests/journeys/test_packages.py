"""Packages of every kind, from the warehouse to the cart."""

from __future__ import annotations

import pytest

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.canceling import send_again
from cartrover.orders.models import Order
from tests.journeys.packages import pull_news, take_back, units_told
from tests.stage import Stage


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of three units that is at the warehouse."""
    stage.stock("TENT-2P")
    sold = stage.sell("TENT-2P", quantity=3)
    stage.settle()
    assert len(stage.at_warehouse()) == 1
    return sold


def line_of(stage: Stage) -> str:
    (order,) = stage.at_warehouse()
    (line,) = [line for line in order["lines"] if line["sku"]]
    return str(line["id"])


def test_three_packages_are_three_packages(stage: Stage, number: str) -> None:
    line = line_of(stage)
    for at in range(3):
        stage.ship(number, lines={line: 1}, tracking_number=f"A{at}")
    stage.settle()
    stage.settle()
    assert sorted(units_told(stage)) == [("A0", [1]), ("A1", [1]), ("A2", [1])]
    assert stage.order(number).status == "confirmed"


def test_what_the_warehouse_takes_back_in_time_is_not_told(stage: Stage, number: str) -> None:
    """The cart cannot be reached while a package is made and taken back; then another one leaves with less in it."""
    stage.world.ebay.control("faults", kind="status", status=503, method="POST", path="/shipping_fulfillment$", times=2)
    package = stage.ship(number, tracking_number="WRONG")
    stage.settle("pull_shipments")
    assert stage.order(number).status == "shipped"
    take_back(stage, package)
    stage.pass_time(60)
    stage.settle("pull_shipments")
    assert stage.order(number).status == "at_wms"
    stage.ship(number, lines={line_of(stage): 2}, tracking_number="RIGHT")
    for _ in range(3):
        stage.pass_time(3600)
        stage.settle()
    assert units_told(stage) == [("RIGHT", [2])]
    assert stage.order(number).status == "at_wms", "one unit is still to leave"
    stage.ship(number, tracking_number="LAST")
    stage.settle()
    stage.settle()
    assert sorted(units_told(stage)) == [("LAST", [1]), ("RIGHT", [2])]
    assert stage.order(number).status == "confirmed"


@pytest.mark.parametrize("quantity", [1, 2])
def test_an_order_that_left_and_came_back_is_sent_again_although_the_cart_calls_it_shipped(stage: Stage, quantity: int) -> None:
    """The cart keeps showing the package that was taken back, and is read before the order goes out again."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=quantity)
    stage.settle()
    package = stage.ship(number, tracking_number="FIRST")
    stage.settle("pull_shipments")
    take_back(stage, package)
    stage.settle("pull_shipments")
    stage.world.gecko.control("POST", f"orders/{stage.at_warehouse()[0]['id']}/void")
    stage.settle("pull_changes")
    with acting_for(stage.merchant):
        assert send_again(Order.objects.all(), "bob@example.com")[0] == 1
    pull_news(stage)
    assert stage.order(number).fulfilment == "full"
    stage.settle()
    stage.ship(number, tracking_number="SECOND")
    for _ in range(2):
        stage.settle()
    assert units_told(stage) == [("FIRST", [quantity]), ("SECOND", [quantity])]
    assert stage.order(number).status == "confirmed"


def test_a_package_without_a_tracking_number_is_told_once_too(stage: Stage, number: str) -> None:
    stage.world.ebay.control("faults", kind="effect_then_reset", method="POST", path="/shipping_fulfillment$")
    stage.ship(number, tracking_number=None, tracking_company=None)
    stage.settle()
    for _ in range(3):
        stage.pass_time(3600)
        stage.settle()
    assert units_told(stage) == [("", [3])]
    assert stage.order(number).status == "confirmed"


def test_of_a_line_that_left_in_part_before_the_first_pull_only_the_rest_is_delivered(stage: Stage) -> None:
    """The cart calls a line shipped as soon as one unit is."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=3)
    order = next(each for each in stage.world.ebay.told("orders") if each["orderId"] == number)
    lines = [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 1}]
    stage.world.ebay.control(f"orders/{number}/ship", tracking="BYHAND", lines=lines)
    stage.settle()
    (delivered,) = stage.at_warehouse()
    assert [line["quantity"] for line in delivered["lines"] if line["sku"]] == ["2.0"]
    stage.ship(number, tracking_number="REST")
    stage.settle()
    stage.settle()
    assert units_told(stage) == [("REST", [2])]
    assert stage.order(number).status == "confirmed"


def test_an_order_whose_parts_do_not_come_to_its_total_is_held(stage: Stage) -> None:
    stage.stock("TENT-2P")
    odd = stage.sell("TENT-2P", overrides={"pricingSummary": {"total": {"value": "999.00"}}})
    good = stage.sell("TENT-2P")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [good]
    assert (stage.order(odd).status, stage.order(odd).reason_code) == ("held", "total_differs")
