"""The figure of a listing, against a model of a warehouse and a marketplace that keep their own books."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.inventory.models import Listing, StockLevel
from cartrover.inventory.publishing import figures, must_show, publishable, sold_since
from cartrover.inventory.storing import store_levels
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, OrderLine, Status

START = datetime(2026, 5, 1, tzinfo=UTC)
STEPS = ("sell", "sell", "deliver", "deliver as a draft", "finalize", "ship", "cancel", "read", "read", "push", "push")


def order_row(connection: Connection, number: int, at: datetime, **more: object) -> Order:
    money = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
    moments = dict.fromkeys(("placed_at", "modified_at", "first_pulled_at", "pulled_at"), at)
    told = {"payment": "paid", "cancel": "none", "fulfilment": "none", "currency": "USD", "content_hash": b"x"}
    keys = {"external_id": str(number), "number": str(number), "ref": f"R{number}"}
    order: Order = Order.objects.create(connection=connection, **keys, **moments, **told, **money, **more)
    return order


@dataclass
class Books:
    """What really is: ``shelf`` counts the goods, ``committed`` what the warehouse has set aside, ``offered`` what is on sale."""

    cart: Cart
    listing: Listing
    house: int  # the connection that the warehouse stands on
    shelf: int
    now: datetime = START
    offered: int = 0
    committed: int = 0
    sold: int = 0
    orders: list[Order] = field(default_factory=list)
    read: bool = False

    @property
    def free(self) -> int:
        """Units that nobody has bought."""
        return self.shelf - self.sold

    def _some(self, number: int, *wanted: str) -> Order | None:
        found = [order for order in self.orders if order.status in wanted]
        return found[number % len(found)] if found else None

    def sell(self, number: int) -> None:
        units = 1 + number % 2
        order = order_row(
            self.listing.connection, len(self.orders), self.now, cart=self.cart, warehouse=self.cart.warehouse, status=Status.NEW
        )
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        OrderLine.objects.create(order=order, position=0, external_id="1", sku="TENT", quantity=units, listing_id="L", **price)
        self.sold += units
        self.offered = max(0, self.offered - units)
        self.orders.append(order)

    def deliver(self, number: int, *, draft: bool = False) -> None:
        order = self._some(number, Status.NEW)
        if order is None:
            return
        order.status, order.delivered_at, order.stock_committed = Status.AT_WMS, self.now, not draft
        order.save()
        self.committed += 0 if draft else order.lines.get().quantity

    def finalize(self, number: int) -> None:
        order = self._some(number, Status.AT_WMS)
        if order is not None and not order.stock_committed:
            order.stock_committed, order.delivered_at = True, self.now
            order.save()
            self.committed += order.lines.get().quantity

    def ship(self, number: int) -> None:
        order = self._some(number, Status.AT_WMS)
        if order is None or not order.stock_committed:
            return
        units = order.lines.get().quantity
        self.committed, self.shelf, self.sold = self.committed - units, self.shelf - units, self.sold - units
        order.status = Status.SHIPPED
        order.save()

    def cancel(self, number: int) -> None:
        order = self._some(number, Status.NEW)
        if order is not None:
            order.status = Status.CANCELED
            order.save()
            self.sold -= order.lines.get().quantity

    def take_reading(self) -> None:
        available = {"18": str(self.shelf - self.committed)}
        row = StockLevel(connection_id=self.house, item_id="1", sku="TENT", available=available, read_at=self.now)
        store_levels(self.house, [row])
        self.read = True

    def desired(self) -> int | None:
        (figure,) = figures(self.cart, [self.listing])
        return figure.desired

    def push(self) -> None:
        desired = self.desired()
        sales = sold_since(self.listing.connection_id, [self.listing])
        if desired is not None and desired != must_show(self.listing, sales.get(self.listing.pk)):
            self.offered = desired
            self.listing.pushed, self.listing.pushed_at = desired, self.now
            self.listing.save()
        if desired is not None:
            assert self.offered == desired, "the marketplace shows what it was told to, less what it has sold"

    def step(self, what: str, number: int) -> None:
        self.now += timedelta(seconds=1 + number % 9)
        acts = {"sell": self.sell, "deliver": self.deliver, "finalize": self.finalize, "ship": self.ship, "cancel": self.cancel}
        if what in acts:
            acts[what](number)
        elif what == "deliver as a draft":
            self.deliver(number, draft=True)
        elif what == "read":
            self.take_reading()
            assert self.desired() == max(0, self.free), "a fresh reading tells the truth"
        else:
            self.push()
        if self.read:
            assert (self.desired() or 0) <= max(0, self.free), "nobody is offered what somebody has bought"


@pytest.fixture
def books(merchant: Merchant) -> Books:
    with acting_for(merchant):
        accounts = [
            Connection.objects.create(
                integration=slug, environment="simulator", account_id=slug, account_name=slug, authorised_at=START
            )
            for slug in ("ebay", "tradegecko")
        ]
        warehouse = Warehouse.objects.create(integration="tradegecko", name="House", connection=accounts[1], state="live")
        cart = Cart.objects.create(
            integration="ebay", name="Shop", connection=accounts[0], warehouse=warehouse, state="live", variant="EBAY_US"
        )
        listing = Listing.objects.create(
            connection=accounts[0], external_id="L", sku="TENT", marketplace="EBAY_US", shown=0, shown_at=START
        )
    return Books(cart, listing, accounts[1].pk, shelf=0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shelf=st.integers(0, 12),
    story=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 97)), min_size=4, max_size=25),
)
def test_nobody_is_offered_what_somebody_has_bought(
    books: Books, merchant: Merchant, shelf: int, story: list[tuple[str, int]]
) -> None:
    with acting_for(merchant), transaction.atomic():
        fresh = Books(Cart.objects.get(pk=books.cart.pk), Listing.objects.get(pk=books.listing.pk), books.house, shelf)
        for what, number in [("read", 0), ("push", 0), *story, ("read", 0), ("push", 0)]:
            fresh.step(what, number)
        assert fresh.offered == max(0, fresh.free)
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("available", "locations", "sold", "most", "figure"),
    [
        ({"18": "12.9", "34": "3"}, [], 0, None, 15),
        ({"18": "12.9", "34": "3"}, ["34"], 0, None, 3),
        ({"18": "0.6", "34": "0.6"}, [], 0, None, 1),
        ({"18": "-4", "34": "3"}, [], 0, None, 0),
        ({"18": "10"}, [], 3, None, 7),
        ({"18": "10"}, [], 30, None, 0),
        ({"18": "10"}, [], 3, 5, 5),
        ({"18": "10"}, [], 8, 5, 2),
        ({"18": "10"}, [], 0, -1, 0),
        ({}, ["99"], 0, None, 0),
    ],
)
def test_what_may_be_offered(available: dict[str, str], locations: list[str], sold: int, most: int | None, figure: int) -> None:
    level = StockLevel(merchant_id=1, available=available, max_online=most, read_at=START)
    assert publishable(level, locations, sold) == figure


def test_an_older_reading_never_replaces_a_newer_one(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        for minutes, units in ((5, "7"), (3, "9")):
            read_at = START + timedelta(minutes=minutes)
            row = StockLevel(connection_id=books.house, item_id="1", sku="TENT", available={"18": units}, read_at=read_at)
            store_levels(books.house, [row])
        assert StockLevel.objects.get().available == {"18": "7"}


@pytest.mark.parametrize(
    ("levels", "trouble"),
    [([], "is not at"), ([{"item_id": "1"}, {"item_id": "2"}], "2 times"), ([{"item_id": "1", "tracked": False}], "not count")],
    ids=["unknown", "twice", "untracked"],
)
def test_where_there_is_no_figure_it_is_said_why(
    books: Books, merchant: Merchant, levels: list[dict[str, object]], trouble: str
) -> None:
    with acting_for(merchant):
        for level in levels:
            StockLevel.objects.create(connection_id=books.house, sku="TENT", available={"18": "5"}, read_at=START, **level)
        (figure,) = figures(books.cart, [books.listing])
    assert figure.desired is None
    assert trouble in figure.trouble
