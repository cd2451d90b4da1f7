"""Orders that are late, or due within a day: where they show, and who hears of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cartrover.events.models import Problem
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.counts import late
from cartrover.orders.deadlines import standing, tell_late
from cartrover.orders.models import Order
from cartrover.pages.formats import day_and_time
from tests.portal.story import Setup, make_order, set_up

HOUR = timedelta(hours=1)


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    return set_up(merchant)


def due(setup: Setup, in_: timedelta, status: str = "at_wms") -> Order:
    return make_order(setup, status=status, ship_by=timezone.now() + in_)


@pytest.mark.parametrize(
    ("in_", "status", "expected"),
    [
        (-HOUR, "at_wms", "late"),
        (-HOUR, "held", "late"),
        (HOUR, "new", "due"),
        (23 * HOUR, "error", "due"),
        (25 * HOUR, "at_wms", ""),
        (-HOUR, "shipped", ""),
        (-HOUR, "confirmed", ""),
        (-HOUR, "canceled", ""),
        (-HOUR, "skipped", ""),
    ],
)
def test_an_order_is_late_or_due_while_it_has_not_wholly_left(setup: Setup, in_: timedelta, status: str, expected: str) -> None:
    with acting_for(setup.merchant):
        order = due(setup, in_, status)
        assert standing(order, timezone.now()) == expected
        assert late(Order.objects.all()).exists() == bool(expected)


def test_an_order_without_a_date_is_never_late(setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = make_order(setup, status="at_wms", ship_by=None)
        assert standing(order, timezone.now()) == ""
        assert not late(Order.objects.all()).exists()


def test_the_day_is_the_merchants() -> None:
    now = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)  # already tomorrow in Tokyo
    moment = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    assert day_and_time(moment, "Europe/Berlin", now=now) == "tomorrow 10:00"
    assert day_and_time(moment, "Asia/Tokyo", now=now) == "today 18:00"
    assert day_and_time(moment - timedelta(days=2), "UTC", now=now) == "yesterday 09:00"
    assert day_and_time(moment - timedelta(days=3), "UTC", now=now) == "19 Nov 09:00"


def problems() -> list[str]:
    return list(Problem.objects.filter(closed_at__isnull=True).values_list("words", flat=True))


def test_one_problem_a_warehouse_counts_them_and_goes_by_itself(setup: Setup) -> None:
    with acting_for(setup.merchant):
        orders = [due(setup, -HOUR), due(setup, HOUR, "new")]
        tell_late()
        (words,) = problems()
        assert words.startswith("2 orders are late or due within 24 h at TradeGecko Main.")
        opened = Problem.objects.get()
        Order.objects.filter(pk=orders[0].pk).update(status="shipped")
        tell_late()
        assert [each.startswith("1 order is late") for each in problems()] == [True]
        assert Problem.objects.get().pk == opened.pk, "the same cause"
        Order.objects.filter(pk=orders[1].pk).update(status="shipped")
        tell_late()
        assert problems() == []


def test_a_round_asks_one_question_where_nothing_is_new(setup: Setup) -> None:
    with acting_for(setup.merchant):
        due(setup, -HOUR)
        tell_late()
        with CaptureQueriesContext(connection) as asked:
            tell_late()
    assert len(asked) == 1
