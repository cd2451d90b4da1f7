"""Reading a provider's changes in closed windows, each of which fits one page.

Paging by offset over a list that changes loses records for ever (a record that moves back is stepped over). So a window that does
not fit one page is split in proportion to its total until it does. Only what cannot be split any further is walked by offset,
until two walks agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from integrations.contract import Page, Window

Record = TypeVar("Record")
Read = Callable[[Window, int], "Page[Record]"]

AIM = 0.75  # of a page: room for what comes in while we split
SMALLEST = timedelta(seconds=1)
WALKS = 5


def read_windows(read: Read[Record], window: Window) -> Iterator[tuple[Window, tuple[Record, ...]]]:
    """Yield (window, its records) in order of time until the whole window is read. ``read(window, offset)`` asks for one page."""
    page = read(window, 0)
    if page.complete:
        yield window, page.records
        return
    if window.end - window.start <= SMALLEST:
        yield window, _walked(read, window)
        return
    for part in split(window, page.total, page.limit):
        yield from read_windows(read, part)


def split(window: Window, total: int, limit: int) -> list[Window]:
    """Parts that follow one another without a gap, as many as the total suggests. Their common edges are read twice."""
    parts = max(2, math.ceil(total / max(1, int(limit * AIM))))
    length = (window.end - window.start) / parts
    edges = [window.start + length * number for number in range(parts)] + [window.end]
    return [Window(_whole_ms(start), _whole_ms(end)) for start, end in pairwise(edges)]


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _walked(read: Read[Record], window: Window) -> tuple[Record, ...]:
    before: list[Record] | None = None
    walk: list[Record] = []
    for _ in range(WALKS):
        walk = _walk(read, window)
        if walk == before:
            break
        before = walk
    return tuple(walk)


def _walk(read: Read[Record], window: Window) -> list[Record]:
    records: list[Record] = []
    while True:
        page = read(window, len(records))
        records += page.records
        if not page.records or len(records) >= page.total:
            return records
