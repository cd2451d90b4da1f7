"""Rules: what each test asks of each field, and what no rule may get wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.orders.models import OrderRule
from cartrover.orders.routing import Case, case_line
from cartrover.orders.rules import FIELDS, TESTS, Rule, passes
from tests.sync.fake_cart import START


def case(**more: Any) -> Case:
    lines = (case_line("TENT-2P", "Tent", "1", "", "", 3, False, 1), case_line("PEG-10", "Pegs", "2", "", "", 1, False, 0))
    fields: dict[str, Any] = {"total": Decimal("99.90"), "note": "A gift", "buyer": ("jane", "Jane Roe", "jane@x.example")}
    address = {"country": "DE", "postal_code": "10115"}
    return Case("1", START, "", "paid", "none", "none", "", "", address, {}, lines, **{**fields, **more})


def rule(field: str, test: str, *values: str) -> Rule:
    return Rule.of(OrderRule(merchant_id=1, field=field, test=test, values=list(values), action="hold"))


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (("total", "at_least", "99.90"), True),
        (("total", "at_least", "99.91"), False),
        (("total", "below", "99.90"), False),
        (("units", "at_least", "3"), True),
        (("units", "below", "4"), True),
        (("country", "any_of", "at", "de"), True),
        (("country", "none_of", "AT"), True),
        (("postal_code", "starts", "101"), True),
        (("sku", "any_of", "peg-10"), True),
        (("sku", "none_of", "PEG-10"), False),
        (("sku", "starts", "TENT"), True),
        (("payment", "any_of", "partially_refunded"), False),
        (("note", "filled"), True),
        (("note", "contains", "GIFT"), True),
        (("buyer", "any_of", "jane@x.example"), True),
        (("total", "at_least", "plenty"), False),
        (("total", "any_of", "99.90"), False),
        (("weather", "any_of", "rain"), False),
    ],
)
def test_a_rule_is_about_what_it_says(about: tuple[str, ...], expected: bool) -> None:
    assert passes(case(), rule(*about)) == expected


def test_an_empty_note_is_not_there() -> None:
    assert not passes(case(note=""), rule("note", "filled"))


values = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4)


@given(country=st.text(max_size=4), named=values)
def test_one_of_and_none_of_are_each_others_opposite(country: str, named: list[str]) -> None:
    order = case()
    order = Case(**{**{name: getattr(order, name) for name in Case.__dataclass_fields__}, "ship_to": {"country": country}})
    assert passes(order, rule("country", "any_of", *named)) != passes(order, rule("country", "none_of", *named))


@given(total=st.decimals(0, 10_000, places=2), bound=st.decimals(0, 10_000, places=2))
def test_an_amount_is_either_at_least_or_below(total: Decimal, bound: Decimal) -> None:
    order = case(total=total)
    assert passes(order, rule("total", "at_least", str(bound))) != passes(order, rule("total", "below", str(bound)))


@given(field=st.sampled_from(list(FIELDS)), test=st.sampled_from(list(TESTS)), named=st.lists(st.text(max_size=8), max_size=3))
def test_no_rule_that_can_be_written_breaks_a_judgement(field: str, test: str, named: list[str]) -> None:
    assert passes(case(), rule(field, test, *named)) in (True, False)
