"""What each cart is told, in Chromium: from the list to the sum behind a number, and to the rules that make it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cartrover.connections.models import Cart
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import confirmed, show_navigation
from tests.conftest import make_member, make_merchant
from tests.portal.shelf import Shelf, stocked


@pytest.fixture
def acme(portal: str) -> Merchant:
    merchant = make_merchant()
    confirmed(make_member(merchant, "alice@example.com"))
    return merchant


@pytest.fixture
def shelf(acme: Merchant) -> Shelf:
    return stocked(acme)


def test_a_member_finds_out_why_a_listing_has_its_number(page: Page, shelf: Shelf) -> None:
    enter(page)
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Stock").click()
    expect(page.get_by_role("heading", name="Stock", exact=True)).to_be_visible()
    is_accessible(page)
    page.get_by_role("navigation", name="How they stand").get_by_role("link", name="Never told").click()
    expect(page.get_by_text("HAT is not at TradeGecko Main.")).to_be_visible()
    page.get_by_role("navigation", name="How they stand").get_by_role("link", name="All").click()
    page.get_by_label("Search listings").fill("peg")
    page.get_by_label("Cart", exact=True).select_option("eBay Germany")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="CAMP-SET").click()
    expect(page.get_by_role("heading", name="Why this number")).to_be_visible()
    expect(page.get_by_role("row", name="Available at Hamburg + 90 90")).to_be_visible()
    expect(page.get_by_role("row", name="It ought to show 9")).to_be_visible()
    expect(page.get_by_role("link", name=shelf.waiting.number).first).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Push now").click()
    expect(page.get_by_text("It is pushed with the next round")).to_be_visible()


def test_a_manager_tries_rules_out_before_saving_them(page: Page, shelf: Shelf, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/carts/{shelf.setup.carts['EBAY_US'].public_id}/")
    page.get_by_role("link", name="Stock rules").click()
    expect(page.get_by_role("heading", name="Stock rules")).to_be_visible()
    page.get_by_label("Buffer").fill("2")
    page.get_by_label("Maximum").fill("20")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 of 3 listings would show another number.")).to_be_visible()
    expect(page.get_by_role("row", name="LAMP-300 42 20")).to_be_visible()
    expect(page.get_by_label("Buffer")).to_have_value("2")
    is_accessible(page)
    page.get_by_label("Minimum level").fill("30")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("It is below the minimum level")).to_be_visible()
    page.get_by_label("Minimum level").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with acting_for(acme):
        assert Cart.objects.get(variant="EBAY_US").stock_rules == {"buffer": 2, "maximum": 20}
