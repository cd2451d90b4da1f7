"""The list of orders and the page of one: what is found, what is shown, and what the button does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cartrover.events.models import Event, Problem
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Call, Stream
from tests.conftest import make_member
from tests.portal.story import Day, busy_day, make_order, ship


@pytest.fixture
def day(merchant: Merchant) -> Day:
    return busy_day(merchant, 12)


def client_of(user: User) -> Client:
    client = Client(headers={"host": urlsplit(settings.PORTAL_URL).netloc})
    client.force_login(user)
    return client


@pytest.fixture
def client(alice: User) -> Client:
    return client_of(alice)


@pytest.fixture
def listed(client: Client, merchant: Merchant) -> Callable[..., list[str]]:
    """The references of the orders that the list shows."""

    def of(**query: str | int) -> list[str]:
        answer = client.get(reverse("orders", args=[merchant.public_id]), query)
        assert answer.status_code == 200
        return [order.ref for order in answer.context["page"].rows]

    return of


@pytest.fixture
def shown(client: Client, merchant: Merchant) -> Callable[[Order], str]:
    """An order's page, its spaces evened."""

    def of(order: Order) -> str:
        answer = client.get(reverse("order", args=[merchant.public_id, order.ref]))
        assert answer.status_code == 200
        return " ".join(answer.content.decode().split())

    return of


@pytest.mark.parametrize(
    "typed",
    [
        "12-12910-88211",
        "12-129",
        "1212910",
        "121291088211",
        "00340434161094042557",
        "0034 0434",
        "TENT-2P-GREEN",
        "a1b2c3@members.ebay.com",
        "köhler",
        "KOHLER",
    ],
)
def test_an_order_is_found_by_any_of_its_numbers_its_skus_and_its_buyer(
    listed: Callable[..., list[str]], day: Day, typed: str
) -> None:
    assert day.shipped.ref in listed(q=typed)


def test_a_name_is_found_by_its_words_in_any_order(listed: Callable[..., list[str]], day: Day) -> None:
    assert listed(q="alvarez maria") == listed(q="Maria Alvarez") != []


@pytest.mark.parametrize("typed", ["88211-9999", "zz", "' OR 1=1 --", "%", "_", "--"])
def test_what_matches_nothing_finds_nothing(listed: Callable[..., list[str]], day: Day, typed: str) -> None:
    assert listed(q=typed) == []


def test_a_search_reads_its_index_and_no_whole_table(day: Day, merchant: Merchant) -> None:
    from cartrover.orders.search import matching

    with acting_for(merchant):
        sql = str(matching(Order.objects.all(), "12-12910").query)
    assert "LIKE" not in sql.upper()
    assert '"term" >= ' in sql
    assert '"term" < ' in sql


def test_the_list_is_filtered_by_status(listed: Callable[..., list[str]], day: Day) -> None:
    assert listed(status="shipped") == [day.shipped.ref]
    assert len(listed(status="error")) == 3


def test_partly_shipped_orders_are_those_of_which_a_package_left(
    listed: Callable[..., list[str]], day: Day, merchant: Merchant
) -> None:
    with acting_for(merchant):
        expected = set(Order.objects.filter(status="at_wms", shipments__isnull=False).values_list("ref", flat=True))
        void = Order.objects.filter(status="at_wms", shipments__isnull=True).first()
        assert void is not None
        ship(void, state="void", tracking="VOIDED1")
    assert set(listed(status="partial")) == expected
    assert expected


def test_the_list_of_a_problem_holds_the_orders_that_wait_for_it(listed: Callable[..., list[str]], day: Day) -> None:
    assert len(listed(problem=day.unknown_sku.pk)) == 3
    assert listed(problem="x") == []


def test_paging_shows_every_order_once_though_new_ones_arrive(client: Client, day: Day, merchant: Merchant) -> None:
    with acting_for(merchant):
        at = timezone.now() - timedelta(days=1)
        for _ in range(120):
            make_order(day.setup, placed_at=at)  # all at one time, so that only the second key tells them apart
        everything = set(Order.objects.values_list("ref", flat=True))
    address = reverse("orders", args=[merchant.public_id])
    seen: list[str] = []
    query, pages = "", []
    while True:
        page = client.get(address + query).context["page"]
        seen += [order.ref for order in page.rows]
        pages.append([order.ref for order in page.rows])
        if not page.older:
            break
        with acting_for(merchant):
            make_order(day.setup, placed=timedelta(seconds=0))
        query = page.older
    assert len(seen) == len(set(seen))
    assert set(seen) == everything
    back = client.get(address + client.get(address + query).context["page"].newer).context["page"]
    assert [order.ref for order in back.rows] == pages[-2]


def test_a_page_mark_that_was_tampered_with_is_ignored(client: Client, day: Day, merchant: Merchant) -> None:
    address = reverse("orders", args=[merchant.public_id])
    for mark in ("x", "1-", "-1", "9" * 30 + "-1", "1-1-1", "٣-٤"):
        assert client.get(address, {"before": mark}).status_code == 200


def test_a_merchant_without_orders_is_told_what_comes_next(client: Client, merchant: Merchant) -> None:
    text = client.get(reverse("orders", args=[merchant.public_id])).content.decode()
    assert "No orders yet" in text
    assert reverse("carts", args=[merchant.public_id]) in text


def test_an_orders_page_tells_its_whole_life(shown: Callable[[Order], str], day: Day) -> None:
    text = shown(day.shipped)
    for said in (
        "Pulled from eBay Germany.",
        "Delivered to TradeGecko Main as 812904.",
        "→ TENT-2P-GREEN",
        "IM2760000742",
        "Sent to the cart",
        "00340434161094042557",
        "€69.30",
        "Lindenstr. 4",
        "Bitte beim Nachbarn abgeben.",
        "POST /orders",
    ):
        assert said in text, said
    assert text.index("Pulled from") < text.index("Delivered to") < text.index("The warehouse shipped")


