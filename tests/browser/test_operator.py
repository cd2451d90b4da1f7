"""An operator in Chromium: into the admin, and from a merchant's page to its portal and back."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import Page, expect

from cartrover.connections.models import Cart
from cartrover.merchants.models import Change, User
from cartrover.merchants.tenancy import acting_for
from tests.browser.conftest import DESKTOP
from tests.browser.looking import is_accessible
from tests.browser.people import as_user
from tests.browser.test_portal import acme, day, show_navigation
from tests.portal.story import Day

__all__ = ["acme", "day"]


@pytest.fixture
def olgas(page: Page, portal: str, day: Day) -> Page:
    """The browser of an operator who has logged in with a second factor."""
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return as_user(page, portal, olga)


def _press(page: Page, button: str) -> None:
    """A button at the top of a row's page; on a phone it is in a menu."""
    page.wait_for_url("**/change/")
    menu = page.get_by_text("more_horiz").locator("visible=true")
    if menu.count():
        menu.first.click()
    page.get_by_role("link", name=button).locator("visible=true").click()


def test_an_operator_views_a_merchants_portal_and_stops(olgas: Page, day: Day) -> None:
    merchant = day.setup.merchant
    olgas.goto("/admin/merchants/merchant/")
    olgas.get_by_role("link", name=merchant.name).click()
    _press(olgas, "View as this merchant")
    expect(olgas.get_by_text("The merchant's audit keeps that you looked")).to_be_visible()
    olgas.get_by_label("Reason").fill("Alice asked why an order waits")
    olgas.get_by_role("button", name="View as this merchant").click()

    expect(olgas.get_by_role("heading", name="Dashboard")).to_be_visible()
    banner = olgas.get_by_role("complementary", name="Viewing as a merchant")
    expect(banner).to_contain_text(f"You view the portal of {merchant.name} as an operator: read-only")
    is_accessible(olgas)
    show_navigation(olgas)
    expect(olgas.get_by_role("navigation", name="Pages").get_by_role("link", name="Audit")).to_have_count(0)
    olgas.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile("Problems")).click()
    expect(olgas.get_by_text("3 orders wait")).to_be_visible()
    expect(olgas.get_by_role("button", name="I solved it, try again")).to_have_count(0)
    is_accessible(olgas)

    banner.get_by_role("button", name="Stop viewing").click()
    expect(olgas.get_by_text(f"You no longer view the portal of {merchant.name}.")).to_be_visible()
    assert olgas.request.get(f"/m/{merchant.public_id}/").status == 404


@pytest.mark.parametrize("viewport", [DESKTOP], ids=["desktop"])
def test_an_operator_pauses_a_cart_after_being_asked(olgas: Page, day: Day) -> None:
    cart = day.setup.carts["EBAY_DE"]
    olgas.goto(f"/admin/connections/cart/?q={cart.public_id}")
    olgas.locator(".action-select").check()
    olgas.get_by_label("Select action to run").select_option("pause")
    olgas.get_by_role("button", name="Run", exact=True).click()
    expect(olgas.get_by_role("heading", name="Pause these carts?")).to_be_visible()
    is_accessible(olgas)
    with acting_for(day.setup.merchant):
        assert Cart.objects.get(pk=cart.pk).state == "live"
    olgas.get_by_role("button", name="Yes").click()
    expect(olgas.get_by_text(f"{cart} is paused.")).to_be_visible()
    with acting_for(day.setup.merchant):
        assert Cart.objects.get(pk=cart.pk).state == "paused"
        assert Change.objects.get(what="as the operator: pause").actor == "olga@example.com"
