"""Pages that stay put while rows arrive: each begins after a row, not after a count of rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, QueryDict

SIZE = 50
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first. ``newer`` and ``older`` are queries to the pages beside it; empty at the ends.

    ``words`` are what those two are called where the rows have another order.
    """

    rows: list[Any]
    newer: str
    older: str
    words: tuple[str, str] = ("Newer", "Older")


def page(rows: QuerySet[Any], request: HttpRequest, by: str, size: int = SIZE) -> Page:
    """One page of ``rows`` by descending (``by``, id). ``by`` names a column of times that is never null."""
    return _page(rows, request.GET, by, _read, _mark, size, down=True)


def alphabetical(rows: QuerySet[Any], request: HttpRequest, by: str) -> Page:
    """One page of ``rows`` by ascending (``by``, id). ``by`` names a column of texts that is never null."""
    return replace(_page(rows, request.GET, by, _read_text, _text_mark, SIZE, down=False), words=("Back", "On"))


def _page(
    rows: QuerySet[Any],
    asked: QueryDict,
    by: str,
    read: Callable[[str], tuple[Any, int] | None],
    mark: Callable[[Any, str], str],
    size: int,
    *,
    down: bool,
) -> Page:
    """``read`` and ``mark`` turn the place of a row in this order from and to what stands in an address."""
    on, back = ("lt", "gt") if down else ("gt", "lt")
    forwards, backwards = (f"-{by}", "-pk") if down else (by, "pk"), (by, "pk") if down else (f"-{by}", "-pk")
    before, after = read(asked.get("before", "")), read(asked.get("after", ""))
    if after is not None:
        found = list(rows.filter(_beyond(by, after, back)).order_by(*backwards)[: size + 1])
        more_before, more_after = len(found) > size, True
        found = found[:size][::-1]
    else:
        beginning = rows.filter(_beyond(by, before, on)) if before is not None else rows
        found = list(beginning.order_by(*forwards)[: size + 1])
        more_before, more_after = before is not None, len(found) > size
        found = found[:size]
    return Page(
        found,
        _query(asked, "after", mark(found[0], by)) if found and more_before else "",
        _query(asked, "before", mark(found[-1], by)) if found and more_after else "",
    )


def page_of(entries: Sequence[Any], request: HttpRequest, key: Callable[[Any], tuple[str, str]], size: int = SIZE) -> Page:
    """One page of entries that are in memory, in the order of ``key``: a text, and what tells apart those of the same text."""
    keys = [key(entry) for entry in entries]
    before, after = (request.GET.get(name, "").rpartition("~")[::2] for name in ("before", "after"))
    if any(after):
        end = bisect_left(keys, after)
        start = max(0, end - size)
    else:
        start = bisect_right(keys, before) if any(before) else 0
        end = min(start + size, len(keys))
    return Page(
        list(entries[start:end]),
        _query(request.GET, "after", "~".join(keys[start])) if start and start < end else "",
        _query(request.GET, "before", "~".join(keys[end - 1])) if start < end < len(keys) else "",
        ("Back", "On"),
    )


def _beyond(by: str, mark: tuple[datetime | str, int], side: str) -> Q:
    """Rows beyond a mark. The first condition is the one an index answers; the second settles equal values."""
    value, pk = mark
    return Q(**{f"{by}__{side}e": value}) & (Q(**{f"{by}__{side}": value}) | Q(**{f"pk__{side}": pk}))


def _query(asked: QueryDict, name: str, mark: str) -> str:
    query = asked.copy()
    query.pop("before", None)
    query.pop("after", None)
    query[name] = mark
    return "?" + query.urlencode()


def _mark(row: Model, by: str) -> str:
    return f"{(getattr(row, by) - _EPOCH) // timedelta(microseconds=1)}-{row.pk}"


def _text_mark(row: Model, by: str) -> str:
    return f"{row.pk}-{getattr(row, by)}"


def _read_text(mark: str) -> tuple[str, int] | None:
    pk, dash, text = mark.partition("-")
    return (text, int(pk)) if dash and pk.isdecimal() and len(pk) < 19 and "\0" not in text else None


def _read(mark: str) -> tuple[datetime, int] | None:
    when, _, pk = mark.partition("-")
    if not (when.isdecimal() and pk.isdecimal() and len(when) < 18 and len(pk) < 19):
        return None
    return _EPOCH + timedelta(microseconds=int(when)), int(pk)
