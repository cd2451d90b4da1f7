"""The figures that listings ought to show go to the cart: absolute, in batches, no more often than the marketplace likes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing
from cartrover.inventory.publishing import Figure, figures, must_show, sold_since
from cartrover.inventory.storing import store_listings
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.work import Done, Work
from integrations.contract import Cart as CartClient
from integrations.contract import CartSide, ListingRecord, StockResult, StockUpdate

REVISIONS_A_DAY = 250  # eBay's limit for one listing
KEPT_FOR_ZERO = 50  # selling what is not there is worse than showing too little


def run(work: Work) -> Done:
    """Refresh the listings when that is due, then push what differs."""
    side = work.integration.cart
    if side is None or not side.stock_batch:
        return Done(f"{work.integration.name} takes no stock.", due_in=None)
    cursor = dict(work.cursor)
    client = work.cart(_settings(work))
    if _listings_due(work):
        _read_listings(work, client)
        cursor["listings_at"] = timezone.now().isoformat()
    wanted, waits = _plan(work)
    pushed = 0
    for batch in _batches(wanted, side):
        work.lease.check()
        pushed += _push(work, client, batch)
    pace = durations()
    return Done(f"{pushed} figures set.", due_in=pace.poll_busy / 4 if waits else pace.stock_poll, cursor=cursor)


def _batches(wanted: Sequence[Figure], side: CartSide) -> Iterable[tuple[Figure, ...]]:
    for start in range(0, len(wanted), side.stock_batch):
        yield tuple(wanted[start : start + side.stock_batch])


def _settings(work: Work) -> dict[str, object]:
    with work.rows():
        cart = Cart.objects.filter(connection_id=work.connection_id).order_by("id").first()
        return dict(cart.settings) if cart else {}


def _listings_due(work: Work) -> bool:
    told = work.cursor.get("listings_at")
    if not told:
        return True
    return timezone.now() - datetime.fromisoformat(str(told)) > timedelta(seconds=durations().listings_poll)


def _read_listings(work: Work, client: CartClient) -> None:
    """Every listing of the account. Their figures are dated by the marketplace's clock, as its sales are."""
    records: list[ListingRecord] = []
    read_at: datetime | None = None
    number = 1
    while True:
        work.lease.check()
        page = client.listings(page=number)
        read_at = read_at or work.wire.server_time or timezone.now()
        records += page.records
        if not page.records or len(records) >= page.total:
            break
        number += 1
    with work.rows():
        rows = [_listing(work.connection_id, record, read_at) for record in records]
        store_listings(work.connection_id, rows, read_at)


def _listing(connection_id: int, record: ListingRecord, read_at: datetime) -> Listing:
    return Listing(
        connection_id=connection_id,
        external_id=record.external_id,
        sku=record.sku,
        title=record.title,
        marketplace=record.marketplace,
        managed_by=record.managed_by,
        shown=record.quantity,
        shown_at=read_at,
    )


def _plan(work: Work) -> tuple[list[Figure], bool]:
    """The figures to push now, and whether some wait for something that comes soon."""
    with work.rows():
        carts = [cart for cart in Cart.objects.select_related("warehouse").filter(connection_id=work.connection_id)]
        selling = [cart for cart in carts if cart.serves("inventory_upload")]
        listings = list(Listing.objects.filter(connection_id=work.connection_id, gone=False))
        sales = sold_since(work.connection_id, listings)
        pulled_at, their_now = _orders_known_until(selling), _their_now(work)
        ready: list[Figure] = []
        waits = False
        for cart, theirs in _by_cart(selling, listings):
            for figure in figures(cart, theirs):
                _remember(figure)
                if figure.desired is None or figure.desired == must_show(figure.listing, sales.get(figure.listing.pk)):
                    continue
                if _may_go(figure, pulled_at, their_now):
                    ready.append(figure)
                else:
                    waits = True
    return ready, waits


