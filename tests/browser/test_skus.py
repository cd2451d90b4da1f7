"""The SKU page as a person uses it: a suggestion pressed, a kit made, a file imported, a problem fixed on its card."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from cartrover.inventory.models import Listing, StockLevel
from cartrover.inventory.sku_rules import as_wanted, rules
from cartrover.inventory.skus import Part
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import acme, day, show_navigation
from tests.portal.story import Day

__all__ = ["acme", "day"]


@pytest.fixture
def catalogue(acme: Merchant, day: Day) -> None:
    """What eBay Germany lists, and what the warehouse has."""
    with acting_for(acme):
        for sku, name in (("TENT-2P-GREEN", "Zelt 2 Personen, grün"), ("STOVE", "Gas stove"), ("PEG", "Peg")):
            StockLevel.objects.get_or_create(
                connection=day.setup.tradegecko,
                item_id=f"item-{sku}",
                defaults={"sku": sku, "name": name, "read_at": timezone.now()},
            )
        for sku, title in (("TENT-2P-GRN", "Zelt 2 Personen, grün"), ("CAMP-SET", "Camping set"), ("STOVE", "Gas stove")):
            cart = day.setup.carts["EBAY_DE"]
            Listing.objects.create(connection=day.setup.ebay, cart=cart, external_id=sku, sku=sku, title=title)


def parts(acme: Merchant) -> dict[str, Any]:
    with acting_for(acme):
        return {rule.sku: as_wanted(rule).parts for rule in rules()}


def test_a_code_is_matched_with_what_is_suggested(page: Page, catalogue: None, acme: Merchant) -> None:
    enter(page)
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="SKUs").click()
    expect(page.get_by_role("heading", name="SKUs")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Match TENT-2P-GRN with TENT-2P-GREEN").click()
    expect(page.get_by_text("TENT-2P-GRN is sent as TENT-2P-GREEN.")).to_be_visible()
    assert parts(acme) == {"TENT-2P-GRN": (Part("TENT-2P-GREEN"),)}
    page.get_by_role("link", name=re.compile("^Matched")).click()
    expect(page.get_by_role("link", name="by a rule for TENT-2P-GRN")).to_be_visible()
    is_accessible(page)


def test_a_kit_is_made_changed_and_deleted(page: Page, catalogue: None, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/skus/?q=CAMP")
    page.get_by_role("link", name="Kit, promotional code… for CAMP-SET").click()
    expect(page.get_by_label("Warehouse SKU 1")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Warehouse SKU 1").fill("TENT-2P-GREEN")
    page.get_by_role("button", name="Another SKU").click()
    page.get_by_label("Warehouse SKU 2").fill("PEG")
    page.get_by_label("Units of SKU 2").fill("12")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("CAMP-SET is sent as TENT-2P-GREEN and 12 × PEG.")).to_be_visible()
    page.goto(f"/m/{acme.public_id}/skus/?tab=rules")
    is_accessible(page)
    page.get_by_role("link", name="Change the rule for CAMP-SET").click()
    page.get_by_label("Leave the line out").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("CAMP-SET is left out of orders.")).to_be_visible()
    page.get_by_role("button", name="Delete the rule for CAMP-SET").click()
    expect(page.get_by_text("CAMP-SET goes by its own SKU again.")).to_be_visible()
    assert parts(acme) == {}


def test_a_file_is_looked_at_before_it_is_applied(page: Page, catalogue: None, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/skus/")
    page.get_by_role("link", name="Import").click()
    expect(page.get_by_role("heading", name="Import SKU rules")).to_be_visible()
    is_accessible(page)
    bad = b"code,sku,units\nCAMP-SET,STOVE,many\n"
    page.get_by_label("CSV file").set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": bad})
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Line 2: “many” is no whole number of units.")).to_be_visible()
    good = b"code,sku,units\nCAMP-SET,STOVE,1\nCAMP-SET,PEG,10\n"
    page.get_by_label("CSV file").set_input_files({"name": "good.csv", "mimeType": "text/csv", "buffer": good})
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_role("heading", name="1 to add, 0 to change, 0 to delete")).to_be_visible()
    is_accessible(page)
    assert parts(acme) == {}
    page.get_by_role("button", name="Apply these changes").click()
    expect(page.get_by_text("1 rules added")).to_be_visible()
    assert parts(acme) == {"CAMP-SET": (Part("STOVE"), Part("PEG", 10))}


def test_an_unknown_sku_is_fixed_on_its_card(page: Page, catalogue: None, acme: Merchant, day: Day) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/problems/")
    suggestion = page.get_by_role("button", name="Match TENT-2P-GRN with TENT-2P-GREEN")
    expect(suggestion).to_be_visible()
    is_accessible(page)
    suggestion.click()
    expect(page.get_by_text("TENT-2P-GRN is sent as TENT-2P-GREEN.")).to_be_visible()
    assert parts(acme) == {"TENT-2P-GRN": (Part("TENT-2P-GREEN"),)}
