"""The help centre in Chromium, at two widths and on paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import is_accessible

SLUGS = ("ebay", "tradegecko", "portal")


def test_the_help_centre_lists_the_guides(page: Page) -> None:
    page.goto("/guides/")
    is_accessible(page)
    page.get_by_role("link", name="Connect TradeGecko", exact=True).click()
    expect(page.get_by_role("heading", name="Connect TradeGecko")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("slug", SLUGS)
def test_a_guide_can_be_read_by_everybody(page: Page, slug: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.goto(f"/guides/{slug}/")
    is_accessible(page)
    for picture in page.get_by_role("main").get_by_role("img").all():
        picture.evaluate("image => image.scrollIntoView()")
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("image => image.naturalWidth") > 100


def test_a_link_to_a_step_goes_there(page: Page) -> None:
    page.goto("/guides/tradegecko/#location-id")
    expect(page.get_by_role("heading", name="Location ID")).to_be_in_viewport()


def test_print_prints_the_guide_and_nothing_round_it(page: Page) -> None:
    page.add_init_script("window.print = () => { document.title = 'printing' }")
    page.goto("/guides/ebay/")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("printing")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Connect eBay")).to_be_visible()
    for each in (page.get_by_role("navigation"), page.get_by_role("button"), page.get_by_role("link", name="PDF")):
        expect(each).to_have_count(0)


def test_the_pdf_button_leads_to_a_pdf(page: Page) -> None:
    page.goto("/guides/ebay/")
    address = page.get_by_role("link", name="PDF").get_attribute("href")
    assert address is not None
    answer = page.request.get(address)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body().startswith(b"%PDF-")
