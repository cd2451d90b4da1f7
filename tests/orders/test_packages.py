"""Packages as warehouses tell them, stored on real rows: any split, any order, any voids."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from django.utils import timezone

from cartrover.events.models import Event
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import LinePart, Order, OrderLine, Shipment, ShipmentLine, ShipmentPart
from cartrover.orders.packages import Package, store_packages
from tests.portal.story import Setup, make_order, set_up

KITS: dict[str, dict[str, int]] = {"CAMP-SET": {"TENT": 1, "PEG": 3}, "PEG-2": {"PEG": 2}, "LAMP": {"LAMP": 1}}
ORDERED = {"CAMP-SET": 2, "PEG-2": 1, "LAMP": 2}


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    return set_up(merchant)


def order_of(setup: Setup, *, parts: bool = True) -> Order:
    """Kits, an alias and a plain line at the warehouse; without ``parts`` plain lines, as they were delivered once."""
    order = make_order(
        setup,
        status="at_wms",
        remote_id="R1",
        delivered_at=timezone.now(),
        lines=[(sku, sku, units, "5.00") for sku, units in ORDERED.items()],
    )
    LinePart.objects.filter(line__order=order).delete()
    for line in order.lines.all() if parts else ():
        for position, (sku, each) in enumerate(KITS[line.sku].items()):
            LinePart.objects.create(line=line, position=position, sku=sku, each=each, remote_id=f"{line.pk}-{sku}")
    return order


def package(key: str, *lines: tuple[str, str, int], void: bool = False, **more: str) -> Package:
    return Package(key, "R1", not void, void, lines, timezone.now(), **{"carrier": "DHL", "tracking": f"T{key}", **more})


def store(setup: Setup, *packages: Package) -> None:
    store_packages([setup.warehouse], packages)


def credited() -> dict[str, int]:
    units: dict[str, int] = {}
    for row in ShipmentLine.objects.exclude(shipment__state=Shipment.State.VOID).select_related("line"):
        units[row.line.sku] = units.get(row.line.sku, 0) + row.quantity
    return units


@pytest.mark.parametrize("seed", range(8))
def test_any_split_with_voids_comes_to_the_ordered_units_once(setup: Setup, seed: int) -> None:
    chance = random.Random(seed)
    with acting_for(setup.merchant):
        order = order_of(setup)
        known = {part.remote_id: part.sku for part in LinePart.objects.all()}
        shelf = [
            (part.remote_id if seed % 2 else "", part.sku, 1)
            for part in LinePart.objects.select_related("line")
            for _ in range(part.each * part.line.quantity)
        ]
        assert len(known) == 4
        chance.shuffle(shelf)
        live: dict[str, list[tuple[str, str, int]]] = {}
        for at in range(20):
            if live and at < 15 and chance.random() < 0.4:
                gone = chance.choice(sorted(live))
                shelf += live.pop(gone)
                store(setup, package(gone, void=True))
                order.refresh_from_db()
                assert order.status == "at_wms"
            elif shelf:
                size = len(shelf) if at >= 15 else chance.randint(1, len(shelf))
                live[str(at)], shelf = shelf[:size], shelf[size:]
                store(setup, package(str(at), *live[str(at)]))
            assert all(units <= ORDERED[sku] for sku, units in credited().items())
        order.refresh_from_db()
        assert (order.status, credited()) == ("shipped", ORDERED)


def test_an_order_delivered_before_parts_were_written_down_goes_on_by_its_lines(setup: Setup) -> None:
    """One package was stored then; the next one writes the parts down, and both count."""
    with acting_for(setup.merchant):
        order = order_of(setup, parts=False)
        lamp = OrderLine.objects.get(order=order, sku="LAMP")
        earlier = Shipment.objects.create(
            order=order,
            warehouse=setup.warehouse,
            cart_connection=setup.ebay,
            remote_id="P0",
            state=Shipment.State.UPLOADED,
            shipped_at=timezone.now(),
            seen_at=timezone.now(),
        )
        ShipmentLine.objects.create(shipment=earlier, line=lamp, quantity=1)
        store(setup, package("P1", ("", "LAMP", 1), ("", "PEG-2", 1)))
        assert credited() == {"LAMP": 2, "PEG-2": 1}
        store(setup, package("P2"))
        order.refresh_from_db()
        assert (order.status, credited()) == ("shipped", ORDERED)
        assert set(LinePart.objects.values_list("sku", "each")) == {(sku, 1) for sku in ORDERED}


def test_a_package_without_lines_holds_all_that_is_left(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup)
        store(setup, package("1", ("", "TENT", 1), ("", "PEG", 3)))
        store(setup, package("2"))
        order.refresh_from_db()
        assert (order.status, credited()) == ("shipped", ORDERED)
        store(setup, package("3"))
        assert credited() == ORDERED
        assert ShipmentPart.objects.filter(shipment__remote_id="3", quantity__gt=0).count() == 0


def test_more_than_was_ordered_makes_no_more_whole_and_is_said(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order_of(setup)
        store(setup, package("1", ("", "LAMP", 5), ("", "GIFT", 2)))
        assert credited() == {"LAMP": 2}
        words = Event.objects.get(kind="shipped").words
        assert words == "The warehouse shipped 5 units by DHL, tracking T1. 2 more in it were not ordered."


def test_what_is_not_ours_or_has_not_left_is_passed_over(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order_of(setup)
        other = Package("9", "R2", True, False, (("", "LAMP", 1),), timezone.now())
        packed = Package("8", "R1", False, False, (("", "LAMP", 1),), timezone.now())
        store(setup, other, packed)
        assert not Shipment.objects.exists()


def test_a_line_that_had_left_in_part_needs_only_the_rest(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = order_of(setup)
        OrderLine.objects.filter(sku="CAMP-SET").update(shipped_before=1, total=Decimal(10))
        store(setup, package("1", ("", "TENT", 1), ("", "PEG", 5), ("", "LAMP", 2)))
        order.refresh_from_db()
        assert (order.status, credited()) == ("shipped", {"CAMP-SET": 1, "PEG-2": 1, "LAMP": 2})
