"""The desk's pages: what each shows, to whom, and what a form without a script does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from cartrover.connections.models import Warehouse
from cartrover.events.telling import open_problem
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import picking
from cartrover.packing.models import Item, PackingOrder, Parcel
from cartrover.sync.models import Stream
from tests.conftest import make_member
from tests.packing.house import set_up
from tests.packing.story import Morning, morning, order

Visit = Callable[[User | None], Client]


@pytest.fixture
def at_desk(merchant: Merchant) -> Morning:
    return morning(merchant, 0)


@pytest.fixture
def bobs(visit: Visit, bob: User) -> Client:
    return visit(bob)


def address(merchant: Merchant, name: str, *holes: str) -> str:
    return reverse(name, args=[merchant.public_id, *holes])


def seen(answer: Any) -> str:
    """A page as a person reads it."""
    text = re.sub(r"<[^>]+>", " ", answer.content.decode().partition("<main")[2])
    return " ".join(text.replace("&quot;", '"').replace("&#x27;", "'").split())


def pack(client: Client, merchant: Merchant, wanted: PackingOrder, **data: Any) -> Any:
    return client.post(address(merchant, "packing_pack", wanted.public_id), data, follow=True)


def test_the_pick_list_has_the_most_urgent_first_and_marks_what_is_late(
    bobs: Client, merchant: Merchant, at_desk: Morning
) -> None:
    whenever = order(at_desk.desk, [("PEG-10", 1)], ship_by=None)
    text = seen(bobs.get(address(merchant, "packing")))
    wanted = [each.number for each in (at_desk.several, at_desk.one, at_desk.partly, whenever)]
    places = [text.index(number) for number in wanted]
    assert places == sorted(places)
    assert text.count("Late") == 1
    assert "2 × TENT-2P-GREEN" in text
    assert "2 × LAMP-HEAD-300" in text, "of four, two are in packages"
    for over in (at_desk.shipped, at_desk.void):
        assert over.number not in text


@pytest.mark.parametrize("state", ["shipped", "void"])
def test_orders_that_are_over_have_lists_of_their_own(bobs: Client, merchant: Merchant, at_desk: Morning, state: str) -> None:
    text = seen(bobs.get(address(merchant, "packing"), {"state": state}))
    assert [each.number in text for each in (at_desk.shipped, at_desk.void, at_desk.one)] == [
        state == "shipped",
        state == "void",
        False,
    ]


def test_two_desks_are_worked_together_or_one_by_one(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    second = set_up(merchant, "Reno")
    with acting_for(merchant):
        Item.objects.create(connection=second.connection, sku="PEG-10", on_hand=1)
    there = order(second, [("PEG-10", 2)])
    assert at_desk.desk.connection_id != second.connection_id
    both = seen(bobs.get(address(merchant, "packing")))
    assert at_desk.one.number in both
    assert there.number in both
    reno = seen(bobs.get(address(merchant, "packing"), {"desk": second.public_id}))
    assert at_desk.one.number not in reno
    assert there.number in reno
    sheet = seen(bobs.get(address(merchant, "packing_sheet"), {"desk": second.public_id}))
    assert "1 order Too few" in sheet.replace("2 1 order 1 Too few", "1 order Too few")


def test_the_sheet_adds_up_what_is_left_to_pack(merchant: Merchant, at_desk: Morning) -> None:
    order(at_desk.desk, [("PEG-10", 4), ("PEG-10", 1)])
    with acting_for(merchant):
        told = picking.sheet(picking.waiting([at_desk.desk.connection_id or 0]))
    assert [(each.sku, each.units, each.orders, each.short) for each in told] == [
        ("LAMP-HEAD-300", 2, 1, False),
        ("MAT-SELF-6", 1, 1, False),
        ("PEG-10", 8, 2, False),
        ("TENT-2P-GREEN", 2, 1, False),
    ]


@pytest.mark.parametrize("by", ["number", "ref", "tracking"])
def test_a_number_that_is_scanned_opens_its_order(bobs: Client, merchant: Merchant, at_desk: Morning, by: str) -> None:
    with acting_for(merchant):
        tracking = Parcel.objects.get(order=at_desk.partly, state="shipped").tracking
    typed = tracking if by == "tracking" else getattr(at_desk.partly, by)
    answer = bobs.get(address(merchant, "packing"), {"q": f" {typed} "})
    assert answer["Location"] == address(merchant, "packing_order", at_desk.partly.public_id)
    assert "No order here has the number 999." in seen(bobs.get(address(merchant, "packing"), {"q": "999"}))


def test_a_scan_counts_a_unit_without_a_script_too(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        tent, pegs = at_desk.several.lines.all()
    data = {f"units-{tent.pk}": "1", f"units-{pegs.pk}": "0", "tracking": "", "do": "ship"}
    answer = pack(bobs, merchant, at_desk.several, scan="peg-10", **data)
    assert "2 of 5 units counted." in seen(answer)
    assert re.findall(r'name="units-\d+"\s+value="(\d+)"', answer.content.decode()) == ["1", "1"]
    assert "LAMP is not in this order." in seen(pack(bobs, merchant, at_desk.several, scan="LAMP", **data))
    data[f"units-{pegs.pk}"] = "3"
    assert "Every unit of PEG-10 is counted already." in seen(pack(bobs, merchant, at_desk.several, scan="PEG-10", **data))
    with acting_for(merchant):
        assert not at_desk.several.parcels.exists()


@pytest.mark.parametrize("units", ["9", "-1", "1.5", "many", "²"])
def test_units_that_are_not_there_are_refused(bobs: Client, merchant: Merchant, at_desk: Morning, units: str) -> None:
    with acting_for(merchant):
        line = at_desk.one.lines.get()
    answer = pack(bobs, merchant, at_desk.one, tracking="T1", do="ship", **{f"units-{line.pk}": units})
    assert "there are 1 units left to pack" in seen(answer)
    with acting_for(merchant):
        assert not at_desk.one.parcels.exists()


def test_a_label_that_is_refused_leaves_no_package_behind(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        tracking = Parcel.objects.get(order=at_desk.partly, state="shipped").tracking
        before = at_desk.partly.parcels.count()
    assert "on another package of this order" in seen(pack(bobs, merchant, at_desk.partly, tracking=tracking, do="ship"))
    with acting_for(merchant):
        assert at_desk.partly.parcels.count() == before


def test_a_letter_leaves_without_a_number_and_a_package_may_wait_for_its_label(
    bobs: Client, merchant: Merchant, at_desk: Morning
) -> None:
    assert "is shipped" in seen(pack(bobs, merchant, at_desk.one, carrier="USPS", tracking="", do="untracked"))
    pack(bobs, merchant, at_desk.several, do="pack")
    with acting_for(merchant):
        parcel = at_desk.several.parcels.get()
        assert (parcel.state, at_desk.one.parcels.get().carrier) == ("packed", "USPS")
    answer = bobs.post(address(merchant, "parcel_ship", parcel.public_id), {"do": "ship", "tracking": ""}, follow=True)
    assert "Scan or type the tracking number" in seen(answer)
    bobs.post(address(merchant, "parcel_ship", parcel.public_id), {"do": "ship", "carrier": "DHL", "tracking": " T 1 "})
    with acting_for(merchant):
        parcel.refresh_from_db()
        assert (parcel.state, parcel.tracking) == ("shipped", "T 1")


def test_what_is_done_at_the_desk_makes_the_engine_look_at_once(
    bobs: Client, merchant: Merchant, at_desk: Morning, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    def wakes(kind: str) -> int:
        with acting_for(merchant):
            return Stream.objects.get(connection=at_desk.desk.connection, kind=kind).wakes

    before = wakes("pull_shipments"), wakes("pull_stock")
    with django_capture_on_commit_callbacks():
        pack(bobs, merchant, at_desk.one, tracking="T1", do="ship")
    assert wakes("pull_shipments") > before[0]
    bobs.post(address(merchant, "packing_count", at_desk.desk.public_id), {"sku": "PEG-10", "on_hand": "5"})
    assert wakes("pull_stock") > before[1]


def test_the_carrier_is_the_one_that_the_shipping_method_names(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    other = order(at_desk.desk, [("PEG-10", 1)], shipping_method="Standard")
    for wanted, carrier in ((at_desk.one, "DHL"), (other, "UPS")):
        page = bobs.get(address(merchant, "packing_order", wanted.public_id)).content.decode()
        assert re.findall(r'name="carrier"[^>]*value="(\w+)"', page)[0] == carrier


def test_a_viewer_sees_the_desk_and_finds_no_button(visit: Visit, merchant: Merchant, at_desk: Morning) -> None:
    client = visit(make_member(merchant, "vera@example.com", Role.VIEWER))
    for name, holes in (("packing", ()), ("packing_order", (at_desk.partly.public_id,)), ("packing_stock", ())):
        page = client.get(address(merchant, name, *holes))
        assert page.status_code == 200
        pressed = re.findall(r"<button[^>]*>\s*([\w ]*)", page.content.decode().partition("<main")[2])
        assert not {"Ship", "Only pack", "Take back", "Set", "Add", "Show what changes"} & set(pressed)


@pytest.mark.parametrize("many", [0, 1])
def test_packing_stands_in_the_navigation_of_who_has_a_desk(visit: Visit, merchant: Merchant, alice: User, many: int) -> None:
    for _ in range(many):
        set_up(merchant)
    text = visit(alice).get(address(merchant, "dashboard")).content.decode()
    assert text.count(f'href="{address(merchant, "packing")}"') == many


def test_skus_that_orders_wait_for_are_offered_to_be_added(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    with acting_for(merchant):
        open_problem("unknown_sku", "STOVE-1 is not there.", subject="STOVE-1", about=at_desk.desk.connection)
    assert "Orders wait for 1 SKU that is not here." in seen(bobs.get(address(merchant, "packing_stock")))
    problems = bobs.get(address(merchant, "problems"))
    assert "Add STOVE-1 to Packing desk" in seen(problems)
    [link] = re.findall(r'href="([^"#]+)#add"', problems.content.decode())
    page = bobs.get(link.replace("&amp;", "&"))
    assert 'value="STOVE-1"' in page.content.decode()
    made = {"sku": "STOVE-1", "name": "", "on_hand": "4"}
    answer = bobs.post(address(merchant, "packing_make", at_desk.desk.public_id), made, follow=True)
    assert "STOVE-1 is there now." in seen(answer)
    assert "Orders wait for" not in seen(answer)
    again = bobs.post(address(merchant, "packing_make", at_desk.desk.public_id), made)
    assert "STOVE-1 is there already, with 4 on hand." in seen(again)


@pytest.mark.parametrize("typed", ["", "-3", "1.5", "many", "99999999"])
def test_a_figure_that_is_none_changes_nothing(bobs: Client, merchant: Merchant, at_desk: Morning, typed: str) -> None:
    where = address(merchant, "packing_count", at_desk.desk.public_id)
    assert "whole number" in seen(bobs.post(where, {"sku": "PEG-10", "on_hand": typed}, follow=True))
    with acting_for(merchant):
        assert Item.objects.get(sku="PEG-10").on_hand == 119


def test_stock_is_found_by_the_beginning_of_a_sku_and_paged(
    bobs: Client, merchant: Merchant, at_desk: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cartrover.packing.views.stock.SHOWN", 2)
    where = address(merchant, "packing_stock")
    assert "PEG-10" not in seen(bobs.get(where))
    assert "PEG-10" in seen(bobs.get(where, {"after": "MAT-SELF-6"}))
    found = seen(bobs.get(where, {"q": "PEG"}))
    assert "PEG-10" in found
    assert "ROPE" not in found


def test_a_file_that_is_none_is_refused_in_words(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    where = address(merchant, "packing_import", at_desk.desk.public_id)
    assert "Choose a file first." in seen(bobs.post(where, follow=True))
    workbook = SimpleUploadedFile("stock.xlsx", b"PK\x03\x04....")
    assert "Excel workbook" in seen(bobs.post(where, {"file": workbook}, follow=True))


def test_the_export_is_a_file_of_the_desks_stock(bobs: Client, merchant: Merchant, at_desk: Morning) -> None:
    answer = bobs.get(address(merchant, "packing_export", at_desk.desk.public_id))
    assert answer["Content-Disposition"] == 'attachment; filename="stock.csv"'
    assert 'PEG-10,"Heringe, 10 Stück",119,3,116\r\n' in answer.content.decode()


def test_the_engines_address_of_an_order_leads_its_members_there(
    visit: Visit, bobs: Client, charlie: User, merchant: Merchant, at_desk: Morning
) -> None:
    where = reverse("packing_by_id", args=[at_desk.one.public_id])
    assert bobs.get(where)["Location"] == address(merchant, "packing_order", at_desk.one.public_id)
    assert visit(charlie).get(where).status_code == 404


def test_a_desk_stands_on_its_own_and_nothing_of_it_can_be_granted_or_taken_away(
    visit: Visit, alice: User, merchant: Merchant
) -> None:
    first, second = set_up(merchant), set_up(merchant, "Reno")
    assert first.connection is not None
    assert first.connection.account_id == first.public_id
    assert first.connection.account_name == merchant.name
    client = visit(alice)
    for name, public_id, data in (
        ("disconnect", first.connection.public_id, {}),
        ("connection_ask", first.connection.public_id, {}),
        ("connection_share", first.connection.public_id, {"recipient": "o@x.example"}),
        ("warehouse_share", first.public_id, {"recipient": "o@x.example"}),
        ("warehouse_use", second.public_id, {"connection": first.connection.public_id}),
    ):
        assert client.post(address(merchant, name, public_id), data).status_code == 404, name
    started = client.post(address(merchant, "grant_start"), {"warehouse": first.public_id})
    assert started.status_code == 404
    with acting_for(merchant):
        assert Warehouse.objects.get(pk=second.pk).connection_id == second.connection_id
    for name, public_id in (("warehouse", first.public_id), ("connection", first.connection.public_id)):
        assert "Reconnect" not in seen(client.get(address(merchant, name, public_id)))
