"""Money and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from cartrover.pages import formats

NOON = datetime(2026, 11, 22, 11, 30, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1204", "EUR", "€1,204.00"),
        ("64.4000", "EUR", "€64.40"),
        ("0.0375", "USD", "$0.0375"),
        ("1980", "JPY", "¥1,980"),
        ("12.5", "PLN", "PLN\u00a012.50"),
        ("-3", "GBP", "−£3.00"),
        ("100", "EUR", "€100.00"),
    ],
)
def test_money_is_written_as_its_currency_is(amount: str, currency: str, shown: str) -> None:
    assert formats.money(Decimal(amount), currency) == shown


def test_no_amount_is_a_dash() -> None:
    assert formats.money(None, "EUR") == "–"


def test_a_time_is_as_short_as_its_day_allows() -> None:
    assert formats.clock(NOON, "Europe/Berlin", now=NOON) == "12:30"
    assert formats.clock(NOON, "Europe/Berlin", seconds=True, now=NOON) == "12:30:07"
    assert formats.clock(NOON - timedelta(days=1), "Europe/Berlin", now=NOON) == "21 Nov 12:30"
    assert formats.clock(NOON - timedelta(days=365), "Europe/Berlin", now=NOON) == "22 Nov 2025 12:30"


def test_today_is_the_merchants_own_day() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert formats.clock(late, "Europe/Berlin", now=late + timedelta(minutes=1)) == "00:30"
    assert formats.clock(late - timedelta(hours=2), "Europe/Berlin", now=late) == "22 Nov 22:30"


def test_the_exact_time_names_its_zone() -> None:
    assert formats.exact(NOON, "Europe/Berlin") == "Sun 22 Nov 2026, 12:30:07 CET (Europe/Berlin)"


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (timedelta(seconds=0.4), "under a second"),
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=5), "5 days"),
    ],
)
def test_a_length_of_time_has_one_unit(length: timedelta, shown: str) -> None:
    assert formats.span(length) == shown
