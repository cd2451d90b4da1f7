"""A warehouse and a marketplace that keep books of their own, by which the figures of listings are judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cartrover.connections.models import Cart, Connection
from cartrover.inventory.models import Listing, StockLevel
from cartrover.inventory.publishing import figures
from cartrover.inventory.rules import StockRules
from cartrover.inventory.storing import store_levels
from cartrover.orders.models import LinePart, Order, OrderLine, Status
from cartrover.sync import push_stock
from cartrover.sync.models import Stream
from cartrover.sync.work import Work
from integrations import registry
from integrations.contract import ListingRecord, Page, StockResult, StockUpdate
from integrations.outcomes import RetryLater
from tests.sync.fake_cart import FakeCart, FakeLease, FakeWire

START = datetime(2026, 5, 1, tzinfo=UTC)

# What each listing's code stands for: the warehouse's own SKU, a kit, and in Germany an alias with a multiplier.
SENT_AS: Mapping[str, Mapping[str, int]] = {"TENT": {"TENT": 1}, "CAMP": {"TENT": 1, "PEG": 4}, "PEG-DE": {"PEG": 10}}

TAKEN, REFUSED, NEVER_CALLED = "push", "push, and it is refused", "push, and nobody may be called"
LOST, UNHEARD = "push, and the answer is lost", "push, and the call is lost"
STEPS = (
    *("sell", "sell", "deliver", "deliver as a draft", "finalize", "ship", "cancel", "read", "read", "read the listings"),
    *(TAKEN, TAKEN, REFUSED, NEVER_CALLED, LOST, UNHEARD),
)


def order_row(connection: Connection | None, number: int, at: datetime, **more: object) -> Order:
    money = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
    moments = dict.fromkeys(("placed_at", "modified_at", "first_pulled_at", "pulled_at"), at)
    told = {"payment": "paid", "cancel": "none", "fulfilment": "none", "currency": "USD", "content_hash": b"x"}
    keys = {"external_id": str(number), "number": str(number), "ref": f"R{number}"}
    order: Order = Order.objects.create(connection=connection, **keys, **moments, **told, **money, **more)
    return order


@dataclass
class Marketplace(FakeCart):
    """What is on sale. ``fate`` is what becomes of the next push."""

    clock: datetime = START
    offered: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SENT_AS, 0))
    fate: str = TAKEN
    wire: FakeWire = field(init=False)

    def __post_init__(self) -> None:
        self.wire = FakeWire(self)

    def now(self) -> datetime:
        return self.clock

    def listings(self, *, page: int = 1) -> Page[ListingRecord]:
        records = tuple(ListingRecord(code, code, units) for code, units in self.offered.items())
        return Page(records, len(records), len(records))

    def set_stock(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        self.wire.calls += self.fate != NEVER_CALLED
        if self.fate == REFUSED:
            return tuple(StockResult(each.external_id, done=False, problem="No.") for each in updates)
        if self.fate in (TAKEN, LOST):
            self.offered |= {each.external_id: each.quantity for each in updates}
        if self.fate != TAKEN:
            raise RetryLater("The marketplace did not answer.")
        return tuple(StockResult(each.external_id, done=True) for each in updates)


@dataclass
class Books:
    """What really is: ``shelf`` counts the goods, ``committed`` what the warehouse has set aside."""

    carts: Mapping[str, Cart]  # by the listing that it sells
    listings: Mapping[str, Listing]
    house: int  # the connection that the warehouse stands on
    shelf: dict[str, int]
    rules: StockRules
    marketplace: Marketplace = field(default_factory=Marketplace)
    committed: dict[str, int] = field(default_factory=lambda: {"TENT": 0, "PEG": 0})
    sold: dict[str, int] = field(default_factory=lambda: {"TENT": 0, "PEG": 0})
    orders: list[Order] = field(default_factory=list)
    read: bool = False

    @property
    def now(self) -> datetime:
        return self.marketplace.clock

    def let_pass(self, time: timedelta) -> None:
        self.marketplace.clock += time

    def free(self, sku: str) -> int:
        """Units of a warehouse's SKU that nobody has bought."""
        return max(0, self.shelf[sku] - self.sold[sku])

    def enough_for(self, code: str) -> int:
        """How many of a listing could still be sold."""
        return min(self.free(sku) // units for sku, units in SENT_AS[code].items())

    def by_the_rules(self, code: str) -> int:
        left = max(0, self.enough_for(code) - self.rules.buffer) * self.rules.percentage // 100
        left = left if left >= self.rules.minimum else 0
        return left if self.rules.maximum is None else min(left, self.rules.maximum)

    def _some(self, number: int, *wanted: str) -> Order | None:
        found = [order for order in self.orders if order.status in wanted]
        return found[number % len(found)] if found else None

    def _count(self, book: dict[str, int], order: Order, sign: int) -> None:
        line = order.lines.get()
        for sku, units in SENT_AS[line.sku].items():
            book[sku] += sign * units * line.quantity

    # ------------------------------------------------------------------------------------------------------ what happens

    def sell(self, number: int) -> None:
        code, units = list(SENT_AS)[number % 3], 1 + number % 2
        cart, offered = self.carts[code], self.marketplace.offered
        order = order_row(cart.connection, len(self.orders), self.now, cart=cart, warehouse=cart.warehouse, status=Status.NEW)
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        OrderLine.objects.create(order=order, position=0, external_id="1", sku=code, quantity=units, listing_id=code, **price)
        self._count(self.sold, order, 1)
        offered[code] = max(0, offered[code] - units)
        self.orders.append(order)

    def deliver(self, number: int, *, draft: bool = False) -> None:
        order = self._some(number, Status.NEW)
        if order is None:
            return
        line = order.lines.get()
        for position, (sku, units) in enumerate(SENT_AS[line.sku].items()):
            if line.sku != sku or number % 2:  # what was delivered before there were parts has none
                LinePart.objects.create(line=line, position=position, sku=sku, each=units)
        order.status, order.delivered_at, order.stock_committed = Status.AT_WMS, self.now, not draft
        order.save()
        if not draft:
            self._count(self.committed, order, 1)

    def finalize(self, number: int) -> None:
        order = self._some(number, Status.AT_WMS)
        if order is not None and not order.stock_committed:
            order.stock_committed, order.delivered_at = True, self.now
            order.save()
            self._count(self.committed, order, 1)

    def ship(self, number: int) -> None:
        order = self._some(number, Status.AT_WMS)
        if order is None or not order.stock_committed:
            return
        for book in (self.committed, self.shelf, self.sold):
            self._count(book, order, -1)
        order.status = Status.SHIPPED
        order.save()

    def cancel(self, number: int) -> None:
        order = self._some(number, Status.NEW)
        if order is not None:
            order.status = Status.CANCELED
            order.save()
            self._count(self.sold, order, -1)

    def take_reading(self) -> None:
        for number, sku in enumerate(("TENT", "PEG")):
            available = {"18": str(self.shelf[sku] - self.committed[sku])}
            row = StockLevel(connection_id=self.house, item_id=str(number), sku=sku, available=available, read_at=self.now)
            store_levels(self.house, [row])
        self.read = True

    # ------------------------------------------------------------------------------------------------------- what is told

    def told(self) -> dict[str, int | None]:
        """What each listing ought to show."""
        found: dict[str, int | None] = {}
        for cart in set(self.carts.values()):
            theirs = [self.listings[code] for code, of in self.carts.items() if of == cart]
            found |= {each.listing.sku: each.desired for each in figures(cart, theirs, rules=self.rules, now=self.now)}
        return found

    def push(self, fate: str = TAKEN, *, read_listings: bool = False) -> None:
        """The engine's own round, every sale being known."""
        self.marketplace.fate = fate
        pulled = {"due_at": self.now, "last_good_at": self.now}
        Stream.objects.update_or_create(pulled, connection_id=self._selling, kind=Stream.Kind.PULL_ORDERS)
        with suppress(RetryLater):
            push_stock.run(self._work({} if read_listings else {"listings_at": self.now.isoformat()}))
        rows = {listing.sku: listing for listing in Listing.objects.filter(connection_id=self._selling)}
        for code, desired in self.told().items():
            if desired is not None and not rows[code].waits:
                assert self.marketplace.offered[code] == desired, (
                    "the marketplace shows what it was told to, less what it has sold"
                )

    @property
    def _selling(self) -> int:
        return next(iter(self.listings.values())).connection_id

    def _work(self, cursor: Mapping[str, str]) -> Work:
        real = registry.get("ebay")
        assert real.cart is not None
        side = replace(real.cart, open=lambda wire, settings, facts: self.marketplace)
        (merchant_id,) = {listing.merchant_id for listing in self.listings.values()}
        opened, wire = replace(real, cart=side), self.marketplace.wire
        return Work(0, merchant_id, self._selling, Stream.Kind.PUSH_STOCK, cursor, FakeLease(), wire, opened)

    def step(self, what: str, number: int) -> None:
        self.let_pass(timedelta(seconds=1 + number % 9))
        acts = {"sell": self.sell, "deliver": self.deliver, "finalize": self.finalize, "ship": self.ship, "cancel": self.cancel}
        if what in acts:
            acts[what](number)
        elif what == "deliver as a draft":
            self.deliver(number, draft=True)
        elif what == "read":
            self.take_reading()
            assert self.told() == {code: self.by_the_rules(code) for code in SENT_AS}, "a fresh reading tells the truth"
        elif what == "read the listings":
            self.push(read_listings=True)
        else:
            self.push(what)
        if self.read:
            for code, desired in self.told().items():
                assert 0 <= (desired or 0) <= self.enough_for(code), "nobody is offered what somebody has bought"
