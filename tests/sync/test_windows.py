"""Windows cover the whole span, and nothing is missed while records move."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cartrover.sync.windows import read_windows
from integrations.contract import Page, Window

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
LENGTH = 3_600_000  # milliseconds of the span that is read
LIMIT = 7
moments = st.integers(0, LENGTH)


def at(milliseconds: int) -> datetime:
    return BEGIN + timedelta(milliseconds=milliseconds)


class Provider:
    """Lists records by when they were modified, the newest first, in pages by offset. ``touch`` is done after each page."""

    def __init__(self, modified: Iterable[int], touch: Callable[[Provider], None] = lambda provider: None) -> None:
        self.modified = dict(enumerate(modified))
        self.touch = touch
        self.calls: list[Window] = []

    def page(self, window: Window, offset: int) -> Page[tuple[int, int]]:
        self.calls.append(window)
        inside = [(key, when) for key, when in self.modified.items() if window.start <= at(when) <= window.end]
        inside.sort(key=lambda record: (-record[1], record[0]))
        told = Page(tuple(inside[offset : offset + LIMIT]), len(inside), LIMIT)
        self.touch(self)
        return told


def read(provider: Provider, first: int = 0, last: int = LENGTH) -> list[tuple[Window, tuple[tuple[int, int], ...]]]:
    return list(read_windows(provider.page, Window(at(first), at(last))))


@given(st.lists(moments, max_size=120))
def test_parts_follow_one_another_without_a_gap_and_tell_every_record(modified: list[int]) -> None:
    provider = Provider(modified)
    parts = [part for part, _records in read(provider)]
    assert (parts[0].start, parts[-1].end) == (at(0), at(LENGTH))
    assert all(one.end == following.start for one, following in pairwise(parts))
    told = {key for _part, records in read(provider) for key, _when in records}
    assert told == set(provider.modified)


@given(st.lists(moments, max_size=120))
def test_a_quiet_span_costs_few_calls(modified: list[int]) -> None:
    provider = Provider(modified)
    read(provider)
    assert len(provider.calls) <= 30 + 4 * len(modified)


@given(moments, st.integers(LIMIT + 1, 4 * LIMIT))
def test_more_than_a_page_in_one_instant_is_walked(moment: int, count: int) -> None:
    provider = Provider([moment] * count)
    assert {key for _part, records in read(provider) for key, _when in records} == set(range(count))


@given(st.lists(moments, min_size=1, max_size=80), st.randoms(use_true_random=False))
def test_what_moves_out_of_the_span_while_it_is_read_is_in_the_next_one(modified: list[int], chance: Random) -> None:
    """Each page that is answered moves a record to now, as a busy shop does: offset paging would step over others."""
    moved = [LENGTH]

    def touch(provider: Provider) -> None:
        moved[0] += 10
        provider.modified[chance.choice(list(provider.modified))] = moved[0]

    provider = Provider(modified, touch)
    told: dict[int, int] = {}
    for _part, records in read(provider):
        told |= dict(records)
    provider.touch = lambda provider: None
    for _part, records in read(provider, LENGTH, moved[0] + 1):
        told |= {key: max(when, told.get(key, 0)) for key, when in records}
    assert told == provider.modified


@given(st.lists(moments, max_size=60), st.integers(-3, 3))
def test_a_total_that_lies_does_not_keep_us_for_ever(modified: list[int], lie: int) -> None:
    provider = Provider(modified)
    honest = provider.page

    def lying(window: Window, offset: int) -> Page[tuple[int, int]]:
        page = honest(window, offset)
        return Page(page.records, max(0, page.total + lie), page.limit)

    parts = list(read_windows(lying, Window(at(0), at(LENGTH))))
    assert parts[-1][0].end == at(LENGTH)
    if lie >= 0:
        assert {key for _part, records in parts for key, _when in records} == set(provider.modified)
