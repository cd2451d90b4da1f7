"""Every page in Chromium: axe finds nothing serious, nothing is wider than the window, no console complains.

The portal's are looked at in two widths, and loaded once for both: nothing that the portal sends depends on the width.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page, expect

from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.portal import views
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.people import as_user
from tests.browser.test_portal import AXE, acme, is_accessible
from tests.conftest import make_member
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
    _can_be_read_in_the_dark(page)
    return answer is not None and answer.ok


def _can_be_read_in_the_dark(page: Page) -> None:
    """Of what axe looks at, only the contrast depends on it."""
    page.emulate_media(color_scheme="dark")
    found = AXE.run(page, options={"resultTypes": ["violations"], "runOnly": ["color-contrast"]}).response["violations"]
    assert [node["html"] for each in found for node in each["nodes"]] == []
    page.emulate_media(color_scheme="light")


@wide
def test_every_page_that_says_no(page: Page, portal: str, acme: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto("/accounts/login/")
    page.context.clear_cookies()
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill("never sent")
    page.get_by_role("button", name="Log in").click()
    _says(page, "This page was open for too long")
    as_user(page, portal, make_member(acme, "vera@example.com", Role.VIEWER))
    page.goto(f"/m/{acme.public_id}/carts/new/")
    _says(page, "This is not yours to do")
    page.goto("/m/aaaaaaaaaaaa/orders/")
    _says(page, "There is nothing here")
    monkeypatch.setattr(ratelimit, "consume", lambda *_, **__: None)
    page.goto("/setup/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    _says(page, "Too many tries")
    monkeypatch.setattr(views, "memberships", _broken)
    page.goto("/")
    _says(page, "Something went wrong here")


def _says(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    is_accessible(page)
    _can_be_read_in_the_dark(page)
    page.set_viewport_size(PHONE)
    is_accessible(page)
    page.set_viewport_size(DESKTOP)


def _broken(user_id: int) -> list[Member]:
    raise RuntimeError("A test breaks this page.")


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
