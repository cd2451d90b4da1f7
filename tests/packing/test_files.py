"""Stock by CSV: what a file would change, what is wrong with it, and that what is sent out changes nothing when sent in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.merchants.models import Change, Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import files
from cartrover.packing.models import Item, StockFile
from cartrover.packing.refusal import Refusal
from cartrover.portal import csv_files
from cartrover.portal.csv_files import BadFile
from tests.packing.house import ACTOR, Desk

SKUS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


def sent(desk: Desk, text: str) -> StockFile:
    with acting_for(desk.merchant):
        return files.send_in(desk.connection, "stock.csv", text, actor=ACTOR)


def on_hand(merchant: Merchant) -> dict[str, int]:
    with acting_for(merchant):
        return dict(Item.objects.values_list("sku", "on_hand"))


def test_a_file_shows_what_it_changes_and_changes_nothing_before_it_is_applied(desk: Desk) -> None:
    file = sent(desk, "sku,name,on_hand\nMUG-1,Mug,12\nHAT-1,,4\nCAP-1,Cap,3\n")
    with acting_for(desk.merchant):
        told = [(each.row.line, each.row.sku, each.before, each.after, each.name) for each in files.changes(file)]
    assert told == [(2, "MUG-1", 10, 12, "Mug"), (4, "CAP-1", 0, 3, "Cap")]
    assert on_hand(desk.merchant) == {"MUG-1": 10, "HAT-1": 4}


def test_a_file_is_applied_once_and_who_did_it_is_kept(desk: Desk) -> None:
    file = sent(desk, "sku,on_hand\nMUG-1,12\nCAP-1,3\n")
    with acting_for(desk.merchant):
        assert files.apply(file, actor=ACTOR) == 2
        desk.count("MUG-1", 5)
        with pytest.raises(Refusal, match="applied already"):
            files.apply(file, actor=ACTOR)
        assert Change.objects.filter(what="applied a stock file", actor=ACTOR).count() == 1
    assert on_hand(desk.merchant) == {"MUG-1": 5, "HAT-1": 4, "CAP-1": 3}


def test_an_empty_cell_leaves_what_there_is(desk: Desk) -> None:
    file = sent(desk, "sku,name,on_hand\nMUG-1,Mug,\nHAT-1,,9\n")
    with acting_for(desk.merchant):
        files.apply(file, actor=ACTOR)
        assert set(Item.objects.values_list("sku", "name", "on_hand")) == {("MUG-1", "Mug", 10), ("HAT-1", "", 9)}


def test_a_file_changes_another_merchants_stock_never(desk: Desk) -> None:
    file = sent(desk, "sku,on_hand\nMUG-1,12\n")
    with acting_for(desk.stranger):
        assert not StockFile.objects.filter(pk=file.pk).exists()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("MUG-1,many", "on_hand is no whole number"),
        ("MUG-1,1.5", "on_hand is no whole number"),
        ("MUG-1,99999999", "on_hand is no whole number"),
        (",4", "The SKU is missing."),
        ("X" * 201 + ",4", "The sku is longer than 200 characters."),
        ("HAT-1,4", "SKU HAT-1 stands in line 2 too."),
        ("MUG-1,1,2,3", "has 4 values, and there are 2 columns."),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_keeps_the_file_from_being_applied(desk: Desk, line: str, words: str) -> None:
    file = sent(desk, f"sku,on_hand\nHAT-1,7\n{line}\n")
    assert [(at, words in told) for at, told in file.errors] == [(3, True)]
    with acting_for(desk.merchant), pytest.raises(Refusal, match="has errors"):
        files.apply(file, actor=ACTOR)
    assert on_hand(desk.merchant)["HAT-1"] == 4


def test_a_file_without_skus_is_refused_as_a_whole() -> None:
    with pytest.raises(BadFile, match="no column"):
        files.read("name,on_hand\nMug,3\n")


@given(stock=st.dictionaries(SKUS, st.integers(-5, 9_999), min_size=1, max_size=8))
def test_what_is_sent_out_is_read_as_it_was(stock: dict[str, int]) -> None:
    rows = [(sku, sku.lower(), units, 0, units) for sku, units in stock.items()]
    text = csv_files.decoded("".join(csv_files.lines(files.COLUMNS, rows)).encode())
    read, errors = files.read(text)
    assert not errors
    assert {row.sku: (row.name, row.on_hand) for row in read} == {sku: (sku.lower(), units) for sku, units in stock.items()}


def test_the_stock_that_is_sent_out_changes_nothing_when_it_is_sent_in(desk: Desk) -> None:
    desk.make('=HYPERLINK("x")', 1)
    with acting_for(desk.merchant):
        text = "".join(csv_files.lines(files.COLUMNS, files.sent_out(desk.connection)))
        file = files.send_in(desk.connection, "stock.csv", text, actor=ACTOR)
        assert file.errors == []
        assert len(file.rows) == 3
        assert files.changes(file) == []
    assert "\n=" not in text
