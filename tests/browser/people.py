"""Who sits at a browser, and what they get by mail."""

from __future__ import annotations

import re

from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client
from playwright.sync_api import Page

from cartrover.merchants.models import User
from tests.mail.mailing import send_waiting_mail


def as_user(page: Page, portal: str, user: User) -> Page:
    """The page's browser is the user's from now on, without the log-in page being gone through."""
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": name, "value": cookie.value, "url": portal} for name, cookie in client.cookies.items()])
    return page


def enter(page: Page, email: str = "alice@example.com") -> None:
    """Somebody is logged in and sees what they see first. How one logs in, other tests tell."""
    as_user(page, settings.PORTAL_URL, User.objects.get(email=email)).goto("/")


def from_mail(mailoutbox: list[EmailMessage], to: str, pattern: str) -> str:
    """What the newest mail to somebody says."""
    send_waiting_mail()
    mail = next(mail for mail in reversed(mailoutbox) if mail.to == [to])
    found = re.search(pattern, str(mail.body))
    assert found is not None, mail.body
    return found.group()
