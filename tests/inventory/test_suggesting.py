"""Suggestions: what differs in case and punctuation first, then what begins alike, then what looks alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.inventory.suggesting import MOST, Catalogue, Item, plain

HOUSE = Catalogue(
    [
        Item("TENT-2P-GRN", "Tent for two, green"),
        Item("TENT-2P-RED", "Tent for two, red"),
        Item("TENT-4P", "Family tent"),
        Item("PEG-10", "Tent pegs, 10 pieces"),
        Item("B00X", "Selbstaufblasende Isomatte, 6 cm"),
        Item("", "Nameless"),
    ]
)


@pytest.mark.parametrize(
    ("code", "title", "first"),
    [
        ("tent2pgrn", "", "TENT-2P-GRN"),
        ("TENT_2P/RED", "", "TENT-2P-RED"),
        ("TENT-2P-GRN-DE", "", "TENT-2P-GRN"),
        ("TENT-2P-GREN", "", "TENT-2P-GRN"),
        ("MAT-SELF-6", "Selbstaufblasende Isomatte 6cm", "B00X"),
    ],
)
def test_the_likeliest_comes_first(code: str, title: str, first: str) -> None:
    assert HOUSE.suggest(code, title)[0] == first


def test_what_begins_alike_comes_before_what_only_looks_alike() -> None:
    house = Catalogue([Item("ABCDX-1"), Item("ABCD"), Item("ABCE-12")])
    assert house.suggest("ABCD-12")[0] == "ABCD"


@pytest.mark.parametrize(("code", "title"), [("", ""), ("---", ""), ("ZZZ-999", "Something else altogether")])
def test_where_nothing_is_alike_nothing_is_suggested(code: str, title: str) -> None:
    assert HOUSE.suggest(code, title) == []


skus = st.text("ABCdef-_ /019ß", min_size=1, max_size=12)


@given(there=st.lists(skus, max_size=20), code=skus, title=st.text(max_size=20))
def test_only_what_is_there_is_suggested_each_once_and_the_same_one_first(there: list[str], code: str, title: str) -> None:
    found = Catalogue([Item(sku) for sku in there]).suggest(code, title)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
    assert set(found) <= set(there)
    same = {sku for sku in there if plain(sku) == plain(code) and plain(code)}
    assert not same or found[0] in same
