"""A cart that counts units and lets its packages be changed and taken back: TradeGecko, judged by its own books."""

from __future__ import annotations

from typing import Any

import pytest

from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Shipment
from cartrover.sync.push_again import push_again
from tests.inventory.rules import rule
from tests.journeys.middle import Middle
from tests.journeys.packages import change, take_back


@pytest.fixture
def set_order(middle: Middle) -> dict[str, Any]:
    """Two camping sets, entered in the account in the middle; beyond it a set is one tent and ten pegs."""
    gecko, stage = middle.stage.world.gecko, middle.stage
    gecko.add_variants({"account": stage.account, "sku": "CAMP-SET", "stock": {}})
    gecko.add_variants(*({"account": middle.beyond, "sku": sku, "stock": {}} for sku in ("TENT", "PEG")))
    rule(stage.merchant, "CAMP-SET", {"TENT": 1, "PEG": 10})
    stage.forget_catalogue()
    order = middle.place(lines=[{"sku": "CAMP-SET", "quantity": 2, "price": "10.00"}])
    stage.settle()
    return order


def lines_beyond(middle: Middle) -> dict[str, str]:
    (order,) = middle.orders_beyond()
    return {line["sku"]: str(line["id"]) for line in order["lines"] if line["sku"]}


def ship(middle: Middle, tracking: str, **units: int) -> dict[str, Any]:
    lines = lines_beyond(middle)
    named = {lines[sku]: count for sku, count in units.items()}
    return middle.ship(lines=named, tracking_number=tracking, tracking_company="UPS")


def settle(middle: Middle, times: int = 3) -> None:
    for _ in range(times):
        middle.stage.settle()


def problems(middle: Middle) -> list[str]:
    with acting_for(middle.stage.merchant):
        return list(Problem.objects.filter(closed_at__isnull=True).values_list("kind", flat=True))


def test_parts_are_told_with_the_package_that_makes_their_kit_whole(middle: Middle, set_order: dict[str, Any]) -> None:
    ship(middle, "TENTS", TENT=2)
    settle(middle)
    assert middle.fulfillments(set_order) == [], "it makes nothing whole, and a unit too many would be refused"
    ship(middle, "PEGS", PEG=20)
    settle(middle)
    assert middle.fulfillments(set_order) == [("PEGS, TENTS", "CAMP-SET 2")]
    assert middle.statuses() == {str(set_order["id"]): "confirmed"}


def test_a_part_that_leaves_again_adds_its_number_to_the_package_of_its_kit(middle: Middle, set_order: dict[str, Any]) -> None:
    tents = ship(middle, "TENTS", TENT=2)
    ship(middle, "PEGS", PEG=20)
    settle(middle)
    take_back(middle.stage, tents, middle.beyond_email)
    settle(middle)
    ship(middle, "TENTS2", TENT=2)
    settle(middle)
    assert middle.fulfillments(set_order) == [("PEGS, TENTS2", "CAMP-SET 2")]
    assert middle.statuses() == {str(set_order["id"]): "confirmed"}
    assert problems(middle) == []


def test_a_package_that_is_taken_back_is_taken_back_there_and_told_anew(middle: Middle) -> None:
    order = middle.place()
    settle(middle)
    wrong = middle.ship(tracking_number="WRONG", tracking_company="UPS")
    settle(middle)
    assert middle.fulfillments(order) == [("WRONG", "TENT-2P 1")]
    take_back(middle.stage, wrong, middle.beyond_email)
    middle.ship(tracking_number="RIGHT", tracking_company="UPS")
    settle(middle)
    assert middle.fulfillments(order) == [("RIGHT", "TENT-2P 1")]
    assert middle.statuses() == {str(order["id"]): "confirmed"}
    assert problems(middle) == []


def test_a_number_that_comes_later_is_told_there(middle: Middle) -> None:
    order = middle.place()
    settle(middle)
    package = middle.ship(tracking_number=None, tracking_company=None)
    settle(middle)
    assert middle.fulfillments(order) == [("", "TENT-2P 1")]
    change(middle.stage, package, middle.beyond_email, tracking_number="LATE", tracking_company="UPS")
    settle(middle)
    assert middle.fulfillments(order) == [("LATE", "TENT-2P 1")]
    assert middle.statuses() == {str(order["id"]): "confirmed"}


def test_a_correction_that_the_cart_refuses_is_pushed_again_by_a_person(middle: Middle) -> None:
    order = middle.place()
    settle(middle)
    package = middle.ship(tracking_number="FIRST", tracking_company="UPS")
    settle(middle)
    change(middle.stage, package, middle.beyond_email, tracking_number="SECOND", tracking_company="UPS")
    refused = {"kind": "status", "status": 422, "times": 1, "method": "PUT", "path": "/fulfillments/"}
    middle.stage.world.gecko.control("POST", "faults", refused)
    settle(middle)
    assert (middle.fulfillments(order), problems(middle)) == ([("FIRST", "TENT-2P 1")], ["tracking_refused"])
    assert middle.statuses() == {str(order["id"]): "confirmed"}
    middle.stage.pass_time()
    settle(middle)
    assert middle.fulfillments(order) == [("FIRST", "TENT-2P 1")], "nobody asks again what was refused"
    with acting_for(middle.stage.merchant):
        assert push_again(Shipment.objects.all(), "bob@example.com") == 1
    settle(middle)
    assert (middle.fulfillments(order), problems(middle)) == ([("SECOND", "TENT-2P 1")], [])
    assert middle.statuses() == {str(order["id"]): "confirmed"}


def test_a_correction_that_was_refused_is_forgotten_when_it_is_taken_back(middle: Middle) -> None:
    order = middle.place()
    settle(middle)
    package = middle.ship(tracking_number="FIRST", tracking_company="UPS")
    settle(middle)
    change(middle.stage, package, middle.beyond_email, tracking_number="SECOND", tracking_company="UPS")
    refused = {"kind": "status", "status": 422, "times": 1, "method": "PUT", "path": "/fulfillments/"}
    middle.stage.world.gecko.control("POST", "faults", refused)
    settle(middle)
    assert problems(middle) == ["tracking_refused"]
    change(middle.stage, package, middle.beyond_email, tracking_number="FIRST", tracking_company="UPS")
    settle(middle)
    assert (middle.fulfillments(order), problems(middle)) == ([("FIRST", "TENT-2P 1")], [])


def test_two_packages_under_one_number_are_two_there(middle: Middle) -> None:
    order = middle.place(lines=[{"sku": "TENT-2P", "quantity": 2, "price": "10.00"}])
    settle(middle)
    for _ in range(2):
        ship(middle, "TWIN", **{"TENT-2P": 1})
        settle(middle, 1)
    settle(middle)
    assert middle.fulfillments(order) == [("TWIN", "TENT-2P 1"), ("TWIN", "TENT-2P 1")]
    assert middle.statuses() == {str(order["id"]): "confirmed"}
