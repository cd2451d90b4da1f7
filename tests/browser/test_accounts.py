"""Accounts and teams, in Chromium, at two widths: what a person clicks from the sign-up to the last day on a team."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.core.mail import EmailMessage
from playwright.sync_api import Browser, BrowserContext, Page, expect

from cartrover.merchants.models import Merchant, SignIn, User
from tests.browser.conftest import Witness
from tests.browser.looking import is_accessible
from tests.browser.people import from_mail
from tests.browser.test_portal import PASSWORD, confirmed, log_in, show_navigation, totp
from tests.conftest import make_member, make_merchant


@pytest.fixture
def acme(portal: str) -> Merchant:
    merchant = make_merchant()
    confirmed(make_member(merchant, "alice@example.com"))
    return merchant


@pytest.fixture
def another(chromium: Browser, portal: str) -> Iterator[Page]:
    """A second person's browser."""
    context = chromium.new_context(base_url=portal, viewport={"width": 1280, "height": 800})
    witness = Witness(context, portal)
    yield context.new_page()
    context.close()
    assert witness.complaints == []


def sign_up(page: Page, email: str, mailoutbox: list[EmailMessage]) -> None:
    """From the open form to the first page inside."""
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    page.goto(from_mail(mailoutbox, email, r"http://localhost\S+confirm-email\S+"))
    page.get_by_role("button", name="Yes, confirm").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(page, email)