def test_a_stopped_order_says_why_whose_move_it_is_and_offers_the_button(shown: Callable[[Order], str], day: Day) -> None:
    text = shown(day.in_error)
    assert "TENT-2P-GRN is not in TradeGecko." in text
    assert "Your move: match the SKU with one of" in text
    assert "2 other orders wait for the same." in text
    assert "Try again" in text


def test_a_waiting_order_names_its_next_try(shown: Callable[[Order], str], day: Day) -> None:
    text = shown(day.waiting)
    assert "TradeGecko asks us to wait." in text
    assert "Next try" in text


def test_an_address_from_outside_becomes_no_script(shown: Callable[[Order], str], day: Day, merchant: Merchant) -> None:
    with acting_for(merchant):
        day.shipped.shipments.update(tracking_url="javascript:alert(1)")
        Order.objects.filter(pk=day.shipped.pk).update(note="<script>alert(1)</script>", references=[["<b>x", "<i>y"]])
    text = shown(day.shipped)
    assert "javascript:" not in text
    assert "<script>alert" not in text
    assert "<b>x" not in text


def test_what_was_said_on_the_wire_is_one_click_below(client: Client, day: Day, merchant: Merchant) -> None:
    with acting_for(merchant):
        call = Call.objects.get(order=day.shipped)
    answer = client.get(reverse("order_call", args=[merchant.public_id, day.shipped.ref, call.pk]))
    text = answer.content.decode()
    assert "&quot;reference_number&quot;: &quot;121291088211&quot;" in text
    assert "<html" not in text
    elsewhere = client.get(reverse("order_call", args=[merchant.public_id, day.in_error.ref, call.pk]))
    assert elsewhere.status_code == 404


def test_trying_again_makes_the_order_due_and_wakes_its_delivery(client: Client, day: Day, merchant: Merchant) -> None:
    client.post(reverse("order_do", args=[merchant.public_id, day.in_error.ref, "retry"]))
    with acting_for(merchant):
        order = Order.objects.get(pk=day.in_error.pk)
        stream = Stream.objects.get(connection=day.setup.tradegecko, kind="deliver_orders")
        told = Event.objects.filter(about="order", about_id=order.pk).latest("id")
        assert Problem.objects.get(pk=day.unknown_sku.pk).closed_at is None, "two others still wait for it"
    assert (order.status, order.reason, order.problem_id, order.attempts) == ("new", "", None, 0)
    assert order.due_at is not None
    assert order.due_at <= timezone.now()
    assert stream.wakes == 1
    assert stream.due_at is not None
    assert stream.due_at <= timezone.now()
    assert (told.kind, told.actor) == ("retried", "alice@example.com")


def test_solving_a_cause_tries_all_its_orders_again_and_closes_it(client: Client, day: Day, merchant: Merchant) -> None:
    client.post(reverse("retry_problem", args=[merchant.public_id, day.unknown_sku.pk]))
    with acting_for(merchant):
        assert Order.objects.filter(status="error").count() == 0
        assert Problem.objects.get(pk=day.unknown_sku.pk).closed_at is not None


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "held", "reason_code": "payment", "reason": "waiting for payment"},
        {"status": "held", "reason_code": "ambiguous", "reason": "two looks did not tell"},
        {"status": "shipped"},
        {"status": "skipped", "reason_code": "made_by_us", "reason": "we made it"},
        {"status": "error", "reason": "no cart", "cart": None},
    ],
)
def test_what_trying_again_cannot_help_is_left_as_it_is(
    client: Client, shown: Callable[[Order], str], day: Day, merchant: Merchant, fields: dict[str, Any]
) -> None:
    with acting_for(merchant):
        order = make_order(day.setup, **fields)
    assert "do/retry/" not in shown(order)
    client.post(reverse("order_do", args=[merchant.public_id, order.ref, "retry"]))
    with acting_for(merchant):
        after = Order.objects.get(pk=order.pk)
    assert (after.status, after.due_at, after.reason) == (order.status, None, order.reason)


def test_a_viewer_is_offered_no_button(merchant: Merchant, day: Day) -> None:
    vera = make_member(merchant, "vera@example.com", Role.VIEWER)
    text = client_of(vera).get(reverse("order", args=[merchant.public_id, day.in_error.ref])).content.decode()
    assert "TENT-2P-GRN is not in TradeGecko." in text
    assert "do/retry/" not in text


def test_amounts_of_several_currencies_are_never_added_up(client: Client, day: Day, merchant: Merchant) -> None:
    with acting_for(merchant):
        make_order(day.setup, status="error", variant="EBAY_US", problem=day.unknown_sku, reason="x", total=Decimal("20.00"))
    text = client.get(reverse("problems", args=[merchant.public_id])).content.decode()
    assert "€258.90 + $20.00" in text


def test_a_long_list_costs_as_many_queries_as_a_short_one_and_its_tabs_cost_one(
    client: Client, merchant: Merchant, day: Day
) -> None:
    address = reverse("orders", args=[merchant.public_id])

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        assert sum("COUNT(*) FROM" in each["sql"] and "orders_order" in each["sql"] for each in asked.captured_queries) == 1
        return len(asked)

    queries()  # the first answer also writes the session
    few = queries()
    assert few <= 32
    with acting_for(merchant):
        for _ in range(40):
            make_order(day.setup)
    assert queries() == few
