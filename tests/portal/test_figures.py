"""The dashboard's figures: days of the merchant's zone, times from the rows, and pictures that stay on their canvas."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from cartrover.connections.models import Cart
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, Shipment
from cartrover.portal.charts import HEIGHT, WIDTH, bars, line
from cartrover.portal.figures import figures
from tests.portal.story import busy_day, make_order, set_up, ship

AT = datetime(2026, 3, 29, 12, tzinfo=UTC)  # the day on which clocks go forward in Berlin


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    monkeypatch.setattr("cartrover.portal.figures.timezone.now", lambda: AT)
    return AT


def test_a_day_is_the_merchants_own(merchant: Merchant, clock: datetime) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        for placed in ("2026-03-28T22:59:59", "2026-03-28T23:00:00", "2026-03-29T21:59:59", "2026-03-15T12:00:00"):
            order = make_order(setup)
            Order.objects.filter(pk=order.pk).update(placed_at=datetime.fromisoformat(f"{placed}+00:00"))
        told = {f"{day.day:%d}": day.orders for day in figures(merchant).days}
    assert (told["28"], told["29"], len(told)) == (1, 2, 14)


def test_times_are_the_median_and_what_95_of_100_stay_below(merchant: Merchant, clock: datetime) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        Cart.objects.update(went_live_at=AT - timedelta(days=3))
        for minutes in (1, 2, 3, 4, 100):
            order = make_order(setup, status="at_wms")
            placed = AT - timedelta(hours=2)
            Order.objects.filter(pk=order.pk).update(placed_at=placed, delivered_at=placed + timedelta(minutes=minutes))
            package = ship(order, state="uploaded", tracking=f"T{minutes}")
            Shipment.objects.filter(pk=package.pk).update(seen_at=placed, uploaded_at=placed + timedelta(seconds=minutes))
        before = make_order(setup, status="at_wms")
        Order.objects.filter(pk=before.pk).update(placed_at=AT - timedelta(days=5), delivered_at=AT)
        told = figures(merchant)
    assert told.delivery is not None
    assert told.tracking is not None
    assert (told.delivery.median, told.tracking.median) == (timedelta(minutes=3), timedelta(seconds=3))
    assert timedelta(minutes=4) < told.delivery.most < timedelta(minutes=100)
    assert told.days[-1].delivery == told.delivery
    assert told.days[-6].delivery is None


def test_nothing_has_no_times(merchant: Merchant, clock: datetime) -> None:
    with acting_for(merchant):
        told = figures(merchant)
    assert (told.delivery, told.tracking, {day.orders for day in told.days}) == (None, None, {0})


@given(st.lists(st.integers(0, 10_000), max_size=40))
def test_bars_stand_on_the_ground_within_the_canvas_and_keep_their_order(values: list[int]) -> None:
    told = bars([float(value) for value in values])
    assert all(0 <= bar.y <= HEIGHT and abs(bar.y + bar.height - HEIGHT) < 0.02 for bar in told)
    assert all(left.x + left.width <= right.x + 0.02 for left, right in pairwise(told))
    assert all(bar.x + bar.width <= WIDTH + 0.02 for bar in told)
    for (one, first), (other, second) in pairwise(zip(values, told, strict=True)):
        assert one >= other or first.height <= second.height


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e6)), max_size=40))
def test_a_line_is_broken_where_days_are_missing_and_stays_on_the_canvas(values: list[float | None]) -> None:
    most = max((value for value in values if value is not None), default=1.0)
    told = line(values, most)
    points = [tuple(point.split(",")) for part in told.parts for point in part.split()] + told.dots
    assert len(points) == len(set(points)) == sum(value is not None for value in values)
    assert all(len(part.split()) > 1 for part in told.parts)
    assert all(0 <= float(place) <= size for point in points for place, size in zip(point, (WIDTH, HEIGHT), strict=True))


def test_the_dashboard_shows_them_as_pictures_and_as_a_table(
    visit: Callable[[User], Client], merchant: Merchant, alice: User
) -> None:
    cache.clear()
    busy_day(merchant, 12)
    page = visit(alice).get(reverse("figures", args=[merchant.public_id])).content.decode()
    today = timezone.now().astimezone(timezone.get_fixed_timezone(60))
    assert page.count("<rect") == 14
    assert f"{today:%a} {today.day} {today:%b}" in page
    assert "From shipment to marketplace" in page
    assert "<table" in page


def test_a_time_that_was_measured_on_one_day_is_said_in_words(
    visit: Callable[[User], Client], merchant: Merchant, alice: User
) -> None:
    def shown() -> str:
        cache.clear()
        return " ".join(visit(alice).get(reverse("figures", args=[merchant.public_id])).content.decode().split())

    setup = set_up(merchant)
    assert "No order was placed on these days." in shown()
    assert "No order has gone to a warehouse on these days." in shown()
    now = timezone.now()
    with acting_for(merchant):
        Cart.objects.update(went_live_at=now - timedelta(days=9))
        orders = [make_order(setup, status="at_wms", placed_at=now - timedelta(days=days)) for days in (0, 4)]
        Order.objects.filter(pk=orders[0].pk).update(delivered_at=now + timedelta(seconds=0.4))
    assert "<b>under a second</b> for half of them" in shown()
    assert "<polyline" not in shown()
    with acting_for(merchant):
        Order.objects.filter(pk=orders[1].pk).update(delivered_at=now - timedelta(days=4) + timedelta(seconds=0.4))
    assert "half in under a second" in shown()
    assert shown().count('class="chart-line chart-dot') == 4
    assert "up to 1 s" in shown()
