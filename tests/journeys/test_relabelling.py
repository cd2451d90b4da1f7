"""A package that the warehouse takes back after the cart was told, and what is told of it and instead of it."""

from __future__ import annotations

import pytest

from cartrover.events.models import Event
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Shipment
from tests.journeys.packages import number_of_calls, open_problems, pull_news, take_back, units_told
from tests.stage import Stage


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of three units that is at the warehouse."""
    stage.stock("TENT-2P")
    sold = stage.sell("TENT-2P", quantity=3)
    stage.settle()
    return sold


def test_the_cart_is_told_the_new_one_and_the_merchant_what_ebay_still_shows_once(stage: Stage, number: str) -> None:
    wrong = stage.ship(number, tracking_number="WRONG")
    stage.settle()
    pull_news(stage)
    assert stage.order(number).status == "confirmed"
    take_back(stage, wrong)
    for _ in range(3):
        stage.settle()
    assert stage.order(number).status == "at_wms"
    assert open_problems(stage) == ["cart_shows_void"]
    stage.ship(number, tracking_number="RIGHT")
    for _ in range(3):
        stage.settle()
    assert units_told(stage) == [("WRONG", [3]), ("RIGHT", [3])]
    assert stage.order(number).status == "confirmed"
    with acting_for(stage.merchant):
        said = Event.objects.filter(kind="cart_shows_void")
        assert [event.words.startswith("eBay still shows package WRONG of order") for event in said] == [True]
    assert open_problems(stage) == ["cart_shows_void"], "only eBay's own page can mend that"


def test_the_problem_goes_when_ebay_shows_the_old_number_no_more(stage: Stage, number: str) -> None:
    wrong = stage.ship(number, tracking_number="WRONG")
    stage.settle()
    pull_news(stage)
    take_back(stage, wrong)
    stage.ship(number, tracking_number="RIGHT")
    for _ in range(2):
        stage.settle()
    assert open_problems(stage) == ["cart_shows_void"]
    stage.world.ebay.control(f"orders/{number}/drop-tracking", tracking="WRONG")
    pull_news(stage)
    assert open_problems(stage) == []


def test_a_new_label_with_the_same_number_is_the_package_that_the_cart_shows(stage: Stage, number: str) -> None:
    first = stage.ship(number, tracking_number="SAME")
    stage.settle()
    take_back(stage, first)
    stage.settle()
    stage.ship(number, tracking_number="SAME")
    for _ in range(2):
        stage.settle()
    assert units_told(stage) == [("SAME", [3])]
    assert stage.order(number).status == "confirmed"


def test_a_package_that_is_taken_back_while_its_answer_is_lost_is_looked_for_and_said(stage: Stage, number: str) -> None:
    stage.world.ebay.control("faults", kind="effect_then_reset", method="POST", path="/shipping_fulfillment$")
    wrong = stage.ship(number, tracking_number="WRONG")
    stage.settle("pull_shipments", "confirm_shipments")
    take_back(stage, wrong)
    stage.settle("pull_shipments")
    for _ in range(3):
        stage.pass_time(3600)
        stage.settle()
    assert units_told(stage) == [("WRONG", [3])]
    assert open_problems(stage) == ["cart_shows_void"]
    with acting_for(stage.merchant):
        assert Shipment.objects.get().state == "void"
    assert number_of_calls(stage, number, "POST") == 1
