"""Every page in Chromium: axe finds nothing serious, nothing is wider than the window, no console complains.

The portal's are looked at in two widths, and loaded once for both: nothing that the portal sends depends on the width.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Page

from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.portal import views
from tests.browser.conftest import DESKTOP
from tests.browser.looking import looks_well
from tests.browser.people import as_user
from tests.browser.test_portal import PASSWORD, acme
from tests.conftest import make_member
from tests.portal.addresses import Address, addresses
from tests.portal.test_walls import something_of_everything

__all__ = ["acme"]


wide = pytest.mark.parametrize("viewport", [DESKTOP], ids=["desktop"])


class Found(Enum):
    PAGE = "looked at"
    NO_PAGE = "a part of a page, a file, or what only a button does"
    NOTHING = "not for this visitor, or not now"


def _find(page: Page, address: Address, ids: Mapping[str, list[str]]) -> Found:
    """Look at the first page that the address leads to, whatever stands in its holes. What leads to another page is none."""
    for path in address.filled(ids):
        answer = page.request.get(path, max_redirects=0)
        if answer.status == 405:
            return Found.NO_PAGE
        if answer.status == 200:
            if "text/html" not in answer.headers["content-type"] or "<html" not in answer.text():
                return Found.NO_PAGE
            assert _looked_at(page, path), path
            return Found.PAGE
    return Found.NOTHING


def _looked_at(page: Page, path: str) -> bool:
    answer = page.goto(path)
    looks_well(page)
    return answer is not None and answer.ok and answer.request.redirected_from is None


@wide
def test_every_page_that_says_no(page: Page, portal: str, acme: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    page.goto("/accounts/login/")
    page.context.clear_cookies()
    page.get_by_label("Email").fill("alice@example.com")
    page.get_by_label("Password", exact=True).fill("never sent")
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    assert _heading(page) == "This page was open for too long"
    as_user(page, portal, make_member(acme, "vera@example.com", Role.VIEWER))
    assert _refused(page, f"/m/{acme.public_id}/carts/new/") == (403, "This is not yours to do")
    assert _refused(page, "/m/aaaaaaaaaaaa/orders/") == (404, "There is nothing here")
    monkeypatch.setattr(ratelimit, "consume", lambda *_, **__: None)
    assert _refused(page, "/setup/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") == (429, "Too many tries")
    monkeypatch.setattr(views, "memberships", _broken)
    assert _refused(page, "/") == (500, "Something went wrong here")


def _refused(page: Page, path: str) -> tuple[int, str]:
    """The status that the path is answered with, and what its page says."""
    answer = page.goto(path)
    assert answer is not None
    return answer.status, _heading(page)


def _heading(page: Page) -> str:
    """What a page that says no is headed with. It must look as well as any other."""
    looks_well(page)
    return page.get_by_role("heading", level=1).inner_text()


def _broken(user_id: int) -> list[Member]:
    raise RuntimeError("A test breaks this page.")


# Addresses that only lead to a page, each to one of these here.
LEADS = {
    *("", "o/<str:ref>", "packing/<slug:public_id>", "join/<str:token>/", "setup/<str:token>"),
    *("accounts/password/set/", "accounts/mfa/", "accounts/mfa/authenticate/", "accounts/mfa/webauthn/login/"),
}
# What stands only in the middle of a story, and is looked at in the tests that tell it.
IN_A_STORY = {
    *("accounts/login/code/confirm/", "accounts/mfa/webauthn/reauthenticate/"),
    *("m/<slug:merchant_id>/orders/bulk/", "m/<slug:merchant_id>/carts/<slug:public_id>/rehearsal/orders/"),
    *("oauth/callback/<slug:slug>/", "oauth/declined/<slug:slug>/", "m/<slug:merchant_id>/grants/<slug:public_id>/instead/"),
    *("setup/", *(f"setup/{each}/" for each in ("start", "paste", "test", "finish"))),
    *(f"setup/<slug:attempt_id>/{each}/" for each in ("status", "go-on", "instead")),
}


@wide
def test_every_page_of_the_portal(page: Page, portal: str, acme: Merchant) -> None:
    ids = something_of_everything(acme)
    alice = User.objects.get(email="alice@example.com")
    as_user(page, portal, alice)
    page.goto("/accounts/reauthenticate/")  # some pages want to know whether it is still she
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(lambda url: "reauthenticate" not in url)
    left, pages = addresses(), 0
    for become in (lambda: None, lambda: _give_a_second_factor(alice, ids), page.context.clear_cookies):
        become()
        found = {address.route: _find(page, address, ids) for address in left}
        pages += list(found.values()).count(Found.PAGE)
        left = [address for address in left if found[address.route] is Found.NOTHING]
    assert {address.route for address in left} == {*LEADS, *IN_A_STORY}
    assert pages > 65


def _give_a_second_factor(user: User, ids: dict[str, list[str]]) -> None:
    TOTP.activate(user, generate_totp_secret())
    RecoveryCodes.activate(user)
    key = Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {"clientExtensionResults": {}}}
    )
    ids["pk"] = [str(key.pk)]


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
