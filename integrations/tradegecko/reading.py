"""Reads single values of TradeGecko's JSON. A value of an unexpected shape raises Unreadable with its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from integrations.outcomes import RetryLater

Row = Mapping[str, Any]


class Unreadable(RetryLater):
    """A field holds what its place cannot mean. ``path`` names it, ``why`` says what is wrong with it.

    One order of a page is set aside for it; anywhere else nothing can be said without the field, so it is asked for again.
    """

    def __init__(self, path: str, why: str) -> None:
        super().__init__("TradeGecko answered in a way that we cannot read.", detail=f"{path}: {why}")
        self.path = path
        self.why = why


def identifier(row: Row, key: str, at: str = "") -> str:
    """An id as text; TradeGecko's are integers."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise Unreadable(at + key, f"{value!r} is no id")
    return str(value)


def reference(row: Row, key: str) -> str:
    """An id as text, or empty where there is none."""
    return "" if row.get(key) in (None, "") else identifier(row, key)


def number(row: Row, key: str, at: str = "") -> Decimal:
    """A figure. TradeGecko writes ``"30"``, ``"-1.5"``, ``null`` and ``0``; null and a missing one are zero."""
    value = row.get(key)
    if value in (None, ""):
        return Decimal(0)
    try:
        read = Decimal(str(value))
    except InvalidOperation:
        raise Unreadable(at + key, f"{value!r} is no number") from None
    if not read.is_finite():
        raise Unreadable(at + key, f"{value!r} is no number")
    return read


def whole(row: Row, key: str, at: str = "") -> int:
    """A quantity, which may be written ``"10.0"``."""
    read = number(row, key, at)
    if read != read.to_integral_value():
        raise Unreadable(at + key, f"{read} is not a whole quantity")
    return int(read)


def text(row: Row, key: str) -> str:
    """Text; empty where it is null or missing."""
    value = row.get(key)
    return "" if value is None else str(value).strip()


def moment(row: Row, key: str, at: str = "") -> datetime:
    """A timestamp in UTC."""
    read = moment_or_none(row, key, at)
    if read is None:
        raise Unreadable(at + key, "is missing")
    return read


def moment_or_none(row: Row, key: str, at: str = "") -> datetime | None:
    """A timestamp in UTC, or None where it is null or empty. One without a zone is UTC."""
    value = row.get(key)
    if value in (None, ""):
        return None
    try:
        read = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unreadable(at + key, f"{value!r} is no time") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def day_or_none(row: Row, key: str) -> date | None:
    """A date, or None where there is none to read: no decision rests on one."""
    try:
        return date.fromisoformat(text(row, key)[:10])
    except ValueError:
        return None


def words(row: Row, key: str) -> tuple[str, ...]:
    """A list of texts; older answers lack the key."""
    value = row.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def by_key(rows: Iterable[Row], key: str) -> dict[str, Row]:
    """Rows by the text of that id."""
    return {text(row, key): row for row in rows}


def grouped(rows: Iterable[Row], key: str) -> dict[str, list[Row]]:
    """Rows in lists by the text of that id, each in the order of their positions."""
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=_position):
        groups.setdefault(text(row, key), []).append(row)
    return groups


def _position(row: Row) -> tuple[int, int]:
    """What cannot be read here goes first: the order must not decide whether a page can be read."""
    position, row_id = row.get("position"), row.get("id")
    return (position if isinstance(position, int) else 0, row_id if isinstance(row_id, int) else 0)
