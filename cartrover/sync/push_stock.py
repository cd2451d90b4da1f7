"""The figures that listings ought to show go to the cart: absolute, in batches, no more often than the marketplace likes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing
from cartrover.inventory.publishing import Figure, figures
from cartrover.inventory.selling import SERVICE, cart_of
from cartrover.inventory.showing import in_doubt, must_show, sold_since
from cartrover.sync.cart_settings import settings_of
from cartrover.sync.durations import durations
from cartrover.sync.listings import read_listings
from cartrover.sync.models import Stream
from cartrover.sync.stock_batches import REFUSED, push
from cartrover.sync.work import Done, Work
from integrations.contract import CartSide

KEPT_FOR_ZERO = 50  # of a listing's changes a day: selling what is not there is worse than showing too little


def run(work: Work) -> Done:
    """Refresh the listings when that is due, then push what differs."""
    side = work.integration.cart
    if side is None or not side.stock_batch:
        return Done(f"{work.integration.name} takes no stock.", due_in=None)
    cursor = dict(work.cursor)
    with work.rows():
        settings = settings_of(work.connection_id)
    client = work.cart(settings)
    if _listings_due(work):
        read_listings(work, client)
        cursor["listings_at"] = timezone.now().isoformat()
    wanted, waits = _plan(work, side)
    with work.rows():
        ahead = _ahead(work.connection_id)
    pushed = sum(push(work, client, batch, ahead) for batch in _batches(wanted, side))
    pace = durations()
    return Done(f"{pushed} figures set.", due_in=pace.poll_busy / 4 if waits else pace.stock_poll, cursor=cursor)


def _batches(wanted: Sequence[Figure], side: CartSide) -> Iterable[tuple[Figure, ...]]:
    for start in range(0, len(wanted), side.stock_batch):
        yield tuple(wanted[start : start + side.stock_batch])


def _listings_due(work: Work) -> bool:
    told = work.cursor.get("listings_at")
    if not told:
        return True
    return timezone.now() - datetime.fromisoformat(str(told)) > timedelta(seconds=durations().listings_poll)


def _plan(work: Work, side: CartSide) -> tuple[list[Figure], bool]:
    """The figures to push now, and whether some wait for something that comes soon."""
    with work.rows():
        carts = list(Cart.objects.select_related("warehouse").filter(connection_id=work.connection_id))
        selling = [cart for cart in carts if cart.serves(SERVICE)]
        listings = list(Listing.objects.filter(connection_id=work.connection_id, gone=False))
        before = {listing.pk: _kept(listing) for listing in listings}
        for listing in listings:
            listing.cart = cart_of(listing, carts)
        sales = sold_since(work.connection_id, listings)
        now = _Now.of(work.connection_id, selling)
        ready = []
        for cart in selling:
            for figure in figures(cart, [listing for listing in listings if listing.cart == cart]):
                listing = figure.listing
                _remember(figure, _waits(figure, must_show(listing, sales.get(listing.pk)), now, side.stock_changes))
                if listing.waits == NOW:
                    ready.append(figure)
        changed = [listing for listing in listings if _kept(listing) != before[listing.pk]]
        Listing.objects.bulk_update(changed, _KEPT, batch_size=500)
    return ready, any(listing.waits in _SOON for listing in listings)


@dataclass(frozen=True, slots=True)
class _Now:
    """``pulled_at``: every sale up to then is known. ``theirs`` is the marketplace's clock, by which pushes are dated."""

    pulled_at: datetime | None
    ours: datetime
    theirs: datetime

    @classmethod
    def of(cls, connection_id: int, selling: Sequence[Cart]) -> _Now:
        now = timezone.now()
        return cls(_orders_known_until(selling), now, now + _ahead(connection_id))


def _orders_known_until(carts: Sequence[Cart]) -> datetime | None:
    """Since when every sale is known that the figures must count: the oldest last good pull of what sells from these houses."""
    warehouses = {cart.warehouse_id for cart in carts}
    sellers = Cart.objects.filter(warehouse_id__in=warehouses, state=Cart.State.LIVE).values("connection_id")
    pulls = Stream.objects.filter(kind=Stream.Kind.PULL_ORDERS, connection_id__in=sellers, due_at__isnull=False)
    told = list(pulls.values_list("last_good_at", flat=True))
    return min(told) if told and all(told) else None


def _ahead(connection_id: int) -> timedelta:
    """How far the marketplace's clock is ahead of ours, as the order download last heard it."""
    pulls = Stream.objects.filter(connection_id=connection_id, kind=Stream.Kind.PULL_ORDERS)
    return timedelta(seconds=float(pulls.values_list("cursor__clock", flat=True).first() or 0))


# ------------------------------------------------------------------------------------------------------------ why one waits

NOW = "It is being pushed."
_PULL = "The orders up to the warehouse's last reading are not all downloaded yet."
_UNDER_WAY = "A push was sent, and what became of it is not known yet."
_SPENT = "It was set so often today that the rest of the day's {most} changes are kept for zero."
_SPACED = "It was set a few minutes ago, and the marketplace wants to be told of a listing only so often."
_SOON = (_PULL, _UNDER_WAY, _SPACED)


def _waits(figure: Figure, showing: int | None, now: _Now, most: int) -> str:
    """Why the listing does not show its figure yet: NOW where it goes out at once, empty where it shows it.

    A push needs a pull that ended after the reading, no push under way, and room under the marketplace's limits. What a person
    asks for goes out even if nothing differs, and waits neither for its distance to the last push nor after a refusal. A listing
    of which nobody knows what it shows does not wait for that distance either. ``most`` changes of one listing fit into a day.
    """
    listing, wanted = figure.listing, figure.sum
    if wanted is None or (wanted.result == showing and listing.asked_at is None):
        return ""
    if now.pulled_at is None or now.pulled_at < wanted.told_until:
        return _PULL
    if listing.in_flight_until is not None and listing.in_flight_until > now.ours:
        return _UNDER_WAY
    used = listing.revisions if listing.revisions_day == now.ours.date() else 0
    if used >= (most if wanted.result == 0 else most - KEPT_FOR_ZERO):
        return _SPENT.format(most=most)
    if listing.asked_at is not None:
        return NOW
    if _since(listing.refused_at, now.ours) <= durations().stock_refused and wanted.result == listing.desired:
        return REFUSED
    if wanted.result and not in_doubt(listing) and _since(listing.pushed_at, now.theirs) <= durations().stock_spacing:
        return _SPACED
    return NOW


def _since(moment: datetime | None, now: datetime) -> float:
    return (now - moment).total_seconds() if moment is not None else math.inf


_KEPT = ("cart", "desired", "desired_read_at", "trouble", "waits", "refusal", "refused_at")


def _kept(listing: Listing) -> tuple[object, ...]:
    """What planning may change. When the warehouse was read is no news of its own."""
    return (listing.cart_id, listing.desired, listing.trouble, listing.waits, listing.refusal)


def _remember(figure: Figure, waits: str) -> None:
    """What the listing ought to show and why it does not. What it shows by now was not refused."""
    listing = figure.listing
    listing.desired, listing.desired_read_at, listing.trouble = figure.desired, figure.read_at, figure.trouble
    listing.waits = waits
    if not waits:
        listing.refusal, listing.refused_at = "", None
