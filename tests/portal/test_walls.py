"""Every address of the portal, tried by whoever has no business there, and asked for its headers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import GrantAttempt, SetupLink
from cartrover.inventory.models import Listing, SkuRule
from cartrover.merchants.models import Invitation, Member, Merchant, Role, User
from cartrover.merchants.roles import RANKS, may
from cartrover.merchants.tenancy import OwnedManager, acting_for
from cartrover.orders.models import SavedView
from cartrover.sync import jobs
from cartrover.sync.models import Call
from tests.conftest import make_member
from tests.packing.story import morning
from tests.portal.addresses import addresses, of_a_merchant
from tests.portal.story import busy_day

Visit = Callable[[User | None], Client]
COOP = {"same-origin", "same-origin-allow-popups"}


@pytest.fixture
def ids(merchant: Merchant) -> dict[str, list[str]]:
    return something_of_everything(merchant)


def something_of_everything(merchant: Merchant) -> dict[str, list[str]]:
    """Something of a merchant's for every hole that an address may have."""
    day = busy_day(merchant, 3)
    with acting_for(merchant):
        attempt = GrantAttempt.objects.create(
            integration="ebay", state_hash=b"s", browser_hash=b"b", ends_at=timezone.now() + timedelta(hours=1)
        )
        call = Call.objects.get(order=day.shipped)
        listing = Listing.objects.create(
            connection=day.setup.ebay, cart=day.setup.carts["EBAY_DE"], external_id="1", sku="PEG-10"
        )
        package = day.shipped.shipments.get()
        link = SetupLink.objects.create(
            purpose="setup", recipient="o@x.example", cart=day.setup.carts["EBAY_DE"], expires_at=attempt.ends_at
        )
        member = Member.objects.create(user=User.objects.create_user("dan@example.com"))
        invitation = Invitation.objects.create(email="erin@example.com", role="staff", ends_at=timezone.now() + timedelta(days=1))
        view = SavedView.objects.create(member=member, name="Held", query="?status=held")
        sku_rule = SkuRule.objects.create(sku="TENT-OLD", action=SkuRule.Action.LEAVE_OUT)
        job = jobs.ask("pull_again", by="alice@example.com", cart=day.setup.carts["EBAY_DE"])
    at_desk = morning(merchant, 0)
    desk = (at_desk.desk, at_desk.desk.connection, at_desk.one, at_desk.packed, at_desk.file)
    setup = day.setup
    rows = (setup.ebay, setup.tradegecko, setup.warehouse, *setup.carts.values(), attempt, link, member, invitation, job, *desk)
    return {
        "merchant_id": [merchant.public_id],
        "public_id": [row.public_id for row in rows],
        "ref": [day.shipped.ref, day.in_error.ref],
        "call_id": [str(call.pk)],
        "package_id": [str(package.pk)],
        "rule_id": [str(sku_rule.pk)],
        "problem_id": [str(day.unknown_sku.pk)],
        "listing_id": [str(listing.pk)],
        "view_id": [str(view.pk)],
        "action": ["hold"],
        "slug": ["ebay", "tradegecko", "portal"],
        "key": ["x"],
        "uidb36": ["x"],
        "pk": ["1"],
        "token": ["x"],
        "attempt_id": [attempt.public_id],
        "invitation_id": [invitation.public_id],
    }


def tried(client: Client, path: str) -> Iterator[Any]:
    yield client.get(path)
    yield client.post(path)


def test_a_stranger_finds_nothing_at_any_address_of_another_merchant(
    visit: Visit, charlie: User, ids: dict[str, list[str]]
) -> None:
    """Whatever stands behind the merchant in the address: nobody looks so far."""
    client = visit(charlie)
    paths = [next(address.filled(ids)) for address in of_a_merchant()]
    assert len(paths) > 30
    for path in paths:
        assert [answer.status_code for answer in tried(client, path)] == [404, 404], path


