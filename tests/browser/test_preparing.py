"""Saying what is sent, as what, and what waits: in Chromium, at two widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cartrover.connections.models import Cart
from cartrover.events.telling import open_problem
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Carrier, OrderRule, ShippingMethod
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import confirmed
from tests.conftest import make_member, make_merchant
from tests.portal.story import Day, busy_day, make_order


@pytest.fixture
def acme(portal: str) -> Merchant:
    merchant = make_merchant()
    confirmed(make_member(merchant, "alice@example.com"))
    return merchant


@pytest.fixture
def day(acme: Merchant) -> Day:
    """A busy day with methods, carriers, a rule, and an order that waits for its method to be mapped."""
    story = busy_day(acme, 12)
    germany = story.setup.carts["EBAY_DE"]
    with acting_for(acme):
        Cart.objects.update(pull_from=story.shipped.placed_at)
        germany.pull_from = story.shipped.placed_at
        known = {"connection": story.setup.tradegecko, "item_id": "1", "sku": "TENT-2P-GREEN"}
        StockLevel.objects.create(**known, read_at=story.shipped.placed_at)
        ShippingMethod.objects.create(cart=germany, code="DE_DHLPaket2kg", hold=True)
        ShippingMethod.objects.create(cart=germany, code="DE_HermesPaket", sent_as="Hermes Parcel")
        Carrier.objects.create(cart=germany, name="Kurier 24")
        Carrier.objects.create(cart=germany, name="DHL Paket")
        OrderRule.objects.create(field="total", test="at_least", values=["5000"], action="hold", cart=germany)
        words = "Nobody has said yet what eBay Germany's shipping method DE_DHLPaket2kg is sent as."
        about = {"cart": germany.pk, "method": "DE_DHLPaket2kg"}
        problem = open_problem("unmapped_method", words, subject="DE_DHLPaket2kg", about=germany, data=about)
        make_order(story.setup, status="error", reason=words, reason_code="unmapped_method", problem=problem)
    return story


def test_a_member_maps_a_shipping_method_and_a_carrier(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/shipping/")
    expect(page.get_by_role("heading", name="Shipping methods and carriers")).to_be_visible()
    is_accessible(page)
    page.get_by_label("DE_DHLPaket2kg is sent as").fill("DHL Parcel")
    page.get_by_role("button", name="Save the methods of eBay Germany").click()
    expect(page.get_by_text("Orders of eBay Germany that waited for this go on.")).to_be_visible()
    expect(page.get_by_label("DE_DHLPaket2kg is sent as")).to_have_value("DHL Parcel")
    page.get_by_text("Change what carts are told for Kurier 24").click()
    is_accessible(page)
    page.get_by_label("eBay Germany is told for Kurier 24").select_option("Hermes")
    page.get_by_role("button", name="Save the carriers").click()
    expect(page.get_by_text("Hermes at eBay Germany")).to_be_visible()


def test_a_card_is_solved_in_place(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/problems/")
    is_accessible(page)
    page.get_by_role("textbox", name="DE_DHLPaket2kg is sent as").fill("DHL Parcel")
    page.get_by_role("button", name="Save and send").click()
    expect(page.get_by_text("DE_DHLPaket2kg is sent as DHL Parcel.")).to_be_visible()
    expect(page.get_by_role("button", name="Save and send")).to_have_count(0)


def test_a_rule_is_tried_added_and_switched_off(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/rules/")
    is_accessible(page)
    page.get_by_label("When").select_option("Country is one of")
    page.get_by_label("Values").fill("US")
    page.get_by_role("button", name="How many orders?").click()
    expect(page.get_by_text("It would touch")).to_be_visible()
    page.get_by_role("button", name="Add the rule").click()
    expect(page.get_by_role("rowheader", name="Country is one of US")).to_be_visible()
    is_accessible(page)
    page.get_by_role("row", name="Country is one of US").get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("What it had stopped goes on.")).to_be_visible()


def test_an_order_is_held_and_released(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/{day.waiting.ref}/")
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("Held by alice@example.com.", exact=True)).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("It may go on.")).to_be_visible()


def test_the_limits_and_the_earliest_date_are_set_on_their_pages(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/warehouses/{day.setup.warehouse.public_id}/")
    page.get_by_label("Longest order number").fill("20")
    page.get_by_text("Longest address fields").click()
    page.get_by_label("Street").fill("35")
    is_accessible(page)
    page.get_by_role("button", name="Save the limits").click()
    expect(page.get_by_text("Saved. Orders that are not sent yet are judged by it.")).to_be_visible()
    expect(page.get_by_text("Longest address fields (1 limited)")).to_be_visible()
    page.goto(f"/m/{acme.public_id}/carts/{day.setup.carts['EBAY_DE'].public_id}/")
    page.get_by_label("Earliest order date").fill("2026-01-31")
    is_accessible(page)
    page.get_by_role("button", name="Save the date").click()
    expect(page.get_by_text("Orders of eBay Germany count from 2026-01-31 on.")).to_be_visible()