def _by_cart(carts: Sequence[Cart], listings: Sequence[Listing]) -> Iterable[tuple[Cart, list[Listing]]]:
    """Each listing with the cart of its marketplace, else with the first one: Trading's own list does not name it always."""
    if not carts:
        return []
    by_variant = {cart.variant: cart for cart in carts if cart.variant}
    groups: dict[int, tuple[Cart, list[Listing]]] = {cart.pk: (cart, []) for cart in carts}
    for listing in listings:
        cart = by_variant.get(listing.marketplace) or (carts[0] if not listing.marketplace or not by_variant else None)
        if cart is not None:
            groups[cart.pk][1].append(listing)
    return groups.values()


def _orders_known_until(carts: Sequence[Cart]) -> datetime | None:
    """Since when every sale is known that the figures must count: the oldest last good pull of what sells from these houses."""
    warehouses = {cart.warehouse_id for cart in carts}
    sellers = Cart.objects.filter(warehouse_id__in=warehouses, state=Cart.State.LIVE).values("connection_id")
    pulls = Stream.objects.filter(kind=Stream.Kind.PULL_ORDERS, connection_id__in=sellers, due_at__isnull=False)
    told = list(pulls.values_list("last_good_at", flat=True))
    return min(told) if told and all(told) else None


def _their_now(work: Work) -> datetime:
    """The marketplace's clock, as the order download last heard it: by it pushes are dated."""
    pulls = Stream.objects.filter(connection_id=work.connection_id, kind=Stream.Kind.PULL_ORDERS)
    ahead = pulls.values_list("cursor__clock", flat=True).first()
    return timezone.now() + timedelta(seconds=float(ahead or 0))


def _may_go(figure: Figure, pulled_at: datetime | None, their_now: datetime) -> bool:
    """A push needs a pull that ended after the reading, no push under way, and room under the marketplace's limits."""
    listing, now = figure.listing, timezone.now()
    if pulled_at is None or figure.read_at is None or pulled_at < figure.read_at:
        return False
    if listing.in_flight_until is not None and listing.in_flight_until > now:
        return False
    used = listing.revisions if listing.revisions_day == now.date() else 0
    if figure.desired == 0:
        return used < REVISIONS_A_DAY
    spaced = listing.pushed_at is None or their_now - listing.pushed_at > timedelta(seconds=durations().stock_spacing)
    return spaced and used < REVISIONS_A_DAY - KEPT_FOR_ZERO


def _remember(figure: Figure) -> None:
    """Keep what the listing ought to show and why, where that is news."""
    listing = figure.listing
    if (listing.desired, listing.trouble) != (figure.desired, figure.trouble):
        listing.desired, listing.desired_read_at, listing.trouble = figure.desired, figure.read_at, figure.trouble
        listing.save(update_fields=["desired", "desired_read_at", "trouble"])


def _push(work: Work, client: CartClient, batch: Sequence[Figure]) -> int:
    listings = {figure.listing.external_id: figure for figure in batch}
    keys = [figure.listing.pk for figure in batch]
    with work.rows():
        until = timezone.now() + timedelta(seconds=durations().send_deadline)
        Listing.objects.filter(pk__in=keys).update(in_flight_until=until)
    updates = [
        StockUpdate(each.listing.external_id, each.listing.sku, each.desired or 0, each.listing.managed_by) for each in batch
    ]
    results = client.set_stock(updates)
    sent_at = work.wire.server_time or timezone.now()
    with work.rows():
        for result in results:
            _settle(listings[result.external_id], result, sent_at)
    return sum(result.done for result in results)


def _settle(figure: Figure, result: StockResult, sent_at: datetime) -> None:
    listing, today = figure.listing, timezone.now().date()
    listing.in_flight_until = None
    listing.managed_by = result.managed_by or listing.managed_by
    listing.revisions = listing.revisions + 1 if listing.revisions_day == today else 1
    listing.revisions_day = today
    if result.done:
        listing.pushed, listing.pushed_at, listing.pushed_read_at = figure.desired, sent_at, figure.read_at
        listing.trouble = ""
    elif not result.retry:
        listing.trouble = result.problem
    listing.save()
