"""Money and times as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from django.utils import timezone

SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "AUD": "A$",
    "CAD": "C$",
    "HKD": "HK$",
    "SGD": "S$",
    "CHF": "CHF\u00a0",
}
NO_CENTS = {"JPY", "KRW", "TWD", "VND", "HUF", "CLP", "ISK"}


def money(amount: Decimal | None, currency: str) -> str:
    """``€1,204.00``. Amounts keep more than two places only where they have them (unit prices)."""
    if amount is None:
        return "–"
    places = 0 if currency in NO_CENTS else 2
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int):
        places = max(places, min(-exponent, 4))
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
    sign = "−" if rounded < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency + chr(0xA0))}{abs(rounded):,.{places}f}"


def local(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone))


def clock(moment: datetime, zone: str, *, seconds: bool = False, now: datetime | None = None) -> str:
    """``14:32`` today, ``21 Nov 14:32`` this year, ``21 Nov 2025 14:32`` before."""
    then, today = local(moment, zone), local(now or timezone.now(), zone)
    time = then.strftime("%H:%M:%S" if seconds else "%H:%M")
    if then.date() == today.date():
        return time
    day = f"{then.day} {then:%b}" if then.year == today.year else f"{then.day} {then:%b %Y}"
    return f"{day} {time}"


_DAYS = {-1: "yesterday", 0: "today", 1: "tomorrow"}


def day_and_time(moment: datetime, zone: str, *, now: datetime | None = None) -> str:
    """``today 18:00``, ``tomorrow 09:00``, ``21 Nov 18:00``."""
    then, today = local(moment, zone), local(now or timezone.now(), zone)
    day = _DAYS.get((then.date() - today.date()).days)
    return f"{day} {then:%H:%M}" if day else clock(moment, zone, now=now)


def day(moment: datetime, zone: str) -> str:
    """``21 Nov 2025``."""
    then = local(moment, zone)
    return f"{then.day} {then:%b %Y}"


def exact(moment: datetime, zone: str) -> str:
    """``Tue 22 Nov 2026, 14:32:07 CET (Europe/Berlin)``: with the zone by both its names."""
    then = local(moment, zone)
    return f"{then:%a} {then.day} {then:%b %Y, %H:%M:%S %Z} ({zone})"


def span(length: timedelta) -> str:
    """``under a second``, ``40 s``, ``12 min``, ``3 h``, ``5 days``: one unit, rounded down."""
    seconds = int(length.total_seconds())
    if seconds < 1:
        return "under a second"
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 2 * 86400:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} days"
