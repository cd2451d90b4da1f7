"""What a member clicks, in Chromium, at two widths."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.mail import EmailMessage
from playwright.sync_api import Page, expect

from cartrover.events.telling import event, tell
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.conftest import make_member, make_merchant
from tests.mail.mailing import send_waiting_mail
from tests.portal.story import Day, busy_day

PASSWORD = "correct horse battery"


@pytest.fixture
def acme(portal: str) -> Merchant:
    merchant = make_merchant()
    confirmed(make_member(merchant, "alice@example.com"))
    return merchant


@pytest.fixture
def day(acme: Merchant) -> Day:
    return busy_day(acme)


def confirmed(user: User) -> User:
    """Whose e-mail address is confirmed may log in."""
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def log_in(page: Page, email: str = "alice@example.com") -> None:
    page.goto("/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def show_navigation(page: Page) -> None:
    opener = page.get_by_role("button", name="Open the navigation")
    if opener.is_visible():
        opener.click()


def test_a_member_logs_in_and_finds_an_order(page: Page, day: Day) -> None:
    log_in(page)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    is_accessible(page)
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Orders").click()
    expect(page.get_by_role("heading", name="Orders")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Search orders").fill("12-12910")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=day.shipped.number).click()
    expect(page.get_by_role("heading", name=day.shipped.number)).to_be_visible()
    is_accessible(page)


def test_an_orders_page_shows_what_was_said_on_the_wire(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/{day.shipped.ref}/")
    page.get_by_text("POST /orders").click()
    expect(page.get_by_text('"status": "finalized"')).to_be_visible()


def test_the_dashboard_follows_by_itself(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    with acting_for(acme):
        tell([event(day.in_error, "pulled", "Something new happened.")])
    expect(page.get_by_text("Something new happened.")).to_be_visible()


def test_the_problems_page_tries_again_all_that_waited_for_one_cause(page: Page, day: Day) -> None:
    enter(page)
    show_navigation(page)
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile("Problems")).click()
    expect(page.get_by_text("3 orders wait")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="I solved it, try again").click()
    expect(page.get_by_text("We are trying 3 orders again now.")).to_be_visible()
    expect(page.get_by_text("0 of 3 orders went on")).to_be_visible()
    is_accessible(page)
    with acting_for(day.setup.merchant):
        Order.objects.filter(status="new").update(status="at_wms")
    expect(page.get_by_text("3 orders went on.")).to_be_visible()
    page.get_by_role("link", name="All problems").click()
    expect(page.get_by_text("Nothing is stuck")).to_be_visible()


def test_a_person_signs_up_confirms_and_makes_a_merchant(page: Page, mailoutbox: list[EmailMessage]) -> None:
    page.goto("/accounts/signup/")
    is_accessible(page)
    page.get_by_label("Email").fill("dora@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password (again)").fill(PASSWORD)
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    send_waiting_mail()
    link = re.search(r"http://localhost\S+confirm-email\S+", str(mailoutbox[0].body))
    assert link is not None
    page.goto(link.group())
    page.get_by_role("button", name="Yes, confirm").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(page, "dora@example.com")
    is_accessible(page)
    page.get_by_label("Name").fill("Dora's Tents")
    page.get_by_label("Time zone").select_option("Europe/Lisbon")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    is_accessible(page)
    assert get_user_model().objects.filter(email="dora@example.com").exists()


def test_an_operator_sets_up_the_second_factor_and_enters_the_admin(page: Page, day: Day) -> None:
    olga = confirmed(User.objects.create_superuser("olga@example.com", PASSWORD))
    log_in(page, olga.email)
    page.goto("/admin/")
    expect(page.get_by_text("Operators need a second factor.")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", name="Set up the authenticator app")).to_be_visible()
    is_accessible(page)
    secret = page.get_by_label("Secret, for an app that cannot scan").input_value()
    page.get_by_label("Authenticator code").fill(totp(secret))
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    page.goto("/admin/orders/order/?q=12-12910")
    expect(page.get_by_role("link", name=day.shipped.number)).to_be_visible()
    page.goto("/admin/sync/stream/")
    expect(page.get_by_text("Order download").first).to_be_visible()


def totp(secret: str) -> str:
    """What an authenticator app shows now (RFC 6238)."""
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, hashlib.sha1).digest()
    number = struct.unpack(">I", digest[digest[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def test_the_pictures_stay_while_the_dashboard_follows(page: Page, day: Day, acme: Merchant) -> None:
    enter(page)
    pictures = page.get_by_role("heading", name="The last 14 days")
    expect(pictures).to_be_visible()
    page.get_by_text("As a table").click()
    with acting_for(acme):
        tell([event(day.shipped, "retried", "A parcel fell off the lorry.")])
    expect(page.get_by_text("A parcel fell off the lorry.")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Sale to warehouse")).to_be_visible()
    is_accessible(page)
