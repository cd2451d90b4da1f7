"""Every page in Chromium: axe finds nothing serious, nothing is wider than the window, no console complains.

The portal's are looked at in two widths, and loaded once for both: nothing that the portal sends depends on the width.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page

from cartrover.merchants.models import Merchant, User
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.people import as_user
from tests.browser.test_portal import acme, is_accessible
from tests.portal.addresses import addresses
from tests.portal.test_walls import something_of_everything

__all__ = ["acme"]


wide = pytest.mark.parametrize("viewport", [DESKTOP], ids=["desktop"])


def _has_page(page: Page, paths: Iterator[str]) -> bool:
    """Look at the first of these paths that leads anywhere, if that is a page."""
    for path in paths:
        answer = page.request.get(path)
        if answer.status == 405:  # whatever stands in its holes
            return False
        if answer.ok:
            is_page = "text/html" in answer.headers["content-type"] and "<html" in answer.text()
            return is_page and _looked_at_in_both_widths(page, path)
    return False


def _looked_at_in_both_widths(page: Page, path: str) -> bool:
    found = _looked_at(page, path)
    page.set_viewport_size(PHONE)
    is_accessible(page)
    page.set_viewport_size(DESKTOP)
    return found


def _looked_at(page: Page, path: str) -> bool:
    answer = page.goto(path)
    is_accessible(page)
    return answer is not None and answer.ok


@wide
def test_every_page_of_the_portal(page: Page, portal: str, acme: Merchant) -> None:
    as_user(page, portal, User.objects.get(email="alice@example.com"))
    ids = something_of_everything(acme)
    seen = [address.name for address in addresses() if _has_page(page, address.filled(ids))]
    assert len(seen) > 60


@pytest.fixture
def olgas(page: Page, portal: str, acme: Merchant) -> Page:
    """The browser of an operator with a second factor."""
    something_of_everything(acme)
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return as_user(page, portal, olga)


@wide
def test_every_page_of_the_admin(olgas: Page, acme: Merchant) -> None:
    assert _looked_at(olgas, reverse("admin:index"))
    assert _looked_at(olgas, reverse("admin:merchants_merchant_look", args=[acme.pk]))
    opened = 0
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert _looked_at(olgas, reverse(f"{name}_changelist")), name
        row = olgas.locator("#result_list tbody a").first
        if row.count():
            opened += _looked_at(olgas, str(row.get_attribute("href")))
    assert opened > 10
