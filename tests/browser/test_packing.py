"""A morning at the packing desk in Chromium, at two widths: with a scanner, with the keyboard alone, and with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cartrover.merchants.models import Merchant, Role
from cartrover.merchants.tenancy import acting_for
from cartrover.packing.models import Item, PackingOrder, Parcel
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import acme, confirmed, show_navigation
from tests.conftest import make_member
from tests.packing.story import Morning, morning

__all__ = ["acme"]


@pytest.fixture
def at_desk(acme: Merchant) -> Morning:
    confirmed(make_member(acme, "bob@example.com", Role.STAFF))
    return morning(acme)


def scan(page: Page, text: str) -> None:
    """What a scanner does: it types into whatever has the focus, and presses Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def shipped(merchant: Merchant, order: PackingOrder) -> list[tuple[str, str, list[int]]]:
    """(carrier, tracking, units of each line) of each package that has left."""
    with acting_for(merchant):
        rows = Parcel.objects.filter(order=order, state="shipped").order_by("pk")
        return [(row.carrier, row.tracking, [part.quantity for part in row.lines.order_by("line_id")]) for row in rows]


def test_a_scanner_alone_opens_counts_and_ships_an_order(page: Page, acme: Merchant, at_desk: Morning) -> None:
    enter(page, "bob@example.com")
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Packing").click()
    expect(page.get_by_role("heading", name="Packing")).to_be_visible()
    is_accessible(page)
    scan(page, at_desk.several.number)
    expect(page.get_by_role("heading", name=at_desk.several.number)).to_be_visible()
    is_accessible(page)
    scan(page, "LAMP-HEAD-300")
    expect(page.get_by_text("LAMP-HEAD-300 is not in this order.")).to_be_visible()
    scan(page, "tent-2p-green")
    expect(page.get_by_text("TENT-2P-GREEN: 1 of 2. 1 of 5 units counted.")).to_be_visible()
    for sku in ("TENT-2P-GREEN", "PEG-10", "PEG-10", "PEG-10"):
        scan(page, sku)
    expect(page.get_by_text("All units are counted.")).to_be_visible()
    scan(page, "00340434161094042999")
    expect(page.get_by_text(f"Order {at_desk.several.number} is shipped.")).to_be_visible()
    expect(page.get_by_role("link", name=at_desk.several.number)).to_have_count(0)
    assert shipped(acme, at_desk.several) == [("DHL", "00340434161094042999", [2, 3])]


def test_an_order_goes_in_two_packages_and_one_is_taken_back(page: Page, acme: Merchant, at_desk: Morning) -> None:
    enter(page, "bob@example.com")
    page.goto(f"/m/{acme.public_id}/packing/orders/{at_desk.several.public_id}/")
    page.get_by_label("PEG-10 in this package").fill("2")
    page.get_by_label("Tracking number").fill("FIRST")
    page.get_by_label("Carrier").fill("UPS")
    page.get_by_label("Tracking number").press("Enter")
    expect(page.get_by_text("Package recorded: shipped.")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Only pack").click()
    expect(page.get_by_text("Package recorded: packed.")).to_be_visible()
    is_accessible(page)
    assert shipped(acme, at_desk.several) == [("UPS", "FIRST", [2])]
    page.get_by_role("button", name="Take back").first.click()
    expect(page.get_by_text("The package is taken back.")).to_be_visible()
    page.get_by_label("Tracking number").last.fill("SECOND")
    page.get_by_label("Tracking number").last.press("Enter")
    expect(page.get_by_text("Package recorded: shipped.")).to_be_visible()
    assert shipped(acme, at_desk.several) == [("DHL", "SECOND", [2, 1])]


def test_what_is_wrong_is_said_where_it_is_typed(page: Page, acme: Merchant, at_desk: Morning) -> None:
    enter(page, "bob@example.com")
    page.goto(f"/m/{acme.public_id}/packing/orders/{at_desk.several.public_id}/")
    page.get_by_label("PEG-10 in this package").fill("1")
    page.get_by_role("button", name="Ship", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Scan or type the tracking number")
    expect(page.get_by_label("PEG-10 in this package")).to_have_value("1")
    expect(page.get_by_label("Tracking number")).to_be_focused()
    is_accessible(page)
    scan(page, "1Z999AA1")
    expect(page.get_by_text("Package recorded: shipped.")).to_be_visible()
    assert shipped(acme, at_desk.several) == [("DHL", "1Z999AA1", [1])]


def test_the_pick_sheet_and_the_slips_are_of_what_is_ticked(page: Page, acme: Merchant, at_desk: Morning) -> None:
    enter(page, "bob@example.com")
    page.goto(f"/m/{acme.public_id}/packing/")
    page.get_by_label(f"Tick order {at_desk.several.number}").check()
    slips = page.get_by_role("button", name="Packing slips").get_attribute("formaction")
    answer = page.request.get(f"{slips}?order={at_desk.several.public_id}")
    assert answer.body().startswith(b"%PDF-")
    page.get_by_role("button", name="Pick sheet").click()
    expect(page.get_by_role("heading", name="Pick sheet")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("PEG-10")
    is_accessible(page)


def test_stock_is_set_in_place_and_by_a_file_that_is_looked_at_first(
    page: Page, acme: Merchant, at_desk: Morning, tmp_path: Path
) -> None:
    enter(page, "bob@example.com")
    page.goto(f"/m/{acme.public_id}/packing/stock/")
    is_accessible(page)
    field = page.get_by_label("PEG-10 on hand")
    field.fill("77")
    field.press("Enter")
    expect(page.get_by_text("PEG-10: 77 on hand.")).to_be_visible()
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("sku,on_hand\nPEG-10,many\n")
    right.write_text("SKU;Name;On_hand\nPEG-10;;80\nSTOVE-1;Kocher;4\n")
    page.get_by_label("CSV file").set_input_files(wrong)
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_text("on_hand is no whole number")).to_be_visible()
    is_accessible(page)
    page.get_by_role("link", name="Back to the stock").click()
    page.get_by_label("CSV file").set_input_files(right)
    page.get_by_role("button", name="Show what changes").click()
    expect(page.get_by_text("2 items change, 1 of them new")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("2 items changed.")).to_be_visible()
    with acting_for(acme):
        assert dict(Item.objects.filter(sku__in=("PEG-10", "STOVE-1")).values_list("sku", "on_hand")) == {
            "PEG-10": 80,
            "STOVE-1": 4,
        }


def test_a_packing_desk_is_set_up_and_goes_live_without_a_grant(page: Page, acme: Merchant) -> None:
    enter(page)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    show_navigation(page)
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="Packing")).to_have_count(0)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Warehouses").click()
    page.get_by_role("link", name="Set up a warehouse").first.click()
    expect(page.get_by_role("link", name="Set up Packing desk")).to_be_visible()
    is_accessible(page)
    page.get_by_role("link", name="Set up Packing desk").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("Nothing has to be granted.")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Packing desk holds no items yet")).to_be_visible()
    page.get_by_role("button", name="OK", exact=True).click()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("Packing desk is live.")).to_be_visible()
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Packing").click()
    expect(page.get_by_text("Nothing to pack")).to_be_visible()
