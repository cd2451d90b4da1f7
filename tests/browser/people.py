"""Who sits at a browser."""

from __future__ import annotations

from django.test import Client
from playwright.sync_api import Page

from cartrover.merchants.models import User


def as_user(page: Page, portal: str, user: User) -> Page:
    """The page's browser is the user's from now on, without the log-in page being gone through."""
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": name, "value": cookie.value, "url": portal} for name, cookie in client.cookies.items()])
    return page
