"""What a person clicks to find orders and to do something with many of them, at two widths."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import acme, day
from tests.portal.story import Day
from tests.sync.test_jobs import go_on

__all__ = ["acme", "day"]


def orders(page: Page, merchant: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{merchant.public_id}/orders/")


def show_what_acts_on_many(page: Page) -> None:
    """On a phone it comes, with the boxes, when it is asked for."""
    button = page.get_by_role("button", name="Do something with many")
    if button.is_visible():
        expect(page.locator("tbody .form-check-input").first).to_be_hidden()
        button.click()
        expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator("tbody .form-check-input").first).to_be_visible()
    is_accessible(page)


def test_a_person_narrows_the_list_keeps_the_view_and_takes_a_filter_off(page: Page, day: Day, acme: Merchant) -> None:
    orders(page, acme)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Cart").select_option("eBay Germany")
    page.get_by_label("Total from").fill("86")
    is_accessible(page)
    page.get_by_role("button", name="Show these").click()
    filters = page.get_by_role("list", name="Filters that are on")
    expect(filters.get_by_text("Total from: 86")).to_be_visible()
    page.get_by_label("Name of the view").fill("Worth a look")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as Worth a look.")).to_be_visible()
    is_accessible(page)
    page.get_by_role("link", name="Take off the filter Total from: 86").click()
    expect(filters.get_by_text("Total from")).to_have_count(0)
    expect(filters.get_by_text("Cart: eBay Germany")).to_be_visible()
    views = page.get_by_role("navigation", name="Saved views")
    views.get_by_role("link", name="Worth a look").click()
    expect(filters.get_by_text("Total from: 86")).to_be_visible()
    page.get_by_role("button", name="Delete the view Worth a look").click()
    expect(page.get_by_text("Worth a look is deleted.")).to_be_visible()


def test_a_person_ticks_orders_holds_them_and_sees_what_was_passed_over(page: Page, day: Day, acme: Merchant) -> None:
    orders(page, acme)
    show_what_acts_on_many(page)
    page.get_by_label(f"Tick order {day.in_error.number}").check()
    page.get_by_label(f"Tick order {day.shipped.number}").check()
    page.get_by_label("What to do").select_option("Hold")
    expect(page.get_by_label("with")).to_contain_text("the 2 ticked")
    page.get_by_role("button", name="Go on…").click()
    expect(page.get_by_role("heading", name="Hold: 2 orders?")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Hold (2)").click()
    expect(page.get_by_role("heading", name="Bulk action")).to_be_visible()
    go_on()
    expect(page.get_by_text("1 order held, 1 passed over.")).to_be_visible()
    expect(page.get_by_role("heading", name="Passed over")).to_be_visible()
    expect(page.get_by_text("Shipped", exact=True)).to_be_visible()
    is_accessible(page)
    with acting_for(acme):
        assert Order.objects.get(pk=day.in_error.pk).held_by == "alice@example.com"


def test_all_that_match_are_exported_after_a_question(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/?status=error")
    show_what_acts_on_many(page)
    page.get_by_label("What to do").select_option("Export CSV")
    page.get_by_label("with").select_option("all 3 that match")
    page.get_by_role("button", name="Go on…").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert text.count("\n") == 4
    assert day.in_error.number in text


def test_an_order_is_held_and_released_on_its_page(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/{day.waiting.ref}/")
    page.get_by_role("button", name="Hold").click()
    expect(page.get_by_text("It is held until somebody releases it.")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("It may go on.")).to_be_visible()
    page.get_by_role("button", name="Pull again").click()
    expect(page.get_by_label("What is under way")).to_be_visible()
    is_accessible(page)
