"""Reading a provider's changes in closed windows, each of which fits one page.

Paging by offset over a list that changes loses records for ever (a record that moves back is stepped over). So we go through time
in windows that fit one page, each as wide as the one before lets expect: a page that was too full makes it narrower, an empty one
wider. Only what cannot be narrower is walked by offset, until two walks agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from integrations.contract import Page, Window

Record = TypeVar("Record")
Read = Callable[[Window, int], "Page[Record]"]

AIM = 0.85  # of a page: room for what comes unevenly
WIDER = 4  # times, at most
SMALLEST = timedelta(seconds=1)
WALKS = 5


def read_windows(read: Read[Record], window: Window) -> Iterator[tuple[Window, tuple[Record, ...]]]:
    """Yield (window, its records) in order of time until the whole window is read. ``read(window, offset)`` asks for one page.

    The windows follow one another without a gap; their common edges are read twice. A record may come more than once.
    """
    start, width = window.start, window.end - window.start
    while True:
        part = Window(start, min(whole_ms(start + width), window.end))
        length = part.end - part.start
        page = _whole(read, part)
        if page.complete:
            yield part, page.records
        elif length <= SMALLEST:
            yield part, _walked(read, part)
        else:
            width = max(SMALLEST, min(length / 2, length * _aim(page) / page.total))
            continue
        if part.end >= window.end:
            return
        start, width = part.end, max(SMALLEST, length * min(WIDER, _aim(page) / max(1, page.total)))


def _whole(read: Read[Record], window: Window) -> Page[Record]:
    """The window's first page. One that is cut short is asked for once more; then what there is has to do."""
    page = read(window, 0)
    if _cut_short(page):
        page = read(window, 0)
    return Page(page.records, page.length, page.limit, page.seen) if _cut_short(page) else page


def _cut_short(page: Page[Record]) -> bool:
    return page.length < page.total <= page.limit


def _aim(page: Page[Record]) -> int:
    return max(1, int(page.limit * AIM))


def whole_ms(moment: datetime) -> datetime:
    """A moment as providers tell it: to the millisecond, never later than it is."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _walked(read: Read[Record], window: Window) -> tuple[Record, ...]:
    """Everything that any walk came upon: while they differ, each may have stepped over something."""
    found: list[Record] = []
    before: list[Record] | None = None
    for _ in range(WALKS):
        walk = _walk(read, window)
        if walk == before:
            break
        before = walk
        found += walk
    return tuple(found)


def _walk(read: Read[Record], window: Window) -> list[Record]:
    records: list[Record] = []
    offset = 0
    while True:
        page = read(window, offset)
        records += page.records
        offset += page.length
        if not page.length or offset >= page.total:
            return records
