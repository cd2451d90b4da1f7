"""What a marketplace must show of a listing now: what was last set, less what it has sold since by itself.

Only a difference between that and what the listing ought to show is worth a push.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cartrover.inventory.models import Listing
from cartrover.orders.models import OrderLine

# A sale this close to a push may have come before or after it: set the figure once more.
DOUBT = timedelta(seconds=3)


def item_of(external_id: str) -> str:
    """The listing's own number, by which orders name it, without that of the variation."""
    return external_id.partition(":")[0]


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
    rows = OrderLine.objects.filter(
        order__connection_id=connection_id,
        order__placed_at__gte=min(moments) - DOUBT,
        listing_id__in={item_of(listing.external_id) for listing in listings},
    )
    for listing_id, sku, quantity, placed_at in rows.values_list("listing_id", "sku", "quantity", "order__placed_at"):
        lines[(listing_id, sku)].append((quantity, placed_at))
    return {
        listing.pk: _sales(lines[(item_of(listing.external_id), listing.sku)], moment)
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


def in_doubt(listing: Listing) -> bool:
    """Whether it is not known what became of the last push, and nothing has told the figure since."""
    return listing.pushed is None and _set_last(listing)


def must_show(listing: Listing, sales: Sales | None) -> int | None:
    """What the marketplace must show now; None where that is not known."""
    if sales is None or sales.unsure:
        return None
    figure = listing.pushed if _set_last(listing) else listing.shown
    return None if figure is None else max(0, figure - sales.units)


def _set_last(listing: Listing) -> bool:
    """Whether it was pushed since the listing itself was read."""
    return listing.pushed_at is not None and (listing.shown_at is None or listing.pushed_at >= listing.shown_at)
