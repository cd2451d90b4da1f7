"""Packing slips: a sheet for each order, with what is in the package and no prices."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from cartrover.connections import holders
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import slips
from cartrover.packing.models import PackingOrder, Parcel
from integrations.contract import AddressRecord
from tests.packing.house import ACTOR
from tests.packing.story import Morning, morning, order


@pytest.fixture
def at_desk(merchant: Merchant) -> Morning:
    return morning(merchant, 0)


def sheets(content: bytes) -> list[str]:
    """The text of each sheet, with single spaces."""
    return [" ".join(sheet.extract_text().split()) for sheet in PdfReader(io.BytesIO(content)).pages]


def of(merchant: Merchant, *orders: PackingOrder) -> list[str]:
    with acting_for(merchant):
        return sheets(slips.of_orders(merchant, orders))


def test_each_order_has_a_sheet_of_its_own(merchant: Merchant, at_desk: Morning) -> None:
    told = of(merchant, at_desk.several, at_desk.one)
    assert len(told) == 2
    for sheet, each in zip(told, (at_desk.several, at_desk.one), strict=True):
        for words in (each.number, each.ref, "Familie Köhler", "10969 Berlin", "DHL Paket", "eBay Germany", merchant.name):
            assert words in sheet
    assert "TENT-2P-GREEN Zelt 2 Personen, grün 2 2 PEG-10 Heringe, 10 Stück 3 3" in told[0]
    assert "Bitte beim Nachbarn abgeben." in told[0]
    assert "€" not in told[0]
    assert "54.90" not in told[0]


def test_a_slip_tells_what_is_left_and_a_packages_slip_what_is_in_it(merchant: Merchant, at_desk: Morning) -> None:
    assert "Stirnlampe 300 lm, wiederaufladbar 4 2" in of(merchant, at_desk.partly)[0]
    with acting_for(merchant):
        parcel = Parcel.objects.get(order=at_desk.partly, state="shipped")
        assert "wiederaufladbar 4 1" in sheets(slips.of_parcel(merchant, parcel))[0]
    assert "Heringe, 10 Stück 1 1" in of(merchant, at_desk.shipped)[0], "all of it, where nothing is left"


def test_the_desk_says_who_sends_and_what_words_stand_below(merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        wanted = {**at_desk.desk.settings, "sender": "Acme Shop, 5 Side St, Reno", "greeting": "Come again!"}
        holders.save_settings(at_desk.desk, actor=ACTOR, settings=wanted)
    [sheet] = of(merchant, at_desk.one)
    assert sheet.startswith("Acme Shop 5 Side St Reno")
    assert "Come again!" in sheet


def test_nothing_in_an_order_is_markup(merchant: Merchant, at_desk: Morning) -> None:
    words = '#panic("x") $1 *b* _i_ \\ <l> @r'
    odd = order(at_desk.desk, [("PEG-10", 1)], to=AddressRecord(words, "東京都", "Łódź", "PL"), note=words)
    [sheet] = of(merchant, odd)
    assert sheet.count('#panic("x") $1 *b* _i_') == 2
    assert "Łódź" in sheet


def test_a_long_order_goes_on_on_the_next_sheet(merchant: Merchant, at_desk: Morning) -> None:
    told = of(merchant, order(at_desk.desk, [("PEG-10", 1)] * 60))
    assert len(told) == 2
    assert all("In this package" in sheet for sheet in told), "each sheet has the heads of its columns"