@pytest.mark.parametrize("guard", ["both walls", "the database alone"])
def test_a_stranger_finds_nothing_of_others_under_a_merchant_of_their_own(
    visit: Visit,
    charlie: User,
    other_merchant: Merchant,
    ids: dict[str, list[str]],
    guard: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if guard == "the database alone":
        monkeypatch.setattr(OwnedManager, "get_queryset", models.Manager.get_queryset)
    client = visit(charlie)
    theirs = {**ids, "merchant_id": [other_merchant.public_id]}
    tried_at_all = 0
    for address in of_a_merchant():
        if {"public_id", "ref", "call_id", "problem_id", "listing_id", "rule_id"} & set(address.holes):
            for path in address.filled(theirs):
                tried_at_all += 1
                assert {answer.status_code for answer in tried(client, path)} <= {404, 405}, path
    assert tried_at_all > 20


def test_who_is_not_logged_in_is_asked_to(visit: Visit, ids: dict[str, list[str]]) -> None:
    client = visit(None)
    for address in of_a_merchant():
        for answer in tried(client, next(address.filled(ids))):
            assert answer.status_code == 302, address.route
            assert answer["location"].startswith(reverse("account_login")), address.route


def test_every_page_of_a_merchant_names_the_role_it_needs() -> None:
    assert [address.route for address in of_a_merchant() if not hasattr(address.view, "needs")] == []


@pytest.mark.parametrize("role", RANKS)
def test_each_role_opens_what_it_may_and_nothing_else(
    visit: Visit, merchant: Merchant, ids: dict[str, list[str]], role: Role
) -> None:
    user = make_member(merchant, "bob@example.com", role)
    with acting_for(merchant):
        member = Member.objects.get(user=user)
    client = visit(user)
    for address in of_a_merchant():
        path = next(address.filled(ids))
        allowed = may(member, address.view.needs)
        assert (client.get(path).status_code != 403) == allowed, path
        if not allowed:
            assert client.post(path).status_code == 403, path


def test_who_leaves_the_team_is_out_at_once(visit: Visit, merchant: Merchant, bob: User) -> None:
    client = visit(bob)
    dashboard = reverse("dashboard", args=[merchant.public_id])
    assert client.get(dashboard).status_code == 200
    with acting_for(merchant):
        Member.objects.filter(user=bob).delete()
    assert client.get(dashboard).status_code == 404


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_every_answer_carries_the_headers_that_bind_the_browser(
    visit: Visit, alice: User, ids: dict[str, list[str]], who: str
) -> None:
    client = visit(alice if who == "alice" else None)
    client.raise_request_exception = False
    for address in addresses():
        path = next(address.filled(ids))
        answer = client.get(path)
        policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        assert policy["default-src"] == "'self'", path
        assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'", path
        assert "unsafe" not in answer["Content-Security-Policy"], path
        assert "script-src" not in policy, path
        assert "style-src" not in policy, path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        assert answer["X-Frame-Options"] == "DENY", path
        assert answer["Referrer-Policy"] in ("same-origin", "no-referrer"), path
        opener = answer["Cross-Origin-Opener-Policy"]
        assert opener in COOP or (address.name.startswith("oauth_") and opener == "unsafe-none"), path


def test_the_admin_gets_what_its_theme_needs_and_no_more(visit: Visit, db: None) -> None:
    from allauth.mfa.models import Authenticator

    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    policy = visit(olga).get(reverse("admin:index"))["Content-Security-Policy"]
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert parts["script-src"] == "'self' 'unsafe-eval'"
    assert parts["style-src"] == "'self' 'unsafe-inline'"
    assert parts["default-src"] == "'self'"
    assert "http" not in policy


def test_pages_hold_no_inline_script_style_or_foreign_address(visit: Visit, alice: User, ids: dict[str, list[str]]) -> None:
    client = visit(alice)
    seen = 0
    for address in addresses():
        answer = client.get(next(address.filled(ids)))
        if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
            continue
        seen += 1
        text = answer.content.decode()
        for forbidden in ("<style", ' style="', "<script>", " onclick=", "javascript:", 'src="http', 'href="http://', "hx-on"):
            assert forbidden not in text.replace("http://localhost", ""), (address.route, forbidden)
    assert seen > 10
