"""The figures of listings, against a model of a warehouse and a marketplace that keep their own books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.inventory.models import Listing, SkuPart, SkuRule, StockLevel
from cartrover.inventory.publishing import figures
from cartrover.inventory.rules import StockRules
from cartrover.inventory.selling import cart_of, sold_on
from cartrover.inventory.showing import must_show, sold_since
from cartrover.inventory.storing import store_levels, store_listings
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import LinePart, Order, OrderLine, Status

START = datetime(2026, 5, 1, tzinfo=UTC)
STEPS = ("sell", "sell", "deliver", "deliver as a draft", "finalize", "ship", "cancel", "read", "read", "push", "push")

# What each listing's code stands for: the warehouse's own SKU, a kit, and in Germany an alias with a multiplier.
SENT_AS: Mapping[str, Mapping[str, int]] = {"TENT": {"TENT": 1}, "CAMP": {"TENT": 1, "PEG": 4}, "PEG-DE": {"PEG": 10}}


def order_row(connection: Connection | None, number: int, at: datetime, **more: object) -> Order:
    money = dict.fromkeys(("items", "discount", "shipping", "tax", "adjustment", "total"), 0)
    moments = dict.fromkeys(("placed_at", "modified_at", "first_pulled_at", "pulled_at"), at)
    told = {"payment": "paid", "cancel": "none", "fulfilment": "none", "currency": "USD", "content_hash": b"x"}
    keys = {"external_id": str(number), "number": str(number), "ref": f"R{number}"}
    order: Order = Order.objects.create(connection=connection, **keys, **moments, **told, **money, **more)
    return order


@dataclass
class Books:
    """What really is: ``shelf`` counts the goods, ``committed`` what the warehouse has set aside, ``offered`` what is on sale."""

    carts: Mapping[str, Cart]  # by the listing that it sells
    listings: Mapping[str, Listing]
    house: int  # the connection that the warehouse stands on
    shelf: dict[str, int]
    rules: StockRules
    now: datetime = START
    offered: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SENT_AS, 0))
    committed: dict[str, int] = field(default_factory=lambda: {"TENT": 0, "PEG": 0})
    sold: dict[str, int] = field(default_factory=lambda: {"TENT": 0, "PEG": 0})
    orders: list[Order] = field(default_factory=list)
    read: bool = False

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

    def sell(self, number: int) -> None:
        code, units = list(SENT_AS)[number % 3], 1 + number % 2
        cart = self.carts[code]
        order = order_row(cart.connection, len(self.orders), self.now, cart=cart, warehouse=cart.warehouse, status=Status.NEW)
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        OrderLine.objects.create(order=order, position=0, external_id="1", sku=code, quantity=units, listing_id=code, **price)
        self._count(self.sold, order, 1)
        self.offered[code] = max(0, self.offered[code] - units)
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

    def told(self) -> dict[str, int | None]:
        """What each listing ought to show."""
        found: dict[str, int | None] = {}
        for cart in set(self.carts.values()):
            theirs = [self.listings[code] for code, of in self.carts.items() if of == cart]
            found |= {each.listing.sku: each.desired for each in figures(cart, theirs, rules=self.rules, now=self.now)}
        return found

    def push(self) -> None:
        for code, desired in self.told().items():
            listing = self.listings[code]
            if desired is None:
                continue
            sales = sold_since(listing.connection_id, [listing])
            if desired != must_show(listing, sales.get(listing.pk)):
                self.offered[code] = desired
                listing.pushed, listing.pushed_at = desired, self.now
                listing.save()
            assert self.offered[code] == desired, "the marketplace shows what it was told to, less what it has sold"

    def step(self, what: str, number: int) -> None:
        self.now += timedelta(seconds=1 + number % 9)
        acts = {"sell": self.sell, "deliver": self.deliver, "finalize": self.finalize, "ship": self.ship, "cancel": self.cancel}
        if what in acts:
            acts[what](number)
        elif what == "deliver as a draft":
            self.deliver(number, draft=True)
        elif what == "read":
            self.take_reading()
            assert self.told() == {code: self.by_the_rules(code) for code in SENT_AS}, "a fresh reading tells the truth"
        else:
            self.push()
        if self.read:
            for code, desired in self.told().items():
                assert 0 <= (desired or 0) <= self.enough_for(code), "nobody is offered what somebody has bought"


@pytest.fixture
def carts(merchant: Merchant) -> dict[str, Cart]:
    """Two marketplaces of one account that sell from one house, by the variant."""
    with acting_for(merchant):
        accounts = [
            Connection.objects.create(
                integration=slug, environment="simulator", account_id=slug, account_name=slug, authorised_at=START
            )
            for slug in ("ebay", "tradegecko")
        ]
        warehouse = Warehouse.objects.create(integration="tradegecko", name="House", connection=accounts[1], state="live")
        of_them = {"integration": "ebay", "connection": accounts[0], "warehouse": warehouse, "state": "live"}
        return {each: Cart.objects.create(name=each, variant=each, **of_them) for each in ("EBAY_US", "EBAY_DE")}


def rule(code: str, cart: Cart | None = None, parts: Mapping[str, int] | None = None, **more: Any) -> SkuRule:
    made: SkuRule = SkuRule.objects.create(sku=code, cart=cart, **more)
    for position, (sku, units) in enumerate((parts or {}).items()):
        SkuPart.objects.create(rule=made, position=position, sku=sku, units=units)
    return made


@pytest.fixture
def books(merchant: Merchant, carts: dict[str, Cart]) -> Books:
    us, de = carts["EBAY_US"], carts["EBAY_DE"]
    selling = {"TENT": us, "CAMP": us, "PEG-DE": de}
    with acting_for(merchant):
        rule("CAMP", None, SENT_AS["CAMP"])
        rule("PEG-DE", de, SENT_AS["PEG-DE"])
        rule("PEG-DE", us, {"TENT": 1})
        told = {"shown": 0, "shown_at": START}
        listings = {
            code: Listing.objects.create(
                connection=us.connection, cart=cart, external_id=code, sku=code, marketplace=cart.variant, **told
            )
            for code, cart in selling.items()
        }
        house = Connection.objects.get(integration="tradegecko").pk
    return Books(selling, listings, house, {}, StockRules())


RULES = st.builds(
    StockRules,
    buffer=st.integers(0, 3),
    percentage=st.sampled_from([100, 100, 50, 33]),
    minimum=st.integers(0, 3),
    maximum=st.none() | st.integers(3, 9),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tents=st.integers(0, 12),
    pegs=st.integers(0, 60),
    rules=st.just(StockRules()) | RULES,
    story=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 97)), min_size=4, max_size=20),
)
def test_nobody_is_offered_what_somebody_has_bought(
    books: Books, merchant: Merchant, tents: int, pegs: int, rules: StockRules, story: list[tuple[str, int]]
) -> None:
    with acting_for(merchant), transaction.atomic():
        listings = {code: Listing.objects.get(pk=listing.pk) for code, listing in books.listings.items()}
        fresh = Books(books.carts, listings, books.house, {"TENT": tents, "PEG": pegs}, rules)
        for what, number in [("read", 0), ("push", 0), *story, ("read", 0), ("push", 0)]:
            fresh.step(what, number)
        assert fresh.offered == {code: fresh.by_the_rules(code) for code in SENT_AS}
        transaction.set_rollback(True)


def test_an_older_reading_never_replaces_a_newer_one(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        for minutes, units in ((5, "7"), (3, "9")):
            read_at = START + timedelta(minutes=minutes)
            row = StockLevel(connection_id=books.house, item_id="1", sku="TENT", available={"18": units}, read_at=read_at)
            store_levels(books.house, [row])
        assert StockLevel.objects.get().available == {"18": "7"}


def test_a_reading_that_names_no_marketplace_leaves_the_one_that_is_known(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        listing = books.listings["TENT"]
        read = Listing(merchant=merchant, connection=listing.connection, external_id="TENT", sku="TENT", currency="USD")
        store_listings(listing.connection_id, [read], START)
        listing.refresh_from_db()
        assert (listing.marketplace, listing.currency) == ("EBAY_US", "USD")


def told(cart: Cart, code: str) -> tuple[int | None, str]:
    """The figure of a listing with this code, or why there is none."""
    listing = Listing(merchant_id=cart.merchant_id, connection=cart.connection, external_id="x", sku=code)
    (figure,) = figures(cart, [listing])
    return figure.desired, figure.trouble


@pytest.mark.parametrize(
    ("levels", "trouble"),
    [
        ([], "PEG is not at House. Add it there, or make a rule of what the code stands for."),
        ([{"item_id": "1"}, {"item_id": "2"}], "PEG is at House 2 times. Each needs a SKU of its own."),
        ([{"item_id": "1", "tracked": False}], "House does not count PEG. Its listing keeps the figure that you give it."),
    ],
    ids=["unknown", "twice", "untracked"],
)
@pytest.mark.parametrize("code", ["PEG", "PEG-DE"])
def test_where_there_is_no_figure_it_is_said_why(
    books: Books, merchant: Merchant, code: str, levels: list[dict[str, object]], trouble: str
) -> None:
    with acting_for(merchant):
        for level in levels:
            StockLevel.objects.create(connection_id=books.house, sku="PEG", available={"18": "5"}, read_at=START, **level)
        assert told(books.carts["PEG-DE"], code) == (None, trouble)


def test_what_is_no_product_never_gets_a_figure(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        cart = books.carts["TENT"]
        StockLevel.objects.create(connection_id=books.house, item_id="1", sku="PEG", available={"18": "5"}, read_at=START)
        rule("PROMO", None, {"PEG": 1}, promotional=True)
        rule("GIFT", cart, action="leave_out")
        rule("OLD", cart, action="refuse")
        rule("HALF-DONE", cart)
        cart.stock_rules = {"excluded": ["PEG"]}
        assert {code: told(cart, code)[1] for code in ("", "PROMO", "GIFT", "OLD", "HALF-DONE", "PEG")} == {
            "": "The listing has no SKU. Give it one at the cart.",
            "PROMO": "PROMO is a promotional code and no product.",
            "GIFT": "GIFT is ignored: a rule leaves it out of orders.",
            "OLD": "A rule refuses orders of OLD.",
            "HALF-DONE": "The rule for HALF-DONE names no SKU of the warehouse. Complete it.",
            "PEG": "The stock rules of EBAY_US exclude PEG.",
        }


def test_a_cart_whose_products_go_by_another_number_is_told_and_counted_by_it(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        StockLevel.objects.create(connection_id=books.house, item_id="1", sku="1400", available={"18": "5"}, read_at=START)
        cart = books.carts["TENT"]
        cart.identifier = "item_id"
        cart.save()
        listing = Listing(merchant_id=cart.merchant_id, connection=cart.connection, external_id="1400:RED", sku="TENT")
        order = order_row(cart.connection, 1, START, cart=cart, warehouse=cart.warehouse, status=Status.NEW)
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        OrderLine.objects.create(order=order, position=0, external_id="1", sku="TENT", listing_id="1400", quantity=2, **price)
        (figure,) = figures(cart, [listing])
        assert (figure.code, figure.desired) == ("1400", 3)


def test_a_line_that_a_rule_left_out_takes_nothing_from_the_shelf(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        StockLevel.objects.create(connection_id=books.house, item_id="1", sku="TENT", available={"18": "5"}, read_at=START)
        cart = books.carts["TENT"]
        there = {"status": Status.AT_WMS, "delivered_at": START, "stock_committed": False}
        order = order_row(cart.connection, 1, START, cart=cart, warehouse=cart.warehouse, **there)
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        for number, left_out in enumerate(("", "ignored")):
            more = {"position": number, "external_id": str(number), "left_out": left_out, "quantity": 1 + number, **price}
            OrderLine.objects.create(order=order, sku="TENT", listing_id="L", **more)
        assert told(cart, "TENT") == (4, "")


def test_what_the_warehouse_does_not_count_limits_no_kit(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        for number, (sku, tracked) in enumerate({"TENT": True, "PEG": False}.items()):
            StockLevel.objects.create(
                connection_id=books.house, item_id=str(number), sku=sku, tracked=tracked, available={"18": "5"}, read_at=START
            )
        assert told(books.carts["CAMP"], "CAMP") == (5, "")


def test_a_cart_counts_its_own_locations_and_else_those_of_the_warehouse(books: Books, merchant: Merchant) -> None:
    with acting_for(merchant):
        available = {"18": "5", "34": "7", "50": "9"}
        StockLevel.objects.create(connection_id=books.house, item_id="1", sku="TENT", available=available, read_at=START)
        cart = books.carts["TENT"]
        assert told(cart, "TENT") == (21, "")
        Warehouse.objects.update(settings={"stock_locations": [18, 50]})
        cart.refresh_from_db()
        assert told(cart, "TENT") == (14, "")
        cart.stock_rules = {"locations": ["34"]}
        assert told(cart, "TENT") == (7, "")


def test_many_listings_are_told_in_as_many_queries_as_one(
    books: Books, merchant: Merchant, django_assert_num_queries: Any
) -> None:
    with acting_for(merchant):
        books.shelf = {"TENT": 90, "PEG": 90}
        books.take_reading()
        for number in range(6):
            books.sell(number)
        cart = books.carts["TENT"]
        for listings in (list(books.listings.values())[:2], list(books.listings.values())):
            with django_assert_num_queries(10):
                figures(cart, listings)


@pytest.mark.parametrize(
    ("marketplace", "currency", "whose"),
    [
        ("EBAY_DE", "USD", "EBAY_DE"),
        ("", "EUR", "EBAY_DE"),
        ("", "USD", "EBAY_US"),
        ("", "", "EBAY_US"),
        ("", "GBP", "EBAY_US"),
        ("EBAY_FR", "EUR", None),
    ],
)
def test_a_listing_belongs_to_the_cart_of_its_marketplace_or_else_of_its_currency(
    carts: dict[str, Cart], marketplace: str, currency: str, whose: str | None
) -> None:
    listing = Listing(merchant_id=1, marketplace=marketplace, currency=currency)
    found = cart_of(listing, list(carts.values()))
    assert (found.variant if found else None) == whose


def test_an_order_names_the_marketplace_of_a_listing(carts: dict[str, Cart], merchant: Merchant) -> None:
    with acting_for(merchant):
        cart = carts["EBAY_DE"]
        order = order_row(cart.connection, 1, START, cart=cart, warehouse=cart.warehouse, status=Status.NEW)
        price = dict.fromkeys(("unit_price", "total", "tax"), 0)
        more = {"quantity": 1, "marketplace": "EBAY_DE", **price}
        OrderLine.objects.create(order=order, position=0, external_id="1", sku="TENT", listing_id="77", **more)
        assert sold_on(order.connection_id, {"77", "78"}) == {"77": "EBAY_DE"}
