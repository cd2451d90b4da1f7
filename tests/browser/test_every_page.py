"""Every page in Chromium, at two widths: axe finds nothing serious, nothing is wider than the window, no console complains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from cartrover.merchants.models import Merchant, User
from tests.browser.test_portal import acme, is_accessible
from tests.portal.addresses import addresses
from tests.portal.test_walls import something_of_everything

__all__ = ["acme"]


def _as_person(page: Page, portal: str, user: User) -> Page:
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": name, "value": cookie.value, "url": portal} for name, cookie in client.cookies.items()])
    return page


def _looked_at(page: Page, paths: Iterator[str]) -> bool:
    """Look at the first of these paths that is a page."""
    for path in paths:
        answer = page.request.get(path)
        if answer.ok and "<html" in answer.text() and "text/html" in answer.headers["content-type"]:
            page.goto(path)
            is_accessible(page)
            return True
    return False


def test_every_page_of_the_portal(page: Page, portal: str, acme: Merchant) -> None:
    _as_person(page, portal, User.objects.get(email="alice@example.com"))
    ids = something_of_everything(acme)
    seen = [address.name for address in addresses() if _looked_at(page, address.filled(ids))]
    assert len(seen) > 35


@pytest.fixture
def olgas(page: Page, portal: str, acme: Merchant) -> Page:
    """The browser of an operator with a second factor."""
    something_of_everything(acme)
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return _as_person(page, portal, olga)


@pytest.mark.parametrize("context", [(1280, 800)], ids=["desktop"], indirect=True)
def test_every_page_of_the_admin(olgas: Page, acme: Merchant) -> None:
    assert _looked_at(olgas, iter([reverse("admin:index")]))
    assert _looked_at(olgas, iter([reverse("admin:merchants_merchant_look", args=[acme.pk])]))
    opened = 0
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert _looked_at(olgas, iter([reverse(f"{name}_changelist")])), name
        row = olgas.locator("#result_list tbody a").first
        if row.count():
            opened += _looked_at(olgas, iter([str(row.get_attribute("href"))]))
    assert opened > 10
