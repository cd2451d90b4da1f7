"""The proof that nothing is lost and nothing doubled: what the cart and the warehouse say, held against what we have.

For one cart and a window: every paid open order at the cart is loaded, skipped with a reason, or was missing (then it is loaded);
every delivered order is at the warehouse exactly once; every package that we sent is at the cart. What a listing does not show is
asked for by itself before it counts as missing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import GONE_THERE, Order, Shipment, Status
from cartrover.sync import streams
from cartrover.sync.clocks import closed_now
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.storing import AT_WAREHOUSE, Stored, store
from cartrover.sync.windows import read_windows
from cartrover.sync.work import Work
from integrations.contract import Cancel, Fulfilment, OrderRecord, Payment, Window
from integrations.outcomes import Outcome, Rejected

log = logging.getLogger(__name__)

PROBLEM = "reconcile"
MARGIN = timedelta(minutes=15)  # the warehouse's clock may differ from ours
NAMED = 20  # of what is amiss, how many are named
SENT = (Shipment.State.UPLOADED, Shipment.State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was held against what. Orders are named by their numbers, packages by their tracking.

    ``missing`` are orders that we did not have; they are loaded by now.
    """

    cart_id: int
    at: str
    start: str
    end: str
    orders: int
    skipped: int
    missing: tuple[str, ...]
    delivered: int
    not_at_warehouse: tuple[str, ...]
    twice_at_warehouse: tuple[str, ...]
    packages: int
    not_at_cart: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not (self.missing or self.not_at_warehouse or self.twice_at_warehouse or self.not_at_cart)

    @property
    def words(self) -> str:
        if self.clean and not (self.orders or self.skipped or self.delivered or self.packages):
            return "Nothing was sold in that time, so nothing can be missing."
        told = f"{self.orders} orders at the cart, {self.delivered} delivered, {self.packages} packages"
        amiss = {
            "were missing and are loaded now": self.missing,
            "are not at the warehouse": self.not_at_warehouse,
            "are there more than once": self.twice_at_warehouse,
            "are not shown by the cart": self.not_at_cart,
        }
        found = [f"{len(names)} {what} ({', '.join(names[:NAMED])})" for what, names in amiss.items() if names]
        return f"Checked {told}: {'; '.join(found) if found else 'nothing is missing'}."


def nightly(merchant_id: int, open_work: Callable[[Connection], Work], cursor: Mapping[str, Any]) -> dict[str, Any]:
    """Reconcile each live cart of a merchant once a night, first a night after it went live; hand back what to remember of it.

    Args:
        open_work: opens a connection's account, under the lease of the stream that asks.
        cursor: of that stream.
    """
    results = dict(cursor.get("reconciled", {}))
    with acting_for(merchant_id):
        live = Cart.objects.filter(state=Cart.State.LIVE, connection__state=Connection.State.ACTIVE)
        carts = list(live.select_related("connection", "warehouse__connection").order_by("pk"))
    now = datetime.now(UTC)
    for cart in carts:
        before = results.get(str(cart.pk), {}).get("at") or (cart.went_live_at or now).isoformat()
        if now - datetime.fromisoformat(before) < timedelta(seconds=durations().nightly):
            continue
        window = Window(now - timedelta(seconds=2 * durations().nightly_overlap), now)
        try:
            results[str(cart.pk)] = asdict(reconcile(cart, open_work, window))
        except Outcome as outcome:  # the account of one cart, or its warehouse's: the others are proved all the same
            log.warning("cart %s could not be proved tonight: %s", cart.pk, outcome.detail or outcome.message)
    return {"reconciled": results}


def reconcile(cart: Cart, open_work: Callable[[Connection], Work], window: Window) -> Reconciled:
    """Hold one cart against its account and its warehouse's; tell the result, and load what was missing. Raises an Outcome."""
    steps = reconciling(cart, open_work, window)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Reconciled = end.value
            return result


def reconciling(
    cart: Cart, open_work: Callable[[Connection], Work], window: Window
) -> Generator[tuple[float, str], None, Reconciled]:
    """The same step by step, for whoever waits: yields (the part that is done, of 1, and what comes next in words).

    The window ends where the cart's own pull has come to, at the latest: what it has yet to read is not missing.
    """
    if cart.connection is None:
        raise Rejected(f"{cart} has no access to read orders with.")
    at_cart = _AtCart(cart, open_work(cart.connection))
    window = at_cart.closed(window)
    for until in at_cart.read(window):
        yield 0.7 * ((until - window.start) / (window.end - window.start)), f"{at_cart.orders} orders at the cart so far"
    yield 0.7, f"{at_cart.orders} orders at the cart. Now its packages"
    not_at_cart = at_cart.packages_not_shown(window)
    yield 0.8, f"{at_cart.packages} packages held against the cart. Now the warehouse"
    stock = cart.warehouse.connection if cart.warehouse else None
    delivered, absent, twice = _held_against(open_work(stock), cart, window) if stock else (0, (), ())
    result = Reconciled(
        cart_id=cart.pk,
        at=datetime.now(UTC).isoformat(),
        start=window.start.isoformat(),
        end=window.end.isoformat(),
        orders=at_cart.orders,
        skipped=at_cart.skipped,
        missing=tuple(at_cart.missing),
        delivered=delivered,
        not_at_warehouse=absent,
        twice_at_warehouse=twice,
        packages=at_cart.packages,
        not_at_cart=not_at_cart,
    )
    with at_cart.work.rows():
        _tell(cart, result)
    return result


