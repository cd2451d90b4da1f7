"""Stock by CSV: what a file would change, what is wrong with it, and that what is sent out changes nothing when sent in."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from cartrover.merchants.models import Change, Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import files, parcels
from cartrover.packing.models import Item, Parcel, StockFile
from cartrover.packing.refusal import Refusal
from cartrover.pages import csv_files
from cartrover.pages.csv_files import BadFile
from integrations.contract import CartIdentity
from tests.conftest import make_merchant
from tests.packing.house import ACTOR, Desk
from tests.waiting import wait_until

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
    with acting_for(desk.merchant):
        Item.objects.filter(sku="HAT-1").update(name="Hat")
    file = sent(desk, "sku,name,on_hand\nMUG-1,Mug,\nHAT-1,,9\nCAP-1,,\n")
    with acting_for(desk.merchant):
        assert files.apply(file, actor=ACTOR) == 3
        assert set(Item.objects.values_list("sku", "name", "on_hand")) == {
            ("MUG-1", "Mug", 10),
            ("HAT-1", "Hat", 9),
            ("CAP-1", "", 0),
        }


def at_the_same_moment(desk: Desk, first: Callable[[], object], second: Callable[[], object]) -> None:
    """``second`` begins while nobody knows yet what ``first`` has done, and both are done in the end."""

    def begin() -> None:
        try:
            with acting_for(desk.merchant):
                second()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with acting_for(desk.merchant):
            first()
            other = pool.submit(begin)
            wait_until(lambda: somebody_waits() or other.done())
        other.result()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("text", "left"),
    [("sku,name,on_hand\nHAT-1,Hat,\nMUG-1,Mug,\n", 8), ("sku,on_hand\nHAT-1,4\nMUG-1,20\n", 20)],
    ids=["names", "counts"],
)
def test_what_ships_while_a_file_is_applied_comes_off_what_it_does_not_count(busy: Desk, text: str, left: int) -> None:
    file, parcel = sent(busy, text), packed(busy)
    at_the_same_moment(busy, lambda: parcels.ship(parcel, "UPS", "1Z1"), lambda: files.apply(file, actor=ACTOR))
    assert on_hand(busy.merchant)["MUG-1"] == left


def test_what_ships_just_after_a_count_comes_off_it(busy: Desk) -> None:
    file, parcel = sent(busy, "sku,on_hand\nHAT-1,4\nMUG-1,20\n"), packed(busy)
    at_the_same_moment(busy, lambda: files.apply(file, actor=ACTOR), lambda: parcels.ship(parcel, "UPS", "1Z1"))
    assert on_hand(busy.merchant)["MUG-1"] == 18


@pytest.fixture
def busy(live: None, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that several people work at."""
    return Desk.open(make_merchant(), make_merchant("Globex Toys"), monkeypatch)


def packed(desk: Desk) -> Parcel:
    """A package of two mugs and a hat that has not left."""
    customer = desk.warehouse().make_customer(CartIdentity("cr-1", "eBay"), key="c")
    made = desk.warehouse().send_order(desk.delivery("A1B2C3", customer), key="k1")
    with acting_for(desk.merchant):
        return parcels.pack(desk.order(made.remote_id), {}, actor=ACTOR)


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
