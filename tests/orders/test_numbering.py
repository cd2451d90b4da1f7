"""cust_ref: short, unique, and the same again."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from cartrover.orders.numbering import LONGEST, candidates, choose, plain

numbers = st.text(max_size=60)
identities = st.text(alphabet="abc123/", min_size=1, max_size=20)


def among(refs: set[str]) -> Callable[[set[str]], set[str]]:
    return lambda asked: asked & refs


@given(numbers, identities)
def test_a_reference_is_what_every_warehouse_can_take(number: str, identity: str) -> None:
    for ref in islice(candidates(number, identity), 4):
        assert re.fullmatch("[A-Z0-9]{1,20}", ref)


@given(st.dictionaries(identities, numbers, max_size=30), st.sets(st.text(alphabet="AB1", min_size=1, max_size=3)))
def test_no_two_orders_share_a_reference_and_none_takes_another_ones(orders: dict[str, str], taken: set[str]) -> None:
    chosen = choose({identity: (number, identity) for identity, number in orders.items()}, among(taken))
    assert set(chosen) == set(orders)
    assert len(set(chosen.values())) == len(orders)
    assert not set(chosen.values()) & taken


@given(numbers, identities)
def test_the_same_order_gets_the_same_reference_again(number: str, identity: str) -> None:
    assert list(islice(candidates(number, identity), 3)) == list(islice(candidates(number, identity), 3))


def test_a_number_that_fits_is_recognised_at_once() -> None:
    assert choose({1: ("12-34567-89012", "ebay/12-34567-89012")}, among(set())) == {1: "123456789012"}


def test_a_number_that_is_taken_keeps_its_beginning() -> None:
    [ref] = choose({1: ("1001", "tradegecko/77")}, among({"1001"})).values()
    assert ref.startswith("1001")
    assert len(ref) == 10


def test_a_number_that_is_too_long_is_cut_and_told_apart_from_its_neighbour() -> None:
    long = "A-VERY-LONG-ORDER-NUMBER-000"
    chosen = choose({each: (f"{long}{each}", f"c/{each}") for each in (1, 2)}, among(set()))
    assert chosen[1] != chosen[2]
    assert all(ref.startswith("AVERYLONGORDER") and len(ref) == LONGEST for ref in chosen.values())


def test_a_number_without_letters_and_digits_still_gets_a_reference() -> None:
    assert plain("注文 № –") == ""
    assert len(next(candidates("注文", "c/1"))) == 6
