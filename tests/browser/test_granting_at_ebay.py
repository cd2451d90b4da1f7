"""What eBay's own pages do to a grant: "You have signed out of eBay", and an end page of its own that leads nowhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from cartrover.connections import sharing
from cartrover.connections.holders import new_cart
from cartrover.connections.models import Cart, Connection
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import is_accessible
from tests.browser.people import as_user
from tests.browser.windows import window_opened_by
from tests.conftest import make_member, make_merchant
from tests.stage import World, point_at, world

BUTTON = "Grant Us API Access"

Arrive = Callable[[Page, Merchant, str], None]


@pytest.fixture
def ebay(portal: str) -> Iterator[World]:
    """The outside, with an account of Olivia's at eBay."""
    before, environment = dict(registry._integrations), dict(os.environ)
    with world() as started:
        started.ebay.set(accepted_url=f"{portal}/oauth/callback/ebay/")
        started.ebay.control("sellers", username="olivia", password="secret")
        point_at({**started.environment, "PORTAL_URL": portal})
        yield started
    registry._integrations.clear()
    registry._integrations.update(before)
    os.environ.clear()
    os.environ.update(environment)


def _as_member(page: Page, merchant: Merchant, portal: str) -> None:
    with acting_for(merchant):
        cart = new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
    as_user(page, portal, User.objects.get()).goto(f"/m/{merchant.public_id}/carts/{cart.public_id}/")


def _as_owner(page: Page, merchant: Merchant, portal: str) -> None:
    with acting_for(merchant):
        cart = new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
        address = sharing.mint(sharing.share("olivia@seller.example", User.objects.get(), cart=cart).pk)
    page.goto(address)


@pytest.fixture(
    params=[(_as_member, DESKTOP), (_as_member, PHONE), (_as_owner, DESKTOP), (_as_owner, PHONE)],
    ids=["member-desktop", "member-phone", "owner-desktop", "owner-phone"],
)
def person(request: pytest.FixtureRequest) -> tuple[Arrive, ViewportSize]:
    who: tuple[Arrive, ViewportSize] = request.param
    return who


@pytest.fixture
def viewport(person: tuple[Arrive, ViewportSize]) -> ViewportSize:
    return person[1]


@pytest.fixture
def acme(live: None) -> Merchant:
    merchant = make_merchant()
    make_member(merchant, "alice@example.com")
    return merchant


@pytest.fixture
def setup_page(person: tuple[Arrive, ViewportSize], page: Page, portal: str, acme: Merchant, ebay: World) -> Page:
    arrive, _ = person
    arrive(page, acme, portal)
    return page


def _press(page: Page) -> Page:
    return window_opened_by(page, page.get_by_role("button", name=BUTTON, exact=True))


def _sign_in(window: Page) -> None:
    window.get_by_label("Username").fill("olivia")
    window.get_by_label("Password").fill("secret")
    window.get_by_role("button", name="Sign in").click()


def _agree(window: Page) -> None:
    window.get_by_role("button", name="Agree and Continue").click()


def _is_connected(page: Page, merchant: Merchant) -> None:
    expect(page.get_by_role("button", name=BUTTON, exact=True)).to_have_count(0)
    expect(page.locator("section:has(#access)").get_by_text("olivia").first).to_be_visible()
    with acting_for(merchant):
        assert Cart.objects.get().connection == Connection.objects.get()


def test_who_is_told_of_having_signed_out_closes_the_window_and_presses_again(
    setup_page: Page, acme: Merchant, ebay: World
) -> None:
    ebay.ebay.set(signed_out=1)
    window = _press(setup_page)
    expect(window.get_by_role("heading", name="You have signed out of eBay.")).to_be_visible()
    expect(setup_page.get_by_text("Waiting for eBay.")).to_be_visible()
    setup_page.get_by_text("eBay says that I have signed out").click()
    expect(setup_page.get_by_text("Signed out: close that window and press the button again")).to_be_visible()
    is_accessible(setup_page)
    window.close()
    window = _press(setup_page)
    _sign_in(window)
    _agree(window)
    _is_connected(setup_page, acme)


def test_who_signs_in_on_that_page_is_left_there_by_ebay_and_presses_again(setup_page: Page, acme: Merchant, ebay: World) -> None:
    ebay.ebay.set(signed_out=1)
    window = _press(setup_page)
    window.get_by_role("link", name="Sign in again").click()
    _sign_in(window)
    expect(setup_page.get_by_text("Waiting for eBay.")).to_be_visible()
    setup_page.get_by_role("button", name=BUTTON, exact=True).click()
    window.wait_for_url("**/signin?request=**")
    _sign_in(window)
    _agree(window)
    _is_connected(setup_page, acme)


def test_the_address_of_ebays_own_end_page_is_pasted(setup_page: Page, acme: Merchant, ebay: World) -> None:
    ebay.ebay.set(dead_end=True)
    window = _press(setup_page)
    _sign_in(window)
    _agree(window)
    expect(window.get_by_text("It's now safe to close the browser window/tab.")).to_be_visible()
    expect(setup_page.get_by_text("Waiting for eBay.")).to_be_visible()
    address = window.url
    window.close()

    _paste(setup_page, "https://www.ebay.de/mys/home")
    expect(setup_page.get_by_text("This address holds no answer from eBay.").first).to_be_visible()
    is_accessible(setup_page)
    _paste(setup_page, address)
    expect(setup_page.get_by_text("olivia is connected.").first).to_be_visible()
    _is_connected(setup_page, acme)


def _paste(page: Page, address: str) -> None:
    page.get_by_text("eBay says that I have signed out").click()
    page.get_by_label("Address of the last page").fill(address)
    page.get_by_role("button", name="Use this address").click()