def _tell(cart: Cart, result: Reconciled) -> None:
    tell([event(cart, PROBLEM, result.words, **asdict(result))])
    if result.clean:
        close_problems(kind=PROBLEM, about="cart", about_id=cart.pk)
    else:
        open_problem(PROBLEM, result.words, about=cart, whose=Problem.Whose.OPERATOR)


# ------------------------------------------------------------------------------------------------------------------ at the cart


class _AtCart:
    """What the cart's account shows, and what of it we have."""

    def __init__(self, cart: Cart, work: Work) -> None:
        self.cart, self.work = cart, work
        self.client = work.cart(cart.settings)
        self.orders = self.skipped = self.packages = 0
        self.missing: list[str] = []
        self._shown: dict[str, frozenset[str]] = {}

    def closed(self, window: Window) -> Window:
        with self.work.rows():
            pulls = Stream.objects.filter(connection_id=self.work.connection_id, kind=Stream.Kind.PULL_ORDERS)
            until = pulls.values_list("cursor__until", flat=True).first()
        end = min(window.end, closed_now(self.work, self.client))
        if until:
            end = min(end, datetime.fromisoformat(until))
        return Window(min(window.start, end), end)

    def read(self, window: Window) -> Iterator[datetime]:
        """Yields how far it has come."""
        connection = self.cart.connection
        for part, records in read_windows(lambda span, offset: self.client.orders_in(span, offset=offset), window):
            told = {each.external_id: each for each in records if isinstance(each, OrderRecord)}
            with self.work.rows():
                self.work.lease.check()
                stored = store(connection, records, pulled_at=timezone.now()) if connection else Stored()
                streams.deliver(stored.woken)
                rows = Order.objects.filter(connection=connection, external_id__in=told)
                self._count(rows.values_list("pk", "external_id", "number", "cart_id", "status"), told, set(stored.new))
            yield part.end

    def _count(self, rows: Iterable[tuple[int, str, str, int | None, str]], told: dict[str, OrderRecord], new: set[int]) -> None:
        """Orders of another cart of the account are that one's; those of none count as skipped with each."""
        for pk, external_id, number, cart_id, status in rows:
            record = told[external_id]
            self._shown[external_id] = frozenset(record.shipments)
            if cart_id in (self.cart.pk, None):
                self.orders += 1
                self.skipped += status == Status.SKIPPED
                if pk in new and _wanted(record):
                    self.missing.append(number)

    def packages_not_shown(self, window: Window) -> tuple[str, ...]:
        """Packages that we sent and that the cart does not show, not even when it is asked for the order's packages."""
        with self.work.rows():
            sent = Shipment.objects.filter(order__cart=self.cart, state__in=SENT, uploaded_at__range=(window.start, window.end))
            rows = list(sent.select_related("order"))
        self.packages = len(rows)
        absent = []
        asked: dict[str, frozenset[str]] = {}
        for row in rows:
            key = row.order.external_id
            if row.cart_shipment_id in self._shown.get(key, frozenset()):
                continue
            if key not in asked:
                asked[key] = frozenset(package.remote_id for package in self.client.shipments_of(key))
            if row.cart_shipment_id not in asked[key]:
                absent.append(str(row))
        return tuple(absent)


def _wanted(record: OrderRecord) -> bool:
    paid = record.payment in (Payment.PAID, Payment.PARTIALLY_REFUNDED)
    return paid and record.cancel == Cancel.NONE and record.fulfilment != Fulfilment.FULL


# ------------------------------------------------------------------------------------------------------------- at the warehouse


def _held_against(work: Work, cart: Cart, window: Window) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """(delivered orders, numbers of those that are not there, of those that are there more than once)."""
    if cart.warehouse is None:
        return 0, (), ()
    with work.rows():
        delivered = Order.objects.filter(cart=cart, warehouse=cart.warehouse, status__in=AT_WAREHOUSE)
        refs = dict(delivered.filter(delivered_at__range=(window.start, window.end)).values_list("ref", "number"))
    if not refs:
        return 0, (), ()
    client = work.warehouse(cart.warehouse.settings)
    there: set[tuple[str, str]] = set()
    span = Window(window.start - MARGIN, datetime.now(UTC))
    for _, records in read_windows(lambda part, offset: client.orders_changed_in(part, offset=offset), span):
        work.lease.check()
        there |= {(each.ref, each.remote_id) for each in records if each.ref in refs and each.status not in GONE_THERE}
    counts = Counter(ref for ref, _ in there)
    doubtful = [ref for ref in refs if counts[ref] != 1]
    exact = {ref: sum(each.status not in GONE_THERE for each in client.find_orders(ref)) for ref in doubtful}
    absent = tuple(refs[ref] for ref, count in exact.items() if count == 0)
    return len(refs), absent, tuple(refs[ref] for ref, count in exact.items() if count > 1)
