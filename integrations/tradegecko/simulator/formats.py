"""How the API writes and reads numbers, moments and JSON."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Any

DECIMALS = {
    "amount",
    "base_price",
    "buy_price",
    "default_discount_rate",
    "discount",
    "discount_amount",
    "exchange_rate",
    "initial_cost_price",
    "price",
    "quantity",
    "rate",
    "retail_price",
    "tax_rate_override",
    "wholesale_price",
}
DATES = {"due_at", "invoiced_at", "issued_at", "packed_at", "ship_at"}
MOMENTS = {"paid_at", "received_at", "shipped_at"}
TEXT_IDS = {"default_price_list_id", "default_price_type_id"}
_DAY_FORMATS = ("%d-%m-%Y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d")
_HTML_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_HTML_CHARACTERS = re.compile("[&<>\u2028\u2029]")


def money(value: Decimal) -> str:
    """``"166.75"``, ``"10.0"``: not padded, but always with a decimal point."""
    text = plain(value)
    return text if "." in text else f"{text}.0"


def plain(value: Decimal) -> str:
    """``"301"``, ``"-12"``, ``"1.5"``: as stock figures are written."""
    return format(value.normalize() + 0, "f")


def number(value: Any) -> Decimal:
    """The number in a string, int or float; ``ValueError`` if it is none."""
    try:
        parsed = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(f"not a number: {value!r}") from None
    if not parsed.is_finite():
        raise ValueError(f"not a number: {value!r}")
    return parsed


def moment(value: datetime) -> str:
    """``2013-03-28T08:02:43.377Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """A time in any form the API takes, in UTC; ``ValueError`` if it is none."""
    text = text.strip()
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = _parse_written(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _parse_written(text: str) -> datetime:
    for form in _DAY_FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return parsedate_to_datetime(text)


def parse_day(text: str) -> date:
    """The day as it is written, whatever zone stands behind it; ``ValueError`` if there is none."""
    text = text.strip()
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return _parse_written(text).date()


def coerce(name: str, value: Any) -> Any:
    """``value`` in the type the API keeps the attribute ``name`` in; ``ValueError`` with Rails' words if it cannot be."""
    if value is None or value == "":
        return None if name in DECIMALS | DATES | MOMENTS or name.endswith("_id") else value
    if name in DECIMALS:
        try:
            return money(number(value))
        except ValueError:
            raise ValueError("is not a number") from None
    if name in DATES or name in MOMENTS:
        return _coerce_time(name, str(value))
    if name.endswith("_id") and name not in TEXT_IDS:
        return int(value) if str(value).isdigit() else 0
    return value


def _coerce_time(name: str, text: str) -> str:
    try:
        return parse_day(text).isoformat() if name in DATES else moment(parse_moment(text))
    except ValueError:
        raise ValueError("is not a valid date") from None


def dump(value: Any) -> str:
    """Compact JSON with ``& < >`` escaped, as the API sends it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _HTML_CHARACTERS.sub(lambda found: _HTML_ESCAPES[found.group()], text)
