"""What each cart is told, and why.

    publishable = available at the chosen locations (rounded down, never below 0, at most max_online)
                  - sold, but not yet committed at the warehouse when the reading began

The marketplace lowers its own figure on each sale, so what it must show now is what we last set less what was sold there since.
Only a difference between the two is worth a push.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum

from cartrover.connections.models import Cart, Warehouse
from cartrover.inventory.models import Listing, StockLevel
from cartrover.orders.models import OrderLine, Status

# A sale this close to a push may have come before or after it: set the figure once more.
DOUBT = timedelta(seconds=3)
SOLD_UNCOMMITTED = (Status.NEW, Status.HELD, Status.ERROR)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a listing ought to show. ``trouble`` says why there is no figure."""

    listing: Listing
    desired: int | None
    read_at: datetime | None
    trouble: str = ""


def figures(cart: Cart, listings: Sequence[Listing]) -> list[Figure]:
    """The figure of each listing, from the newest reading of the cart's warehouse."""
    warehouse = cart.warehouse
    if warehouse is None or warehouse.connection_id is None:
        return [Figure(listing, None, None, "The cart has no warehouse.") for listing in listings]
    skus = {listing.sku for listing in listings if listing.sku}
    levels: dict[str, list[StockLevel]] = defaultdict(list)
    for level in StockLevel.objects.filter(connection_id=warehouse.connection_id, sku__in=skus, gone=False):
        levels[level.sku].append(level)
    sold = uncommitted(warehouse, [level for found in levels.values() for level in found])
    return [_figure(listing, levels.get(listing.sku, []), warehouse, sold) for listing in listings]


def _figure(listing: Listing, levels: Sequence[StockLevel], warehouse: Warehouse, sold: Mapping[str, int]) -> Figure:
    if not listing.sku:
        return Figure(listing, None, None, "The listing has no SKU.")
    if not levels:
        return Figure(listing, None, None, f"{listing.sku} is not at {warehouse.name}.")
    if len(levels) > 1:
        return Figure(listing, None, None, f"{listing.sku} is at {warehouse.name} {len(levels)} times.")
    level = levels[0]
    if not level.tracked:
        return Figure(listing, None, level.read_at, f"{warehouse.name} does not count {listing.sku}.")
    return Figure(listing, publishable(level, _locations(warehouse), sold.get(listing.sku, 0)), level.read_at)


def publishable(level: StockLevel, locations: Iterable[str], sold: int) -> int:
    """Whole units that may be offered for sale. ``locations`` empty counts all of them."""
    chosen = {str(location) for location in locations}
    available = sum(
        (Decimal(units) for location, units in level.available.items() if not chosen or location in chosen), Decimal(0)
    )
    free = max(0, math.floor(available) - sold)
    return free if level.max_online is None else min(free, max(0, level.max_online))


def _locations(warehouse: Warehouse) -> list[str]:
    return [str(location) for location in warehouse.settings.get("stock_locations") or []]


def uncommitted(warehouse: Warehouse, levels: Iterable[StockLevel]) -> dict[str, int]:
    """Units by SKU that were sold for this warehouse and that its readings do not know of yet.

    An order counts while it is not there, while it is there as a draft, and when it came there after the reading began.
    """
    read_at = {level.sku: level.read_at for level in levels}
    if not read_at:
        return {}
    waiting = Q(order__status__in=SOLD_UNCOMMITTED) | Q(order__status=Status.AT_WMS, order__stock_committed=False)
    oldest = min(read_at.values())
    lines = OrderLine.objects.filter(order__warehouse=warehouse, sku__in=read_at)
    sold: dict[str, int] = defaultdict(int)
    for sku, units in lines.filter(waiting).values_list("sku").annotate(units=Sum(F("quantity") - F("shipped_before"))):
        sold[sku] += units
    later = lines.exclude(waiting).filter(order__delivered_at__gte=oldest).values_list("sku", "quantity", "order__delivered_at")
    for sku, quantity, delivered_at in later:
        if delivered_at >= read_at[sku]:
            sold[sku] += quantity
    return dict(sold)


@dataclass(frozen=True, slots=True)
class Sales:
    """Units sold by a listing after a moment, and whether a sale lies so close to it that its side is unsure."""

    units: int
    unsure: bool


def sold_since(connection_id: int, listings: Sequence[Listing]) -> dict[int, Sales]:
    """What each listing sold since its figure was last set or read, by listing."""
    since = {listing.pk: known_at(listing) for listing in listings}
    moments = [moment for moment in since.values() if moment is not None]
    if not moments:
        return {}
    lines: dict[tuple[str, str], list[tuple[int, datetime]]] = defaultdict(list)
    rows = OrderLine.objects.filter(order__connection_id=connection_id, order__placed_at__gte=min(moments) - DOUBT)
    for listing_id, sku, quantity, placed_at in rows.values_list("listing_id", "sku", "quantity", "order__placed_at"):
        lines[(listing_id, sku)].append((quantity, placed_at))
    return {
        listing.pk: _sales(lines[(listing.external_id.partition(":")[0], listing.sku)], moment)
        for listing in listings
        if (moment := since[listing.pk]) is not None
    }


def _sales(lines: Iterable[tuple[int, datetime]], since: datetime) -> Sales:
    told = list(lines)
    return Sales(
        units=sum(quantity for quantity, placed_at in told if placed_at > since),
        unsure=any(abs(placed_at - since) <= DOUBT for _quantity, placed_at in told),
    )


def known_at(listing: Listing) -> datetime | None:
    """When we last knew the listing's figure for sure."""
    moments = [moment for moment in (listing.pushed_at, listing.shown_at) if moment is not None]
    return max(moments, default=None)


def must_show(listing: Listing, sales: Sales | None) -> int | None:
    """What the marketplace must show now; None where that is not known."""
    if sales is None or sales.unsure:
        return None
    set_last = listing.pushed_at is not None and (listing.shown_at is None or listing.pushed_at >= listing.shown_at)
    figure = listing.pushed if set_last else listing.shown
    return None if figure is None else max(0, figure - sales.units)
