"""The arithmetic of a listing's figure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.inventory.rules import StockRules
from cartrover.inventory.sums import Part, publishable

READ = datetime(2026, 5, 1, tzinfo=UTC)
PLAIN = StockRules()


def part(available: dict[str, str] | None = None, *, units: int = 1, sold: int = 0, most: int | None = None) -> Part:
    return Part("TENT", units, {"18": "10"} if available is None else available, sold, most, READ)


@pytest.mark.parametrize(
    ("available", "locations", "sold", "most", "figure"),
    [
        ({"18": "12.9", "34": "3"}, [], 0, None, 15),
        ({"18": "12.9", "34": "3"}, ["34"], 0, None, 3),
        ({"18": "0.6", "34": "0.6"}, [], 0, None, 1),
        ({"18": "-4", "34": "3"}, [], 0, None, 0),
        ({"18": "10"}, [], 3, None, 7),
        ({"18": "10"}, [], 30, None, 0),
        ({"18": "10"}, [], 3, 5, 5),
        ({"18": "10"}, [], 8, 5, 2),
        ({"18": "10"}, [], 0, -1, 0),
        ({}, ["99"], 0, None, 0),
    ],
)
def test_what_may_be_offered(available: dict[str, str], locations: list[str], sold: int, most: int | None, figure: int) -> None:
    assert publishable([part(available, sold=sold, most=most)], PLAIN, locations, READ).result == figure


@pytest.mark.parametrize(
    ("parts", "figure"),
    [
        ([part(units=3)], 3),
        ([part(units=3, sold=2)], 2),
        ([part(units=2), part({"18": "7"}, units=2)], 3),
        ([part(units=2), part({"18": "1"}, units=2)], 0),
        ([part(units=2), part(units=1, most=4)], 4),
    ],
    ids=["several units", "several units, some sold", "a kit", "a kit that lacks a part", "a kit of which one part is capped"],
)
def test_a_kit_is_as_many_as_its_scarcest_part_makes(parts: list[Part], figure: int) -> None:
    assert publishable(parts, PLAIN, (), READ).result == figure


@pytest.mark.parametrize(
    ("rules", "figure"),
    [
        (StockRules(buffer=3), 7),
        (StockRules(buffer=30), 0),
        (StockRules(percentage=50), 5),
        (StockRules(percentage=0), 0),
        (StockRules(percentage=25), 2),
        (StockRules(buffer=1, percentage=50), 4),
        (StockRules(minimum=10), 10),
        (StockRules(minimum=11), 0),
        (StockRules(maximum=4), 4),
        (StockRules(buffer=6, minimum=4, maximum=4), 4),
        (StockRules(buffer=7, minimum=4, maximum=4), 0),
        (StockRules(stale_hours=2), 10),
        (StockRules(stale_hours=1), 0),
    ],
)
def test_each_rule_lowers_the_figure_in_its_turn(rules: StockRules, figure: int) -> None:
    assert publishable([part()], rules, (), READ + timedelta(minutes=90)).result == figure


def test_a_sum_names_each_step_and_the_number_after_it() -> None:
    rules = StockRules(buffer=1, percentage=50, minimum=1, maximum=40, stale_hours=3)
    kit = [part({"18": "12.5", "34": "4"}, units=2, sold=3, most=12), part({"18": "9"})]
    made = publishable(kit, rules, ("18", "34"), READ)
    steps = [[(step.kind, step.detail, step.after) for step in each.steps] for each in made.parts]
    assert steps == [
        [
            ("location", "18", Decimal("12.5")),
            ("location", "34", Decimal("16.5")),
            ("rounded", "", 16),
            ("sold", "3", 13),
            ("max_online", "12", 12),
            ("units", "2", 6),
        ],
        [("location", "18", 9), ("sold", "0", 9)],
    ]
    assert [(step.kind, int(step.after)) for step in made.steps] == [
        ("least", 6),
        ("buffer", 5),
        ("percentage", 2),
        ("minimum", 2),
        ("maximum", 2),
        ("stale", 2),
    ]
    assert made.result == 2


LEVELS = st.tuples(st.integers(0, 20), st.integers(0, 20))  # a minimum, and how far above it the maximum is
RULES = st.builds(
    lambda levels, limited, **more: StockRules(minimum=levels[0], maximum=sum(levels) if limited else None, **more),
    levels=LEVELS,
    limited=st.booleans(),
    buffer=st.integers(0, 20),
    percentage=st.integers(0, 100),
    stale_hours=st.none() | st.integers(1, 48),
)
PARTS = st.lists(
    st.builds(
        part,
        st.dictionaries(st.sampled_from(["18", "34"]), st.decimals(-5, 60, places=1).map(str)),
        units=st.integers(1, 4),
        sold=st.integers(0, 20),
        most=st.none() | st.integers(-2, 40),
    ),
    min_size=1,
    max_size=3,
)


@given(parts=PARTS, rules=RULES, hours=st.integers(0, 60))
def test_no_rule_offers_what_there_is_not(parts: list[Part], rules: StockRules, hours: int) -> None:
    made = publishable(parts, rules, (), READ + timedelta(hours=hours))
    assert 0 <= made.result <= publishable(parts, PLAIN, (), READ).result
    for each in made.parts:
        there = sum((Decimal(units) for units in each.part.available.values()), Decimal(0))
        assert made.result * each.part.units <= max(Decimal(0), there - each.part.sold)
    last = made.steps[-1].after if made.steps else made.parts[0].steps[-1].after
    assert last == made.result, "the page's last number is the one that is pushed"


@given(parts=PARTS, rules=RULES, more=st.integers(0, 20))
def test_a_stricter_rule_never_shows_more(parts: list[Part], rules: StockRules, more: int) -> None:
    figure = publishable(parts, rules, (), READ).result
    stricter = [
        replace(rules, buffer=rules.buffer + more),
        replace(rules, percentage=max(0, rules.percentage - more)),
        replace(rules, minimum=min(rules.minimum + more, rules.maximum if rules.maximum is not None else 10**6)),
        replace(rules, maximum=max(rules.minimum, (rules.maximum if rules.maximum is not None else 60) - more)),
    ]
    assert all(publishable(parts, each, (), READ).result <= figure for each in stricter)


@given(parts=PARTS, rules=RULES, units=st.integers(0, 9))
def test_selling_never_raises_a_figure_and_goods_never_lower_it(parts: list[Part], rules: StockRules, units: int) -> None:
    first, *others = parts
    figure = publishable(parts, rules, (), READ).result
    sold = replace(first, sold=first.sold + units)
    came = replace(first, available={**first.available, "99": str(units)})
    assert publishable([sold, *others], rules, (), READ).result <= figure
    assert publishable([came, *others], rules, (), READ).result >= figure


@given(rules=RULES, locations=st.lists(st.sampled_from(["18", "34"]), unique=True), excluded=st.lists(st.text(max_size=9)))
def test_rules_are_kept_as_they_are(rules: StockRules, locations: list[str], excluded: list[str]) -> None:
    whole = replace(rules, locations=tuple(locations), excluded=tuple(excluded))
    assert StockRules.of(whole.stored()) == whole


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"buffer": -1}, "buffer"),
        ({"percentage": 101}, "percentage"),
        ({"minimum": "3"}, "minimum"),
        ({"maximum": 2, "minimum": 3}, "below the minimum"),
        ({"stale_hours": 0}, "hours"),
        ({"colour": 1}, "no stock rule colour"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_reason(stored: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StockRules.of(stored)
