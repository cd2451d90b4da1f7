"""Grant Us API Access in a real browser: the window, and all that may happen to it.

A member presses the button on the page of a cart. The account's owner, who has no log-in here, presses it behind a setup link.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, ViewportSize, expect

from cartrover.connections import sharing
from cartrover.connections.holders import join, new_cart
from cartrover.connections.models import Cart, Connection, GrantAttempt
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import is_accessible
from tests.browser.people import as_user
from tests.browser.windows import window_opened_by
from tests.conftest import make_member, make_merchant
from tests.connections.conftest import Connect, connect, provider, use
from tests.connections.provider import Provider

__all__ = ["connect", "provider"]

Arrive = Callable[[Page, str, Merchant], Page]


@pytest.fixture
def acme(live: None) -> Merchant:
    merchant = make_merchant()
    make_member(merchant, "alice@example.com")
    return merchant


def _as_member(page: Page, portal: str, merchant: Merchant) -> Page:
    """Alice, on the page of the cart that she has just added."""
    as_user(page, portal, User.objects.get())
    page.goto(f"/m/{merchant.public_id}/carts/new/")
    page.get_by_role("link", name="Set up Acme Market").click()
    page.get_by_label("Germany").check()
    page.get_by_role("button", name="Continue").click()
    return page


def _as_owner(page: Page, portal: str, merchant: Merchant) -> Page:
    """Olivia, behind the link that Alice had sent to her."""
    with acting_for(merchant):
        cart = new_cart(registry.get("acme"), "ACME_DE", actor="a test")
        address = sharing.mint(sharing.share("olivia@seller.example", User.objects.get(), cart=cart).pk)
    page.goto(address)
    return page


@pytest.fixture(
    params=[(_as_member, DESKTOP), (_as_member, PHONE), (_as_owner, DESKTOP), (_as_owner, PHONE)],
    ids=["member-desktop", "member-phone", "owner-desktop", "owner-phone"],
)
def person(request: pytest.FixtureRequest) -> tuple[Arrive, ViewportSize]:
    """Who presses the button, and on what."""
    who: tuple[Arrive, ViewportSize] = request.param
    return who


for_members = pytest.mark.parametrize(
    "person", [(_as_member, DESKTOP), (_as_member, PHONE)], ids=["member-desktop", "member-phone"]
)
for_owners = pytest.mark.parametrize("person", [(_as_owner, DESKTOP), (_as_owner, PHONE)], ids=["owner-desktop", "owner-phone"])


@pytest.fixture
def viewport(person: tuple[Arrive, ViewportSize]) -> ViewportSize:
    return person[1]


@pytest.fixture
def setup_page(person: tuple[Arrive, ViewportSize], page: Page, portal: str, acme: Merchant, provider: Provider) -> Page:
    """The page with the button."""
    use(provider, portal)
    arrive, _ = person
    arrive(page, portal, acme)
    page.get_by_role("button", name="Grant Us API Access").wait_for()
    page.wait_for_load_state()
    return page


def _open_window(page: Page, button: str = "Grant Us API Access") -> Page:
    window = window_opened_by(page, page.get_by_role("button", name=button))
    window.wait_for_url("**/authorize?**")
    return window


def _is_connected(page: Page, account: str = "seller-1 Ltd") -> None:
    """The page has loaded itself anew, and names the account where the button was."""
    expect(page.get_by_role("button", name="Grant Us API Access", exact=True)).to_have_count(0)
    expect(page.locator("section:has(#access)").get_by_text(account).first).to_be_visible()


@pytest.mark.parametrize("coop", [False, True], ids=["linked", "cut off by the provider"])
def test_the_window_says_that_it_worked_and_the_page_names_the_account(
    setup_page: Page, provider: Provider, coop: bool, acme: Merchant
) -> None:
    provider.coop = coop
    window = _open_window(setup_page)
    expect(setup_page.get_by_text("Waiting for Acme Market.")).to_be_visible()
    window.get_by_role("link", name="Agree").click()
    _is_connected(setup_page)
    with acting_for(acme):
        assert Cart.objects.get().connection == Connection.objects.get()
    if not window.is_closed():
        window.wait_for_event("close")


@for_members
def test_who_was_logged_out_meanwhile_is_led_to_the_log_in(setup_page: Page) -> None:
    _open_window(setup_page)
    expect(setup_page.get_by_text("Waiting for Acme Market.")).to_be_visible()
    Session.objects.all().delete()
    expect(setup_page.get_by_role("heading", name="Log in")).to_be_visible()


def test_what_the_server_knows_is_on_the_page_within_three_seconds(setup_page: Page, acme: Merchant) -> None:
    """Promised by the page, however the server came to know: the window says nothing here."""
    _open_window(setup_page)
    expect(setup_page.get_by_text("Waiting for Acme Market.")).to_be_visible()
    with acting_for(acme):
        GrantAttempt.objects.update(state="failed", words="Your access could not be kept.")
    expect(setup_page.get_by_text("Your access could not be kept.")).to_be_visible(timeout=3_000)


def test_an_owner_who_declines_is_told_on_the_page_and_can_press_again(setup_page: Page) -> None:
    window = _open_window(setup_page)
    window.get_by_role("link", name="Decline").click()
    expect(setup_page.get_by_text("Access was declined at Acme Market")).to_be_visible()
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    window.get_by_role("link", name="Agree").click()
    _is_connected(setup_page)


def test_a_closed_window_is_not_called_a_failure(setup_page: Page) -> None:
    _open_window(setup_page).close()
    expect(setup_page.get_by_text("Closed the window?")).to_be_visible()
    _open_window(setup_page, "Try again").get_by_role("link", name="Agree").click()
    _is_connected(setup_page)


def test_a_blocked_window_is_told_and_the_same_window_does_instead(setup_page: Page) -> None:
    setup_page.evaluate("window.open = () => null")
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    expect(setup_page.get_by_text("Your browser blocked the window")).to_be_visible()
    setup_page.get_by_role("button", name="Continue in this window").click()
    setup_page.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("heading", name="Access granted")).to_be_visible()
    setup_page.get_by_role("link", name="Go on in CartRover").click()
    _is_connected(setup_page)


def test_without_a_script_a_link_leads_to_the_provider(setup_page: Page) -> None:
    setup_page.route("**/grant.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    setup_page.reload()
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    expect(setup_page.get_by_role("link", name="Go to Acme Market")).to_be_visible()
    is_accessible(setup_page)
    setup_page.get_by_role("link", name="Go to Acme Market").click()
    setup_page.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("heading", name="Access granted")).to_be_visible()


@for_members
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
    _is_connected(setup_page)


def test_a_provider_that_is_away_can_be_asked_again_where_the_grant_was_in_the_same_window(
    setup_page: Page, provider: Provider
) -> None:
    provider.account_trouble = (503, {"error": "away"})
    setup_page.evaluate("window.open = () => null")
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    setup_page.get_by_role("button", name="Continue in this window").click()
    setup_page.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("heading", name="Not connected yet")).to_be_visible()
    setup_page.get_by_role("link", name="Go on in CartRover").click()
    setup_page.get_by_role("button", name="Go on", exact=True).click()
    expect(setup_page.get_by_text("Your access is kept: press Go on to try again.")).to_be_visible()
    is_accessible(setup_page)
    provider.account_trouble = None
    setup_page.get_by_role("button", name="Go on", exact=True).click()
    expect(setup_page.get_by_text("seller-1 Ltd is connected.")).to_be_visible()
    _is_connected(setup_page)


def test_a_provider_that_gives_no_token_is_told_and_can_be_tried_again(setup_page: Page, provider: Provider) -> None:
    provider.token_trouble = (503, {"error": "server_error"})
    window = _open_window(setup_page)
    window.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_text("Nothing was connected. Press Grant Us API Access to try again.")).to_be_visible()
    provider.token_trouble = None
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    window.get_by_role("link", name="Agree").click()
    _is_connected(setup_page)


# -------------------------------------------------------------------------------------------------- answers that do not belong


def test_an_answer_that_nobody_asked_for_connects_nothing_and_spoils_nothing(
    setup_page: Page, portal: str, provider: Provider, acme: Merchant
) -> None:
    window = _open_window(setup_page)
    window.goto(f"{portal}/oauth/callback/acme/?state=guessed&code=stolen")
    expect(window.get_by_role("heading", name="Not connected")).to_be_visible()
    expect(window.get_by_text("belongs to nothing that was started here")).to_be_visible()
    is_accessible(window)
    expect(setup_page.get_by_text("Waiting for Acme Market.")).to_be_visible()
    assert provider.asked == [], "nobody was asked for a token"
    window.go_back()
    window.get_by_role("link", name="Agree").click()
    _is_connected(setup_page)


def test_an_answer_that_comes_twice_counts_once(setup_page: Page, provider: Provider, acme: Merchant) -> None:
    setup_page.evaluate("window.open = () => null")
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    setup_page.get_by_role("button", name="Continue in this window").click()
    setup_page.get_by_role("link", name="Agree").click()
    expect(setup_page.get_by_role("heading", name="Access granted")).to_be_visible()
    setup_page.reload()
    expect(setup_page.get_by_role("heading", name="Answered before")).to_be_visible()
    expect(setup_page.get_by_text("was used before. seller-1 Ltd is connected.")).to_be_visible()
    expect(setup_page.locator("[data-window]")).to_be_hidden()  # it is no window that could close
    is_accessible(setup_page)
    setup_page.get_by_role("link", name="Go on in CartRover").click()
    _is_connected(setup_page)
    assert provider.minted["grant"] == 1


# ---------------------------------------------------------------------------------------------------------- whose account it is


def test_an_account_that_the_merchant_has_is_joined(
    setup_page: Page, provider: Provider, acme: Merchant, connect: Connect
) -> None:
    connection = connect(acme, "seller-1")
    setup_page.reload()
    _open_window(setup_page).get_by_role("link", name="Agree").click()
    _is_connected(setup_page)
    with acting_for(acme):
        assert (Cart.objects.get().connection, Connection.objects.count()) == (connection, 1)


def test_an_account_that_another_merchant_uses_is_refused_without_naming_it(
    setup_page: Page, provider: Provider, acme: Merchant, connect: Connect
) -> None:
    globex = make_merchant("Globex Toys")
    theirs = connect(globex, "seller-1")
    with acting_for(globex):
        join(new_cart(registry.get("acme"), "ACME_DE", actor="a test"), theirs)
    window = _open_window(setup_page)
    window.get_by_role("link", name="Agree").click()
    words = "The orders of seller-1 Ltd are already connected elsewhere. Disconnect it there, or ask support."
    expect(setup_page.get_by_text(words)).to_be_visible()
    expect(window.get_by_text(words)).to_be_visible()
    assert "Globex" not in setup_page.content() + window.content()
    with acting_for(acme):
        assert not Connection.objects.exists()
    provider.owner = "seller-2"
    setup_page.get_by_role("button", name="Grant Us API Access").click()
    window.get_by_role("link", name="Agree").click()
    _is_connected(setup_page, "seller-2 Ltd")


@for_members
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


@for_owners
def test_another_account_is_told_to_an_owner_who_renews_and_can_be_used_instead(
    page: Page, portal: str, provider: Provider, acme: Merchant, connect: Connect
) -> None:
    use(provider, portal)
    connection = connect(acme, "seller-1")
    with acting_for(acme):
        join(new_cart(registry.get("acme"), "ACME_DE", actor="a test"), connection)
        address = sharing.mint(sharing.ask_to_renew(connection, "olivia@seller.example").pk)
    page.goto(address)
    provider.owner = "seller-2"
    _open_window(page).get_by_role("link", name="Agree").click()
    expect(page.get_by_text("as seller-2 Ltd, but this connection is for seller-1 Ltd").first).to_be_visible()
    page.get_by_role("link", name="Use this account instead").first.click()
    expect(page.get_by_role("heading", name="Use seller-2 Ltd instead?")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Use seller-2 Ltd instead of seller-1 Ltd").click()
    expect(page.get_by_text("seller-2 Ltd takes the place of seller-1 Ltd.")).to_be_visible()
    is_accessible(page)
    with acting_for(acme):
        assert Cart.objects.get().connection == Connection.objects.get(account_id="seller-2")
