"""Grant Us API Access in a real browser: the window, and all that may happen to it."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from tests.browser.test_portal import is_accessible
from tests.browser.windows import window_opened_by
from tests.conftest import make_member, make_merchant
from tests.connections.conftest import provider, use
from tests.connections.provider import Provider

__all__ = ["provider"]


@pytest.fixture
def acme(live: None) -> Merchant:
    merchant = make_merchant()
    make_member(merchant, "alice@example.com")
    return merchant


@pytest.fixture
def setup_page(page: Page, portal: str, acme: Merchant, provider: Provider) -> Page:
    """Alice, on the page of the cart that she has just added. It complains of nothing, and goes to no other host."""
    return _arrived(page, portal, acme, provider)


@pytest.fixture
def leaving_page(context: BrowserContext, portal: str, acme: Merchant, provider: Provider) -> Page:
    """The same, from where she will go to the provider in this window."""
    return _arrived(context.new_page(), portal, acme, provider)


def _arrived(page: Page, portal: str, merchant: Merchant, provider: Provider) -> Page:
    use(provider, portal)
    alice = Client()
    alice.force_login(User.objects.get())
    page.context.add_cookies([{"name": name, "value": cookie.value, "url": portal} for name, cookie in alice.cookies.items()])
    page.goto(f"/m/{merchant.public_id}/carts/new/")
    page.get_by_role("link", name="Set up Acme Market").click()
    page.get_by_label("Germany").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Grant Us API Access").wait_for()
    page.wait_for_load_state()
    return page


def _open_window(page: Page, button: str = "Grant Us API Access") -> Page:
    window = window_opened_by(page, page.get_by_role("button", name=button))
    window.wait_for_url("**/authorize?**")
    return window


@pytest.mark.parametrize("coop", [False, True], ids=["linked", "cut off by the provider"])
def test_the_window_says_that_it_worked_and_the_page_names_the_account(
    setup_page: Page, provider: Provider, coop: bool, acme: Merchant
) -> None:
    provider.coop = coop
    window = _open_window(setup_page)
    expect(setup_page.get_by_text("Waiting for Acme Market.")).to_be_visible()
    window.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()
    with acting_for(acme):
        assert Cart.objects.get().connection == Connection.objects.get()
    if not window.is_closed():
        window.wait_for_event("close", timeout=5000)


def test_an_owner_who_declines_is_told_on_the_page_and_can_press_again(setup_page: Page) -> None:
    window = _open_window(setup_page)
    window.get_by_role("link", name="Decline").click()
    expect(setup_page.get_by_text("Access was declined at Acme Market")).to_be_visible()
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    window.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()


def test_a_closed_window_is_not_called_a_failure(setup_page: Page) -> None:
    _open_window(setup_page).close()
    expect(setup_page.get_by_text("Closed the window?")).to_be_visible()
    _open_window(setup_page, "Try again").get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()


def test_a_blocked_window_is_told_and_the_same_window_does_instead(leaving_page: Page) -> None:
    leaving_page.evaluate("window.open = () => null")
    leaving_page.get_by_role("button", name="Grant Us API Access").click()
    expect(leaving_page.get_by_text("Your browser blocked the window")).to_be_visible()
    leaving_page.get_by_role("button", name="Continue in this window").click()
    leaving_page.get_by_role("link", name="Agree").click()
    expect(leaving_page.get_by_role("heading", name="Access granted")).to_be_visible()
    leaving_page.get_by_role("link", name="Go on in CartRover").click()
    expect(leaving_page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()


def test_without_a_script_a_link_leads_to_the_provider(leaving_page: Page) -> None:
    leaving_page.route("**/grant.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    leaving_page.reload()
    leaving_page.get_by_role("button", name="Grant Us API Access").click()
    leaving_page.get_by_role("link", name="Go to Acme Market").click()
    leaving_page.get_by_role("link", name="Agree").click()
    expect(leaving_page.get_by_role("heading", name="Access granted")).to_be_visible()


def test_what_was_typed_outlives_the_grant(setup_page: Page) -> None:
    setup_page.get_by_label("Name").fill("My German shop")
    _open_window(setup_page).get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_text("seller-1 Ltd is connected.")).to_be_visible()
    expect(setup_page.get_by_label("Name")).to_have_value("My German shop")


def test_a_provider_that_is_away_can_be_asked_again_without_the_owner(setup_page: Page, provider: Provider) -> None:
    provider.account_trouble = (503, {"error": "away"})
    _open_window(setup_page).get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_text("Your access is kept")).to_be_visible()
    provider.account_trouble = None
    setup_page.get_by_role("button", name="Go on", exact=True).click()
    expect(setup_page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()


def test_another_account_is_told_and_can_be_used_instead(setup_page: Page, provider: Provider, acme: Merchant) -> None:
    window = _open_window(setup_page)
    with window.expect_event("close"):
        window.get_by_role("link", name="Agree").click()
    setup_page.get_by_role("link", name="seller-1 Ltd").click()
    provider.owner = "seller-2"
    _open_window(setup_page, "Reconnect").get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_text("as seller-2 Ltd, but this connection is for seller-1 Ltd")).to_be_visible()
    is_accessible(setup_page)
    setup_page.get_by_role("link", name="Use this account instead").click()
    expect(setup_page.get_by_text("Acme Market Germany becomes a draft on seller-2 Ltd.")).to_be_visible()
    is_accessible(setup_page)
    with acting_for(acme):
        assert not Connection.objects.filter(account_id="seller-2").exists()
    setup_page.get_by_role("button", name="Use seller-2 Ltd instead of seller-1 Ltd").click()
    expect(setup_page.get_by_role("heading", name="seller-2 Ltd")).to_be_visible()
    expect(setup_page.get_by_text("seller-2 Ltd takes the place of seller-1 Ltd.").first).to_be_visible()
    is_accessible(setup_page)
    with acting_for(acme):
        assert Cart.objects.get().connection == Connection.objects.get(account_id="seller-2")