def open_page(page: Page, name: str) -> None:
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def ask_again(page: Page) -> None:
    """What protects the account is changed only after the password was typed once more."""
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def log_out(page: Page) -> None:
    show_navigation(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_team_from_the_first_sign_up_to_the_last_day(page: Page, another: Page, mailoutbox: list[EmailMessage]) -> None:
    page.goto("/accounts/signup/")
    sign_up(page, "alice@example.com", mailoutbox)
    page.get_by_label("Name").fill("Alice's Tents")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Until orders flow")).to_be_visible()
    expect(page.get_by_role("link", name="Set up a warehouse", exact=True)).to_be_visible()
    is_accessible(page)

    open_page(page, "Team")
    page.get_by_label("E-mail address").fill("bob@example.com")
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("Mail on its way")).to_be_visible()
    is_accessible(page)

    another.goto(from_mail(mailoutbox, "bob@example.com", r"http://localhost\S+/join/\S+"))
    expect(another.get_by_role("heading", name="Join Alice's Tents")).to_be_visible()
    assert another.url.endswith("/join/"), "the token does not stay in the address"
    is_accessible(another)
    another.get_by_role("link", name="Sign up").click()
    sign_up(another, "bob@example.com", mailoutbox)
    another.get_by_role("button", name="Accept").click()
    expect(another.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(another.get_by_text("A manager or owner does this.")).to_be_visible()
    expect(another.get_by_role("link", name="Audit")).to_have_count(0)

    open_page(page, "Team")
    page.get_by_label("Role of bob@example.com", exact=True).select_option("manager")
    page.get_by_role("button", name="Change the role of bob@example.com").click()
    expect(page.get_by_text("bob@example.com is manager now.")).to_be_visible()
    another.reload()
    another.get_by_role("link", name="Audit").click()
    expect(another.get_by_role("row", name=re.compile("Changed a role.*role: viewer.*manager", re.DOTALL))).to_be_visible()
    is_accessible(another)

    page.get_by_role("button", name="Remove bob@example.com", exact=True).click()
    expect(page.get_by_text("bob@example.com is off the team.")).to_be_visible()
    assert another.request.get(another.url).status == 404
    open_page(page, "Audit")
    is_accessible(page)


def test_the_settings_of_a_merchant_and_what_a_member_hears_of(page: Page, acme: Merchant) -> None:
    log_in(page)
    open_page(page, "Settings")
    is_accessible(page)
    page.get_by_label("Support contact").fill("help@acme.example")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Support contact")).to_have_value("help@acme.example")
    page.get_by_label("Orders wait for you").select_option("daily")
    page.get_by_role("button", name="Save my choices").click()
    expect(page.get_by_label("Orders wait for you")).to_have_value("daily")


def test_the_link_is_there_to_copy_where_no_mail_goes(page: Page, another: Page, acme: Merchant) -> None:
    log_in(page)
    open_page(page, "Team")
    page.get_by_label("E-mail address").fill("bob@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_role("button", name="Link for bob@example.com").click()
    expect(page.get_by_label("The link to copy")).to_be_visible()
    is_accessible(page)
    another.goto(page.get_by_label("The link to copy").input_value())
    expect(another.get_by_role("heading", name=f"Join {acme.name}")).to_be_visible()


def test_ownership_is_handed_over_after_the_password_is_asked(page: Page, acme: Merchant) -> None:
    make_member(acme, "bob@example.com", "staff")
    log_in(page)
    open_page(page, "Team")
    page.get_by_role("link", name="Hand over ownership").click()
    ask_again(page)
    is_accessible(page)
    page.get_by_label("New owner").select_option("bob@example.com")
    page.get_by_role("button", name="Hand over").click()
    expect(page.get_by_text("You are a manager.")).to_be_visible()


@pytest.fixture
def authenticator(context: BrowserContext, page: Page) -> None:
    """A passkey maker built into this browser, which always says yes."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_is_made_and_logs_in_alone(page: Page, acme: Merchant, authenticator: None) -> None:
    log_in(page)
    page.goto("/account/security/")
    is_accessible(page)
    page.get_by_role("link", name="Add a passkey").click()
    ask_again(page)
    is_accessible(page)
    page.get_by_label("Name").fill("Alice's laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    is_accessible(page)
    page.goto("/accounts/mfa/webauthn/")
    expect(page.get_by_role("heading", name="Alice's laptop")).to_be_visible()
    is_accessible(page)
    page.goto("/account/security/")
    log_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.goto("/account/security/")
    expect(page.get_by_text("Logged in with passkey or security key")).to_be_visible()
    expect(page.get_by_text("Passkey or security key added")).to_be_visible()
    page.goto("/accounts/reauthenticate/?next=/account/security/")
    page.get_by_role("link", name="security key").click()
    is_accessible(page)
    page.get_by_role("button", name="Use a passkey or security key").click()
    expect(page.get_by_role("heading", name="Account and security")).to_be_visible()


def test_without_a_passkey_the_page_says_so(page: Page, acme: Merchant, authenticator: None) -> None:
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used.")).to_be_visible()


def test_an_e_mailed_code_logs_in(page: Page, acme: Merchant, mailoutbox: list[EmailMessage]) -> None:
    page.goto("/accounts/login/")
    is_accessible(page)
    page.get_by_role("link", name="E-mail me a code").click()
    expect(page.get_by_role("button", name="Send the code")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_role("button", name="Send the code").click()
    expect(page.get_by_role("heading", name="Type the code")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Code").fill(from_mail(mailoutbox, "alice@example.com", r"(?m)^\s*[A-Z0-9]{4}-[A-Z0-9]{4}\s*$").strip())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def test_the_authenticator_app_is_asked_for_after_the_password(page: Page, acme: Merchant) -> None:
    log_in(page)
    page.goto("/account/security/")
    page.get_by_role("link", name="Set up the app").click()
    ask_again(page)
    secret = page.get_by_label("Secret, for an app that cannot scan").input_value()
    page.get_by_label("Authenticator code").fill(totp(secret))
    page.get_by_role("button", name="Switch it on").click()
    codes = page.get_by_label("Unused codes").input_value().split()
    page.goto("/account/security/")
    expect(page.get_by_text(f"{len(codes)} unused.")).to_be_visible()
    log_out(page)
    log_in(page)
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.goto("/account/security/")
    expect(page.get_by_text(f"{len(codes) - 1} unused.")).to_be_visible()


def test_the_other_browsers_are_logged_out(page: Page, another: Page, acme: Merchant) -> None:
    log_in(another)
    log_in(page)
    page.goto("/account/security/")
    expect(page.get_by_text("2 browsers.")).to_be_visible()
    page.get_by_role("link", name="Sessions").click()
    expect(page.get_by_role("button", name="Log out the others")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="Log out the others").click()
    expect(page.get_by_text("You are logged in nowhere else.")).to_be_visible()
    expect(another.get_by_role("heading", name="Log in")).to_be_visible()  # the dashboard asks for news by itself
    assert SignIn.objects.filter(user=User.objects.get(email="alice@example.com")).count() == 2
