"""Orders are pulled again by number or date, and an order's page shows what the cart said of it, without secrets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Job
from tests.portal.story import Day, busy_day

Visit = Callable[[User | None], Client]


@pytest.fixture
def day(merchant: Merchant) -> Day:
    return busy_day(merchant, 0)


def the_job(merchant: Merchant) -> Job:
    with acting_for(merchant):
        return Job.objects.select_related("cart").get()


def test_numbers_are_asked_for_as_they_were_pasted_each_once(visit: Visit, alice: User, day: Day) -> None:
    public_id, cart = day.setup.merchant.public_id, day.setup.carts["EBAY_DE"]
    answer = visit(alice).post(
        reverse("pull_orders_again", args=[public_id]), {"cart": cart.public_id, "numbers": " 12-1, 12-2\r\n12-1\n\n 12-3"}
    )
    job = the_job(day.setup.merchant)
    assert answer["location"] == reverse("job", args=[public_id, job.public_id])
    assert (job.kind, job.cart, job.args) == ("pull_again", cart, {"numbers": ["12-1", "12-2", "12-3"]})
    with acting_for(day.setup.merchant):
        assert Change.objects.latest("pk").what == "asked to pull again"


def test_days_begin_and_end_at_the_merchants_midnight(visit: Visit, alice: User, day: Day) -> None:
    asked = {"cart": day.setup.carts["EBAY_DE"].public_id, "first": "2026-03-10", "last": "2026-03-11"}
    visit(alice).post(reverse("pull_orders_again", args=[day.setup.merchant.public_id]), asked)
    args = the_job(day.setup.merchant).args
    assert (args["start"], args["end"]) == ("2026-03-10T00:00:00+01:00", "2026-03-12T00:00:00+01:00")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"numbers": " ,, "}, "Name at least one order."),
        ({"numbers": ",".join(map(str, range(51)))}, "These are 51 numbers; 50 go at once."),
        ({"first": "2026-03-11", "last": "2026-03-10"}, "It ends before it begins."),
        ({"first": "2025-01-01", "last": "2026-01-01"}, "At most 92 days go at once."),
        ({"numbers": "12-1", "cart": "nobody's"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(
    visit: Visit, alice: User, day: Day, asked: dict[str, str], words: str
) -> None:
    asked = {"cart": day.setup.carts["EBAY_DE"].public_id, **asked}
    answer = visit(alice).post(reverse("pull_orders_again", args=[day.setup.merchant.public_id]), asked)
    assert answer.status_code == 400
    assert words in answer.content.decode()


def test_a_merchant_without_a_cart_is_led_to_one(visit: Visit, alice: User, merchant: Merchant) -> None:
    text = visit(alice).get(reverse("pull_orders_again", args=[merchant.public_id])).content.decode()
    assert "No cart to pull from" in text


def test_what_the_cart_said_of_an_order_is_one_click_below_with_secrets_masked(visit: Visit, alice: User, day: Day) -> None:
    raw = {"orderId": "12-1", "buyer": {"username": "maria", "accessToken": "v^1.1#abc"}, "notes": ["<script>"]}
    with acting_for(day.setup.merchant):
        Order.objects.filter(pk=day.shipped.pk).update(raw=raw)
    client, where = visit(alice), (day.setup.merchant.public_id, day.shipped.ref)
    assert reverse("order_payload", args=where) in client.get(reverse("order", args=where)).content.decode()
    text = client.get(reverse("order_payload", args=where)).content.decode()
    assert "&quot;username&quot;: &quot;maria&quot;" in text
    assert "&quot;accessToken&quot;: &quot;***&quot;" in text
    assert "v^1.1" not in text
    assert "<script>" not in text
    assert "<html" not in text
