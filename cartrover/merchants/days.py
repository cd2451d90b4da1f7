"""A merchant's days: they begin at midnight where the merchant is."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins. Raises ValueError for one of no order: near the ends of the calendar a moment has no time elsewhere."""
    if not 1970 <= day.year <= 9000:
        raise ValueError(f"{day} is no day of an order")
    return datetime.combine(day, time(), zone)
