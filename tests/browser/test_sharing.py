"""Share Setup Link in a real browser: Alice asks, Olivia grants at the eBay stand-in and finishes, and Alice sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from cartrover.connections import sharing
from cartrover.connections.holders import new_cart
from cartrover.connections.models import Cart, Connection, SetupLink
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import housekeeping
from integrations import registry
from tests.browser.conftest import Witness
from tests.browser.looking import is_accessible, looks_well
from tests.browser.people import as_user, from_mail
from tests.browser.windows import window_opened_by
from tests.conftest import make_member, make_merchant
from tests.mail.mailing import send_waiting_mail
from tests.stage import World, point_at, world

OLIVIA = "olivia@seller.example"


@pytest.fixture
def outside(portal: str) -> Iterator[World]:
    """eBay with Olivia's account, and TradeGecko."""
    before = dict(registry._integrations)
    with world() as started:
        started.ebay.set(
            accepted_url=f"{portal}/oauth/callback/ebay/", declined_url=f"{portal}/oauth/declined/ebay/", declined_query=True
        )
        started.ebay.control("sellers", username="olivia", password="secret")
        point_at({**started.environment, "PORTAL_URL": portal})
        yield started
    registry._integrations.clear()
    registry._integrations.update(before)


@pytest.fixture
def acme(live: None) -> Merchant:
    merchant = make_merchant()
    make_member(merchant, "alice@example.com")
    return merchant


def _alices(page: Page, portal: str) -> Page:
    return as_user(page, portal, User.objects.get())


@pytest.fixture
def olivias(chromium: Browser, portal: str, page: Page, outside: World) -> Iterator[Page]:
    """The owner's browser, as wide as Alice's. It knows nobody here."""
    fresh = chromium.new_context(base_url=portal, viewport=page.viewport_size, reduced_motion="reduce")
    witness = Witness(fresh, portal)
    yield fresh.new_page()
    assert witness.complaints == []
    fresh.close()


def _mailed(mailoutbox: list[EmailMessage]) -> str:
    """The link of the newest mail that Olivia has got."""
    return from_mail(mailoutbox, OLIVIA, r"http://localhost\S+/setup/\S+")


def _grants_at_ebay(page: Page) -> None:
    window = window_opened_by(page, page.get_by_role("button", name="Grant Us API Access", exact=True))
    window.get_by_label("Username").fill("olivia")
    window.get_by_label("Password").fill("secret")
    window.get_by_role("button", name="Sign in").click()
    window.get_by_role("button", name="Agree and Continue").click()


def test_an_owner_finishes_a_setup_that_a_member_shared(
    page: Page, olivias: Page, portal: str, acme: Merchant, outside: World, mailoutbox: list[EmailMessage]
) -> None:
    alices = _alices(page, portal)
    alices.goto(f"/m/{acme.public_id}/setup/ebay/")
    alices.get_by_label("Germany").check(force=True)
    alices.get_by_role("button", name="Continue").click()
    alices.get_by_label("Share Setup Link").check()
    alices.get_by_label("E-mail address of the account's owner").fill(OLIVIA)
    is_accessible(alices)
    alices.get_by_role("button", name="Save", exact=True).click()
    expect(alices.get_by_text("Waiting for the owner")).to_be_visible()
    is_accessible(alices)

    olivias.goto(_mailed(mailoutbox))
    expect(olivias).to_have_url(f"{portal}/setup/")
    expect(olivias.get_by_role("heading", name="Connect your eBay account")).to_be_visible()
    expect(olivias.get_by_text("Acme Outdoor").first).to_be_visible()
    is_accessible(olivias)
    _grants_at_ebay(olivias)
    expect(olivias.get_by_text("Access granted")).to_be_visible()
    expect(alices.get_by_text("Access granted, not finished")).to_be_visible()

    olivias.get_by_role("button", name="Test").click()
    expect(olivias.get_by_text("Access granted by olivia")).to_be_visible()
    expect(olivias.get_by_text("Everything works. Press OK to finish.")).to_be_visible()
    expect(olivias.get_by_text("Orders can be read")).to_be_visible()
    is_accessible(olivias)
    olivias.get_by_role("button", name="OK").click()
    expect(olivias.get_by_role("heading", name="Connection complete")).to_be_visible()
    is_accessible(olivias)
    expect(alices.get_by_text("Connection complete")).to_be_visible()

    with acting_for(acme):
        cart = Cart.objects.get()
        assert (cart.state, cart.connection) == ("checked", Connection.objects.get())
        assert SetupLink.objects.get().used_at is not None


