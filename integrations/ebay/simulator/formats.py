"""How eBay writes moments and money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

_STAMP = "%Y-%m-%dT%H:%M:%S.%fZ"


def stamp(moment: datetime) -> str:
    """``2026-11-22T10:15:00.000Z``. Stamps compare as text in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment(text: str) -> datetime:
    """The moment of a stamp, which must have milliseconds and Z. ValueError otherwise."""
    if len(text) != len("2026-11-22T10:15:00.000Z"):
        raise ValueError(f"not a stamp: {text!r}")
    return datetime.strptime(text, _STAMP).replace(tzinfo=UTC)


def amount(value: Decimal, currency: str) -> dict[str, str]:
    """Money with as few decimals as it needs, but one: 35.0, 70.33, 0.0."""
    text = format(value.quantize(Decimal("0.01")).normalize(), "f")
    return {"value": text if "." in text else f"{text}.0", "currency": currency}


def value(money: dict[str, str]) -> Decimal:
    return Decimal(money["value"])
