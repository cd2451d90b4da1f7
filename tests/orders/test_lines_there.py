"""Lines that come and go between packages, on real rows: every unit that leaves is of the line that wants it, in the end."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from cartrover.inventory.uncommitted import by_sku, uncommitted
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import lines_there
from cartrover.orders.contents import share_again
from cartrover.orders.models import LinePart, Order, OrderLine, Shipment, ShipmentPart
from cartrover.orders.packages import Package, store_packages
from cartrover.orders.shipped import settle_shipped
from cartrover.orders.units import needs_of
from cartrover.orders.wanted_lines import still_to_come, wanted_lines
from tests.inventory.rules import rule
from tests.portal.story import Setup, make_order, set_up

SKUS = ("TENT", "LAMP", "CAMP-SET")
KIT = {"TENT": 1, "PEG": 3}


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    rule(merchant, "CAMP-SET", KIT)
    return set_up(merchant)


def order_of(setup: Setup, **lines: int) -> Order:
    order = make_order(
        setup,
        status="at_wms",
        remote_id="R1",
        delivered_at=timezone.now() - timedelta(hours=2),
        errand="change",
        stock_committed=True,
        lines=[(sku, sku, units, "5.00") for sku, units in lines.items()],
    )
    for at, line in enumerate(order.lines.order_by("position")):
        OrderLine.objects.filter(pk=line.pk).update(external_id=f"L{at}")
    LinePart.objects.filter(line__order=order).delete()
    for line in order.lines.all():
        LinePart.objects.create(line=line, sku=line.sku)
    return order


def tell(order: Order, **told: tuple[str, int]) -> None:
    """The cart tells these lines now, by its id, as (SKU, units)."""
    order.lines_now = [
        {
            "external_id": key,
            "position": at,
            "sku": sku,
            "title": sku,
            "quantity": units,
            "unit_price": "5.00",
            "total": str(Decimal("5.00") * units),
            "tax": "0",
            "listing_id": "",
            "variation_id": "",
            "marketplace": "",
            "fulfilled": False,
            "shipped_before": 0,
        }
        for at, (key, (sku, units)) in enumerate(told.items())
    ]
    order.save(update_fields=["lines_now"])


def write(order: Order) -> None:
    order.refresh_from_db()
    lines_there.write(order, wanted_lines(order))
    settle_shipped(order)


def wanted(order: Order) -> dict[tuple[str, str], int]:
    return {(need.part.line.external_id, need.part.sku): need.wanted for need in needs_of(order) if need.wanted}


def left(order: Order) -> dict[tuple[str, str], int]:
    return {(need.part.line.external_id, need.part.sku): need.left for need in needs_of(order) if need.left}


def package(setup: Setup, key: str, *lines: tuple[str, str, int]) -> None:
    store_packages([setup.warehouse], [Package(key, "R1", True, False, lines, timezone.now(), tracking=f"T{key}")])


def test_rows_say_what_is_there_and_what_it_is_sent_as(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=2, LAMP=1)
        tell(order, L0=("TENT", 3), L2=("CAMP-SET", 2))
        assert still_to_come(order) == {"TENT": 3, "PEG": 6}
        write(order)
        assert wanted(order) == {("L0", "TENT"): 3, ("L2", "TENT"): 2, ("L2", "PEG"): 6}
        assert (still_to_come(order), order.lines_now) == ({}, None)


def test_a_line_that_is_another_product_is_sent_as_that(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=2)
        tell(order, L0=("CAMP-SET", 2))
        write(order)
        assert wanted(order) == {("L0", "TENT"): 2, ("L0", "PEG"): 6}
        assert OrderLine.objects.get(order=order).sku == "CAMP-SET"


def test_what_left_before_its_line_was_known_is_told_apart_anew(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=1)
        tell(order, L0=("TENT", 1), L1=("TENT", 2), L2=("LAMP", 1))
        package(setup, "P1", ("", "TENT", 3), ("77", "LAMP", 1), ("", "GIFT", 1))
        assert Shipment.objects.get().others == [["77", "LAMP", 1], ["", "GIFT", 1]]
        order.refresh_from_db()
        assert order.status == "shipped"
        assert still_to_come(order) == {"TENT": 2, "LAMP": 1}
        write(order)
        assert left(order) == {("L0", "TENT"): 1, ("L1", "TENT"): 2, ("L2", "LAMP"): 1}
        assert (order.status, Shipment.objects.get().others) == ("shipped", [["", "GIFT", 1]])
        before = list(ShipmentPart.objects.order_by("pk").values_list("pk", "quantity"))
        share_again(order)
        assert list(ShipmentPart.objects.order_by("pk").values_list("pk", "quantity")) == before, "it is so already"


def test_a_line_that_is_taken_away_keeps_what_has_left_of_it(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=3, LAMP=1)
        package(setup, "P1", ("", "TENT", 2))
        tell(order, L1=("LAMP", 1))
        write(order)
        assert wanted(order) == {("L0", "TENT"): 2, ("L1", "LAMP"): 1}
        package(setup, "P2", ("", "LAMP", 1))
        order.refresh_from_db()
        assert order.status == "shipped"


def test_a_product_of_which_units_have_left_is_wanted_no_more_when_its_line_is_another(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=2)
        package(setup, "P1", ("", "TENT", 1))
        tell(order, L0=("LAMP", 2))
        write(order)
        assert wanted(order) == {("L0", "LAMP"): 2}
        package(setup, "P2", ("", "LAMP", 2))
        order.refresh_from_db()
        assert order.status == "shipped"


def test_stock_is_taken_for_a_line_from_when_it_is_known_until_a_reading_knows_of_it(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=2)
        before = timezone.now() - timedelta(hours=1)
        tell(order, L0=("TENT", 3), L1=("LAMP", 4))
        readings = {"TENT": before, "LAMP": before}
        assert by_sku(uncommitted(setup.warehouse, readings)) == {"TENT": 1, "LAMP": 4}
        write(order)
        order.errand = ""
        order.save(update_fields=["errand"])
        assert by_sku(uncommitted(setup.warehouse, readings)) == {"TENT": 1, "LAMP": 4}
        assert by_sku(uncommitted(setup.warehouse, dict.fromkeys(readings, timezone.now()))) == {}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_goes_and_leaves_in_between_each_unit_leaves_once(setup: Setup, seed: int) -> None:
    """A model that only counts: lines change as far as they have not left, and what leaves is wanted then, known here or not."""
    chance = random.Random(seed)
    with acting_for(setup.merchant):
        order = order_of(setup, TENT=2, LAMP=1)
        lines = {"L0": ("TENT", 2), "L1": ("LAMP", 1)}
        gone = dict.fromkeys(lines, 0)
        packages = 0
        for step in range(12):
            if chance.random() < 0.5:
                lines = change(chance, lines, gone, step)
                gone = {key: gone.get(key, 0) for key in lines}
                tell(order, **lines)
            if chance.random() < 0.5:
                key = chance.choice(sorted(lines))
                sku, units = lines[key]
                if gone[key] < units:
                    gone[key] += 1
                    packages += 1
                    parts = KIT if sku == "CAMP-SET" else {sku: 1}
                    package(setup, f"P{packages}", *((f"{key}-{part}", part, each) for part, each in parts.items()))
            if chance.random() < 0.6:
                write(order)
        write(order)
        for key, (sku, units) in sorted(lines.items()):
            for _ in range(units - gone[key]):
                packages += 1
                parts = KIT if sku == "CAMP-SET" else {sku: 1}
                package(setup, f"P{packages}", *((f"{key}-{part}", part, each) for part, each in parts.items()))
        order.refresh_from_db()
        assert all(need.left == need.wanted for need in needs_of(order))
        assert order.status == "shipped"
        assert sum(need.wanted for need in needs_of(order)) == sum(
            units * (sum(KIT.values()) if sku == "CAMP-SET" else 1) for sku, units in lines.values()
        )


def change(
    chance: random.Random, lines: dict[str, tuple[str, int]], gone: dict[str, int], step: int
) -> dict[str, tuple[str, int]]:
    """One line comes, goes, or is of other units or another product, as far as nothing of it has left."""
    key = chance.choice(sorted(lines))
    what = chance.choice(("comes", "goes", "units", "product"))
    if what == "comes":
        return {**lines, f"N{step}": (chance.choice(SKUS), chance.randint(1, 3))}
    if what == "units":
        return {**lines, key: (lines[key][0], chance.randint(max(1, gone[key]), 4))}
    if gone[key] or len(lines) == 1:
        return lines
    if what == "goes":
        return {each: line for each, line in lines.items() if each != key}
    return {**lines, key: (chance.choice(SKUS), lines[key][1])}