def test_an_owner_who_declines_or_closes_the_window_can_begin_again(
    page: Page, olivias: Page, portal: str, acme: Merchant, outside: World, mailoutbox: list[EmailMessage]
) -> None:
    with acting_for(acme):
        sharing.share(OLIVIA, User.objects.get(), cart=new_cart(registry.get("ebay"), "EBAY_DE", actor="a test"))
    olivias.goto(_mailed(mailoutbox))
    window = window_opened_by(olivias, olivias.get_by_role("button", name="Grant Us API Access", exact=True))
    window.get_by_label("Username").wait_for()
    window.close()
    expect(olivias.get_by_text("Closed the window?")).to_be_visible()
    window = window_opened_by(olivias, olivias.get_by_role("button", name="Try again"))
    window.get_by_label("Username").fill("olivia")
    window.get_by_label("Password").fill("secret")
    window.get_by_role("button", name="Sign in").click()
    window.get_by_role("button", name="No thanks").click()
    expect(olivias.get_by_text("Access was declined at eBay")).to_be_visible()
    with acting_for(acme):
        assert SetupLink.objects.get().used_at is None


def test_a_member_copies_a_link_and_withdraws_it(page: Page, olivias: Page, portal: str, acme: Merchant, outside: World) -> None:
    with acting_for(acme):
        cart = new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
        sharing.share(OLIVIA, User.objects.get(), cart=cart)
    alices = _alices(page, portal)
    alices.goto(f"/m/{acme.public_id}/carts/{cart.public_id}/")
    alices.get_by_role("button", name="Copy link").click()
    address = alices.get_by_label("Setup link").input_value()
    is_accessible(alices)
    olivias.goto(address)
    expect(olivias.get_by_role("heading", name="Connect your eBay account")).to_be_visible()
    alices.get_by_role("link", name="Back").click()
    alices.get_by_role("button", name="Withdraw").click()
    expect(alices.get_by_text("Withdrawn", exact=True)).to_be_visible()
    answer = olivias.goto(address)
    assert answer is not None
    assert answer.status == 410
    expect(olivias.get_by_text("Acme Outdoor has withdrawn this link")).to_be_visible()
    looks_well(olivias)


def test_an_expired_link_is_sent_again_and_one_that_is_used_up_says_so(
    page: Page, olivias: Page, portal: str, acme: Merchant, outside: World, mailoutbox: list[EmailMessage]
) -> None:
    with acting_for(acme):
        cart = new_cart(registry.get("ebay"), "EBAY_DE", actor="a test")
        sharing.share(OLIVIA, User.objects.get(), cart=cart)
    first = _mailed(mailoutbox)
    with acting_for(acme):
        SetupLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    refused = olivias.context.new_page()
    refused.goto(first)
    expect(refused.get_by_role("heading", name="This link has expired")).to_be_visible()
    looks_well(refused)

    alices = _alices(page, portal)
    alices.goto(f"/m/{acme.public_id}/carts/{cart.public_id}/")
    alices.get_by_role("button", name="Send again").click()
    expect(alices.get_by_text("Waiting for the owner")).to_be_visible()
    second = _mailed(mailoutbox)
    refused.goto(first)
    expect(refused.get_by_role("heading", name="This link does not work")).to_be_visible()
    looks_well(refused)

    olivias.goto(second)
    _grants_at_ebay(olivias)
    expect(olivias.get_by_text("Access granted")).to_be_visible()
    olivias.get_by_role("button", name="OK").click()
    expect(olivias.get_by_role("heading", name="Connection complete")).to_be_visible()
    refused.goto(second)
    expect(refused.get_by_role("heading", name="Nothing left to do")).to_be_visible()
    looks_well(refused)


def test_an_owner_renews_a_consent_that_ends(
    page: Page, olivias: Page, portal: str, acme: Merchant, outside: World, mailoutbox: list[EmailMessage]
) -> None:
    with acting_for(acme):
        sharing.share(OLIVIA, User.objects.get(), cart=new_cart(registry.get("ebay"), "EBAY_DE", actor="a test"))
    olivias.goto(_mailed(mailoutbox))
    _grants_at_ebay(olivias)
    olivias.get_by_role("button", name="OK").click()
    expect(olivias.get_by_role("heading", name="Connection complete")).to_be_visible()
    with acting_for(acme):
        Connection.objects.update(consent_ends_at=timezone.now() + timedelta(days=6, hours=1))
        connection = Connection.objects.get()
        housekeeping.warn_of_consent(connection)

    olivias.goto(_mailed(mailoutbox))
    expect(olivias.get_by_role("heading", name="Renew the access to olivia")).to_be_visible()
    is_accessible(olivias)
    _grants_at_ebay(olivias)
    expect(olivias.get_by_text("Access granted")).to_be_visible()
    olivias.get_by_role("button", name="OK").click()
    expect(olivias.get_by_role("heading", name="Connection complete")).to_be_visible()
    send_waiting_mail()
    renewed = [mail.to for mail in mailoutbox if "is renewed" in str(mail.subject)]
    assert renewed == [[OLIVIA], ["alice@example.com"]]
    with acting_for(acme):
        again = Connection.objects.get()
    assert again.pk == connection.pk
    assert again.consent_ends_at is not None
    assert again.consent_ends_at > timezone.now() + timedelta(days=300)
