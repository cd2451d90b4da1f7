"""Without a mouse: everything is reached by Tab, is seen when it is, and is pressed by Enter, Space and the arrows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from cartrover.connections.models import Cart
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from tests.browser.test_granting import acme, provider
from tests.browser.test_portal import PASSWORD, confirmed
from tests.connections.conftest import use
from tests.connections.provider import Provider

__all__ = ["acme", "provider"]
FARTHEST = 60  # stops on a page


def _to(page: Page, wanted: Locator) -> None:
    """Press Tab until something has the focus, which must then be seen."""
    for _ in range(FARTHEST):
        if wanted.evaluate("element => element === document.activeElement"):
            outline = wanted.evaluate("element => { const s = getComputedStyle(element); return s.outlineStyle + s.boxShadow }")
            assert outline != "nonenone", "nobody sees where the focus is"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {wanted}")


def _press(page: Page, wanted: Locator, key: str = "Enter") -> None:
    _to(page, wanted)
    page.keyboard.press(key)


@pytest.fixture
def alices(page: Page, portal: str, acme: Merchant, provider: Provider) -> Page:
    use(provider, portal)
    confirmed(User.objects.get())
    return page


def test_a_cart_is_set_up_from_the_log_in_on_without_a_mouse(alices: Page, acme: Merchant) -> None:
    page = alices
    page.goto("/")
    _to(page, page.get_by_label("Email"))
    page.keyboard.type("alice@example.com")
    _to(page, page.get_by_label("Password", exact=True))
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.goto(page.url.partition("#")[0])
    opener = page.get_by_role("button", name="Open the navigation")
    if opener.is_visible():
        _press(page, opener)
        expect(page.get_by_role("button", name="Close the navigation")).to_be_visible()
    _press(page, page.get_by_role("navigation", name="Pages").get_by_role("link", name="Carts"))
    expect(page.get_by_role("heading", name="Carts", exact=True)).to_be_visible()

    _press(page, page.get_by_role("link", name="Add a cart").first)
    _press(page, page.get_by_role("link", name="Set up Acme Market"))
    expect(page.get_by_role("heading", name="New Acme Market Setup")).to_be_visible()
    _to(page, page.get_by_label("Orders come from it"))
    _press(page, page.locator("input[name=variant]").first, "Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=variant]").nth(1)).to_be_checked()
    _press(page, page.get_by_role("button", name="Continue"))
    expect(page.get_by_role("heading", name="New Acme Market Setup")).to_be_visible()

    page.get_by_role("button", name="Grant Us API Access").wait_for()
    page.wait_for_load_state()  # the page's script opens the window
    with page.expect_popup() as opened:
        _press(page, page.get_by_role("button", name="Grant Us API Access"))
    window = opened.value
    with window.expect_event("close"):
        _press(window, window.get_by_role("link", name="Agree"))
    expect(page.get_by_role("link", name="seller-1 Ltd")).to_be_visible()
    _press(page, page.get_by_role("button", name="Test", exact=True))
    expect(page.get_by_text("That is all. Nothing was saved.")).to_be_visible()
    with acting_for(acme):
        assert Cart.objects.get().connection is not None
