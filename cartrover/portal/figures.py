"""The dashboard's figures, day by day: how many orders came, and how long they and their packages took.

A day is one of the merchant's own zone. What was placed before its cart went live did not wait for us, so its time does not
count. Call inside the merchant's door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Aggregate, Count, DurationField, F, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from cartrover.merchants.models import Merchant
from cartrover.orders.models import Order, Shipment

DAYS = 14


class _Percentile(Aggregate):
    """PostgreSQL's ``percentile_cont``: the value below which this share of all lies."""

    function = "percentile_cont"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Any, share: float) -> None:
        super().__init__(expression, share=share)


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took: half of all at most ``median``, 95 of 100 at most ``most``."""

    median: timedelta
    most: timedelta


@dataclass(frozen=True, slots=True)
class Day:
    """One day: orders placed, from sale to warehouse, from shipment to marketplace. None where nothing went its way."""

    day: date
    orders: int
    delivery: Took | None
    tracking: Took | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The days, oldest first, and the two times over all of them."""

    days: list[Day]
    delivery: Took | None
    tracking: Took | None


def figures(merchant: Merchant, days: int = DAYS) -> Figures:
    """The last days, today's among them."""
    zone = ZoneInfo(merchant.time_zone)
    today = timezone.now().astimezone(zone).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time(), zone)
    placed = Order.objects.filter(placed_at__gte=since)
    delivered = placed.filter(delivered_at__isnull=False, placed_at__gte=F("cart__went_live_at"))
    told = Shipment.objects.filter(seen_at__gte=since, uploaded_at__isnull=False)
    counts = dict(_by_day(placed, "placed_at", zone).values_list("day").annotate(Count("pk")))
    delivery = _times(delivered, "placed_at", F("delivered_at") - F("placed_at"), zone)
    tracking = _times(told, "seen_at", F("uploaded_at") - F("seen_at"), zone)
    each = [first + timedelta(days=number) for number in range(days)]
    return Figures(
        [Day(day, counts.get(day, 0), delivery.get(day), tracking.get(day)) for day in each],
        _time(delivered, F("delivered_at") - F("placed_at")),
        _time(told, F("uploaded_at") - F("seen_at")),
    )


def _by_day(rows: QuerySet[Any], column: str, zone: ZoneInfo) -> QuerySet[Any]:
    told: QuerySet[Any] = rows.annotate(day=TruncDate(column, tzinfo=zone)).order_by()
    return told


def _times(rows: QuerySet[Any], column: str, length: Any, zone: ZoneInfo) -> Mapping[date, Took]:
    told = _by_day(rows, column, zone).values("day").annotate(median=_Percentile(length, 0.5), most=_Percentile(length, 0.95))
    return {row["day"]: _took(row) for row in told}


def _time(rows: QuerySet[Any], length: Any) -> Took | None:
    row = rows.order_by().aggregate(median=_Percentile(length, 0.5), most=_Percentile(length, 0.95))
    return _took(row) if row["median"] is not None else None


def _took(row: Mapping[str, Any]) -> Took:
    """Never below nothing: two clocks may differ."""
    return Took(max(row["median"], timedelta()), max(row["most"], timedelta()))
