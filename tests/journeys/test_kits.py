"""A kit leaves in its parts: what the cart is told of each package, judged by its own ledger."""

from __future__ import annotations

import pytest

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Shipment, ShipmentLine
from tests.inventory.rules import rule
from tests.journeys.packages import lines_at_warehouse, pull_news, take_back, units_told
from tests.stage import Stage


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of two camping sets at the warehouse: each is one tent and ten pegs."""
    stage.world.ebay.set(duplicate_tracking="refuse")
    stage.stock("TENT", "PEG")
    rule(stage.merchant, "CAMP-SET", {"TENT": 1, "PEG": 10})
    sold = stage.sell("CAMP-SET", quantity=2)
    stage.settle()
    return sold


def ship(stage: Stage, number: str, tracking: str | None, **units: int) -> dict[str, object]:
    lines = lines_at_warehouse(stage)
    return stage.ship(number, lines={lines[sku]: count for sku, count in units.items()}, tracking_number=tracking)


def credited(stage: Stage) -> int:
    """Units of the line that packages made whole, by our own count."""
    with acting_for(stage.merchant):
        live = ShipmentLine.objects.exclude(shipment__state=Shipment.State.VOID)
        return sum(live.values_list("quantity", flat=True))


def test_a_kit_in_one_package_is_one_unit_of_its_line(stage: Stage, number: str) -> None:
    ship(stage, number, "SET1", TENT=1, PEG=10)
    stage.settle()
    assert units_told(stage) == [("SET1", [1])]
    assert stage.order(number).status == "at_wms"
    ship(stage, number, "SET2", TENT=1, PEG=10)
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("SET1", [1]), ("SET2", [1])]
    assert stage.order(number).status == "confirmed"


def test_every_number_is_told_once_and_no_unit_twice_where_parts_leave_apart(stage: Stage, number: str) -> None:
    """Tents, then pegs: the first package makes nothing whole and is told for its number, the second with what is left."""
    ship(stage, number, "TENTS", TENT=2)
    stage.settle()
    assert (stage.order(number).status, credited(stage)) == ("at_wms", 0)
    ship(stage, number, "PEGS", PEG=20)
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("TENTS", [1]), ("PEGS", [1])]
    assert (stage.order(number).status, credited(stage)) == ("confirmed", 2)


def test_more_packages_than_units_are_each_told_with_the_least_that_ebay_takes(stage: Stage, number: str) -> None:
    for tracking, units in {"A": {"TENT": 1}, "B": {"PEG": 5}, "C": {"TENT": 1, "PEG": 5}, "D": {"PEG": 10}}.items():
        ship(stage, number, tracking, **units)
        stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("A", [1]), ("B", [1]), ("C", [1]), ("D", [1])]
    assert (stage.order(number).status, credited(stage)) == ("confirmed", 2)


def test_a_part_without_a_number_has_nothing_to_tell_and_the_rest_is_told_whole(stage: Stage, number: str) -> None:
    ship(stage, number, None, TENT=2)
    stage.settle()
    ship(stage, number, "PEGS", PEG=20)
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("PEGS", [2])]
    assert stage.order(number).status == "confirmed"


def test_a_part_that_is_taken_back_opens_the_kit_again_until_another_leaves(stage: Stage, number: str) -> None:
    tents = ship(stage, number, "TENTS", TENT=2)
    ship(stage, number, "PEGS", PEG=20)
    stage.settle()
    assert stage.order(number).status in ("shipped", "confirmed")
    take_back(stage, tents)
    stage.settle()
    assert stage.order(number).status == "at_wms"
    ship(stage, number, "TENTS2", TENT=2)
    for _ in range(2):
        stage.settle()
    assert [tracking for tracking, _ in units_told(stage)] == ["TENTS", "PEGS", "TENTS2"]
    assert (stage.order(number).status, credited(stage)) == ("confirmed", 2)


def test_an_alias_counts_in_the_carts_units(stage: Stage) -> None:
    stage.stock("SOCK")
    rule(stage.merchant, "SOCKS-12", {"SOCK": 12})
    number = stage.sell("SOCKS-12", quantity=3)
    stage.settle()
    ship(stage, number, "S1", SOCK=30)
    stage.settle()
    assert units_told(stage) == [("S1", [2])]
    ship(stage, number, "S2", SOCK=6)
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("S1", [2]), ("S2", [1])]
    assert stage.order(number).status == "confirmed"
