"""What the list of orders is narrowed by, what its chips take off, and the views that a member keeps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import filters, search
from cartrover.orders.models import LinePart, Order, SavedView
from tests.portal.story import Setup, make_order, set_up, ship

Visit = Callable[[User | None], Client]


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    """Three orders: a small one to Germany, a big one to Iceland, and one of the American cart, a night apart."""
    made = set_up(merchant)
    rows: tuple[dict[str, Any], ...] = (
        {"number": "small", "total": Decimal("9.99"), "placed_at": datetime(2026, 3, 10, 22, 59, tzinfo=UTC)},
        {
            "number": "big",
            "total": Decimal("1204.50"),
            "placed_at": datetime(2026, 3, 10, 23, 1, tzinfo=UTC),
            "ship_to": {"name": "Jón", "country": "IS"},
            "status": "held",
        },
        {"number": "us", "variant": "EBAY_US", "total": Decimal("50.00"), "placed_at": datetime(2026, 3, 12, 12, tzinfo=UTC)},
    )
    with acting_for(merchant):
        for each in rows:
            make_order(made, **each)
    return made


def found(setup: Setup, query: str) -> list[str]:
    """The numbers of the orders that a query of the address leaves, oldest first. Berlin is an hour ahead of UTC."""
    with acting_for(setup.merchant):
        rows = filters.narrowed(Order.objects.all(), filters.asked_for(QueryDict(query)), "Europe/Berlin")
        return list(rows.order_by("placed_at").values_list("number", flat=True))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["small", "big", "us"]),
        ("country=is", ["big"]),
        ("country=US, IS", ["big", "us"]),
        ("marketplace=EBAY_DE", ["small", "big"]),
        ("least=9.99", ["small", "big", "us"]),
        ("least=10", ["big", "us"]),
        ("least=10&most=50", ["us"]),
        ("most=9.98", []),
        ("from=2026-03-11", ["big", "us"]),
        ("until=2026-03-10", ["small"]),
        ("from=2026-03-11&until=2026-03-11", ["big"]),
        ("status=held&country=IS", ["big"]),
        ("status=&country=", ["small", "big", "us"]),
    ],
)
def test_orders_are_narrowed_by_country_marketplace_value_and_the_merchants_own_days(
    setup: Setup, query: str, numbers: list[str]
) -> None:
    assert found(setup, query) == numbers


def test_orders_are_narrowed_by_cart_and_warehouse(setup: Setup) -> None:
    assert found(setup, f"cart={setup.carts['EBAY_US'].public_id}") == ["us"]
    assert found(setup, f"warehouse={setup.warehouse.public_id}") == ["small", "big", "us"]


@pytest.mark.parametrize(
    "query",
    [
        "status=nonsense",
        "problem=x",
        "problem=٣",
        "cart=gone",
        "warehouse=gone",
        "from=yesterday",
        "until=9999-12-31",
        "from=0001-01-01",
        "least=much",
        "most=NaN",
        "most=1e999999",
        "most=-1e-20000",
        "country=%00",
        "q=%00",
        "q=--",
    ],
)
def test_what_cannot_be_read_stands_for_no_order_and_never_for_all(setup: Setup, query: str) -> None:
    assert found(setup, query) == []


def test_what_a_person_changed_of_the_address_is_where_it_goes(setup: Setup) -> None:
    with acting_for(setup.merchant):
        Order.objects.filter(number="small").update(edits={"ship_to": {"country": "AT"}})
    assert found(setup, "country=AT") == ["small"]
    assert found(setup, "country=DE") == []


def test_an_order_is_found_by_what_it_is_at_the_warehouse_and_by_the_skus_it_is_sent_as(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = Order.objects.get(number="big")
        LinePart.objects.create(line=order.lines.get(), sku="POLE-2M")
        search.remember(order, ["812904", "POLE-2M"])
        ship(order, tracking="1Z 999-AA1")
    for typed in ("812904", "pole-2m", "1z999aa1", "a1b2c3@members.ebay.com"):
        assert "big" in found(setup, f"q={quote(typed)}"), typed


# ------------------------------------------------------------------------------------------------------------ chips and views


def test_each_chip_takes_off_its_own_filter_and_leaves_the_others(visit: Visit, alice: User, setup: Setup) -> None:
    cart = setup.carts["EBAY_DE"]
    address = reverse("orders", args=[setup.merchant.public_id])
    answer = visit(alice).get(address, {"cart": cart.public_id, "country": "is", "status": "held", "from": "2026-03-11"})
    chips = {chip.label: chip for chip in answer.context["chips"]}
    assert {label: chip.words for label, chip in chips.items()} == {
        "Cart": "eBay Germany",
        "Ships to": "IS",
        "Placed from": "11 Mar 2026",
    }
    assert chips["Ships to"].without == f"?status=held&cart={cart.public_id}&from=2026-03-11"
    assert answer.context["found"] == 1


def test_the_form_shows_what_is_on_and_keeps_the_tab(visit: Visit, alice: User, setup: Setup) -> None:
    address = reverse("orders", args=[setup.merchant.public_id])
    text = visit(alice).get(address, {"country": "IS", "least": "10", "from": "2026-03-11", "status": "held"}).content.decode()
    assert 'value="IS"' in text
    assert 'value="2026-03-11"' in text
    assert '<input type="hidden" name="status" value="held">' in text


def test_a_member_keeps_a_view_under_a_name_sees_it_above_the_list_and_deletes_it(
    visit: Visit, alice: User, bob: User, setup: Setup
) -> None:
    public_id = setup.merchant.public_id
    client, address = visit(alice), reverse("orders", args=[public_id])
    client.post(reverse("save_view", args=[public_id]), {"name": "Iceland", "query": "?country=IS&evil=1&before=1-1"})
    with acting_for(setup.merchant):
        view = SavedView.objects.get()
    assert view.query == "?country=IS"
    assert f'href="{address}?country=IS"' in client.get(address).content.decode()
    assert "Iceland" not in visit(bob).get(address).content.decode(), "everybody keeps their own"
    assert visit(bob).post(reverse("delete_view", args=[public_id, view.pk])).status_code == 404
    client.post(reverse("delete_view", args=[public_id, view.pk]))
    with acting_for(setup.merchant):
        assert not SavedView.objects.exists()


def test_saving_under_a_name_that_is_there_changes_what_it_stands_for(visit: Visit, alice: User, setup: Setup) -> None:
    client, address = visit(alice), reverse("save_view", args=[setup.merchant.public_id])
    for query in ("?country=IS", "?country=DE"):
        client.post(address, {"name": "Mine", "query": query})
    client.post(address, {"name": "", "query": "?country=US"})
    with acting_for(setup.merchant):
        assert list(SavedView.objects.values_list("name", "query")) == [("Mine", "?country=DE")]
