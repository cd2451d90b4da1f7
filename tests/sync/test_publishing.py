"""The figures of listings, against a model of a warehouse and a marketplace that keep their own books."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.inventory.models import Listing, SkuPart, SkuRule, StockLevel
from cartrover.inventory.publishing import figures
from cartrover.inventory.rules import StockRules
from cartrover.inventory.selling import cart_of, sold_on
from cartrover.inventory.showing import Sales, in_doubt, must_show
from cartrover.inventory.storing import store_levels, store_listings
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import OrderLine, Status
from cartrover.sync import durations, push_stock
from tests.sync.books import LOST, NEVER_CALLED, REFUSED, SENT_AS, START, STEPS, TAKEN, UNHEARD, Books, order_row


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


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tents=st.integers(0, 12),
    pegs=st.integers(0, 60),
    rules=st.just(StockRules()) | RULES,
    story=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 97)), min_size=4, max_size=20),
)
def test_nobody_is_offered_what_somebody_has_bought(
    books: Books, merchant: Merchant, tents: int, pegs: int, rules: StockRules, story: list[tuple[str, int]]
) -> None:
    fresh = Books(books.carts, books.listings, books.house, {"TENT": tents, "PEG": pegs}, rules)
    with acting_for(merchant), transaction.atomic(), at_the_time_of(fresh):
        Cart.objects.update(stock_rules=rules.stored())
        for what, number in [("read", 0), (TAKEN, 0), *story]:
            fresh.step(what, number)
        fresh.let_pass(timedelta(hours=2))  # what is in doubt or was refused is tried again by then
        for what in ("read", TAKEN):
            fresh.step(what, 0)
        assert fresh.marketplace.offered == {code: fresh.by_the_rules(code) for code in SENT_AS}
        transaction.set_rollback(True)


@contextmanager
def at_the_time_of(books: Books) -> Iterator[None]:
    """The books' clock is everybody's, and figures may be set as often as they change."""
    with pytest.MonkeyPatch.context() as patch, durations.changed(stock_spacing=-3600.0):
        patch.setattr(timezone, "now", lambda: books.now)
        yield


@pytest.fixture
def opened(books: Books, merchant: Merchant) -> Iterator[Books]:
    """Ten tents are there and on sale."""
    with acting_for(merchant), at_the_time_of(books):
        books.shelf = {"TENT": 10, "PEG": 0}
        books.step("read", 9)
        books.step(TAKEN, 9)
        yield books


def count(books: Books, tents: int) -> None:
    books.shelf["TENT"] = tents
    books.step("read", 9)


@pytest.mark.parametrize("fate", [LOST, UNHEARD])
@pytest.mark.parametrize("read_meanwhile", [True, False], ids=["read meanwhile", "not read"])
def test_a_figure_that_is_wanted_again_after_a_push_without_an_answer_is_set_again(
    opened: Books, fate: str, read_meanwhile: bool
) -> None:
    count(opened, 17)
    opened.step(fate, 9)
    assert opened.marketplace.offered["TENT"] == (17 if fate == LOST else 10)
    count(opened, 10)
    if read_meanwhile:
        opened.step("read the listings", 0)
    listing = Listing.objects.get(sku="TENT")
    assert (in_doubt(listing), must_show(listing, Sales(0, unsure=False))) == (True, None)
    opened.let_pass(timedelta(minutes=1))
    opened.step(TAKEN, 9)
    assert opened.marketplace.offered["TENT"] == 10
    listing.refresh_from_db()
    assert (in_doubt(listing), listing.pushed) == (False, 10)


def test_a_call_that_never_went_out_leaves_no_doubt(opened: Books) -> None:
    count(opened, 17)
    before = Listing.objects.values().get(sku="TENT")
    opened.step(NEVER_CALLED, 9)
    planned = {"desired": 17, "desired_read_at": StockLevel.objects.get(sku="TENT").read_at, "waits": push_stock.NOW}
    assert Listing.objects.values().get(sku="TENT") == {**before, **planned}


def test_a_refusal_leaves_no_doubt_of_what_was_set_before(opened: Books) -> None:
    count(opened, 17)
    opened.step(REFUSED, 9)
    listing = Listing.objects.get(sku="TENT")
    assert (listing.refusal, listing.pushed, in_doubt(listing)) == ("No.", 10, False)


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
