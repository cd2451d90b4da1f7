"""An operator views a merchant's portal: who may, that they only read there, how it ends, and what the merchant reads of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.merchants import looking
from cartrover.merchants.models import Change, Member, Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from tests.conftest import make_member
from tests.merchants.test_roles import TABLE, nothing_outside
from tests.portal.addresses import addresses, of_a_merchant
from tests.portal.test_walls import COOP, ids

__all__ = ["ids", "nothing_outside"]

Visit = Callable[[User | None], Client]
REASON = "Alice asked us why order 12-12910 waits"


@pytest.fixture
def olga(db: None) -> User:
    """An operator with a second factor."""
    user = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


@pytest.fixture
def olgas(visit: Visit, olga: User, merchant: Merchant) -> Client:
    """Olga's browser, in which she views Alice's portal."""
    client = visit(olga)
    answer = client.post(_button(merchant), {"reason": REASON})
    assert answer["location"] == _dashboard(merchant)
    return client


def _button(merchant: Merchant) -> str:
    return reverse("admin:merchants_merchant_look", args=[merchant.pk])


def _dashboard(merchant: Merchant) -> str:
    return reverse("dashboard", args=[merchant.public_id])


def _text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def _changes(merchant: Merchant) -> list[tuple[str, str, Any, Any]]:
    with acting_for(merchant):
        return list(Change.objects.order_by("id").values_list("actor", "what", "before", "after"))


def _time_passes(client: Client) -> None:
    session = client.session
    session[looking.KEY] = {**session[looking.KEY], "until": (timezone.now() - timedelta(seconds=1)).isoformat()}
    session.save()


# --------------------------------------------------------------------------------------------------------------------- beginning


def test_the_merchants_page_asks_for_a_reason_before_anything_is_seen(visit: Visit, olga: User, merchant: Merchant) -> None:
    client = visit(olga)
    assert _button(merchant) in client.get(reverse("admin:merchants_merchant_change", args=[merchant.pk])).content.decode()
    assert "The merchant's audit keeps that you looked" in _text(client.get(_button(merchant)))
    for reason in ("", "   "):
        assert "This field is required." in _text(client.post(_button(merchant), {"reason": reason}))
    assert client.get(_dashboard(merchant)).status_code == 404
    assert _changes(merchant) == []


def test_the_merchant_reads_who_looked_why_and_until_when(olgas: Client, merchant: Merchant, alice: User, visit: Visit) -> None:
    olgas.post(reverse("end_look"))
    (actor, began, before, after), (_, ended, *ends) = _changes(merchant)
    assert (actor, began, before) == ("olga@example.com", "began to view as the merchant", {"looks on as": None})
    assert (after["looks on as"], after["reason"]) == ("viewer", REASON)
    assert timedelta(minutes=29) < datetime.fromisoformat(after["until"]) - timezone.now() < timedelta(minutes=31)
    assert (ended, ends) == ("stopped viewing as the merchant", [{"looks on as": "viewer"}, {"looks on as": None}])
    assert REASON in _text(visit(alice).get(reverse("audit", args=[merchant.public_id])))
    assert REASON in LogEntry.objects.get().change_message


def _without_a_second_factor(olga: User) -> None:
    Authenticator.objects.all().delete()


def _no_operator(olga: User) -> None:
    User.objects.update(is_staff=False)


def _without_the_permission(olga: User) -> None:
    User.objects.update(is_superuser=False)
    olga.user_permissions.set(Permission.objects.filter(codename="change_merchant"))


def _switched_off(olga: User) -> None:
    User.objects.update(is_active=False)


LOST = [_without_a_second_factor, _no_operator, _without_the_permission, _switched_off]


@pytest.mark.parametrize("lost", LOST)
def test_who_is_no_such_operator_cannot_begin(visit: Visit, olga: User, merchant: Merchant, lost: Callable[[User], None]) -> None:
    client = visit(olga)
    lost(olga)
    assert client.post(_button(merchant), {"reason": REASON}).status_code in (302, 403)
    assert client.get(_dashboard(merchant)).status_code in (302, 404)
    assert looking.KEY not in client.session


@pytest.mark.parametrize("lost", LOST)
def test_who_is_an_operator_no_more_sees_nothing_at_the_next_request(
    olgas: Client, olga: User, merchant: Merchant, lost: Callable[[User], None]
) -> None:
    assert olgas.get(_dashboard(merchant)).status_code == 200
    lost(olga)
    assert olgas.get(_dashboard(merchant)).status_code in (302, 404)


def test_a_member_has_no_such_button(visit: Visit, alice: User, merchant: Merchant) -> None:
    client = visit(alice)
    assert client.post(_button(merchant), {"reason": REASON}, follow=True).status_code == 403
    assert looking.KEY not in client.session


# ------------------------------------------------------------------------------------------------------------------ looking only


@pytest.mark.parametrize("own", [None, Role.OWNER], ids=str)
def test_whoever_looks_reads_what_a_viewer_reads_and_presses_nothing(
    visit: Visit, olga: User, merchant: Merchant, ids: dict[str, list[str]], own: Role | None, nothing_outside: None
) -> None:
    """Through the whole table of roles, also where the operator is a member who may do everything."""
    if own is not None:
        with acting_for(merchant):
            Member.objects.create(user=olga, role=own)
    client = visit(olga)
    client.post(_button(merchant), {"reason": REASON})
    client.raise_request_exception = False
    before = _changes(merchant)
    wrong = []
    for address in of_a_merchant():
        path = next(address.filled(ids))
        look, _act = TABLE[address.name]
        if (client.get(path).status_code not in (403, 405)) != (look == Role.VIEWER):
            wrong.append(("GET", path))
        if client.post(path).status_code != 403:
            wrong.append(("POST", path))
    assert wrong == []
    assert {client.generic(method, path).status_code for method in ("PUT", "PATCH", "DELETE")} == {403}
    assert _changes(merchant) == before


def test_another_merchant_stays_closed(olgas: Client, other_merchant: Merchant) -> None:
    assert olgas.get(_dashboard(other_merchant)).status_code == 404


def test_of_two_looks_the_second_ends_the_first(olgas: Client, merchant: Merchant, other_merchant: Merchant) -> None:
    olgas.post(_button(other_merchant), {"reason": REASON})
    assert olgas.get(_dashboard(other_merchant)).status_code == 200
    assert olgas.get(_dashboard(merchant)).status_code == 404
    assert _changes(merchant)[-1][1] == "stopped viewing as the merchant"


# ----------------------------------------------------------------------------------------------------------------------- banner


def test_every_page_says_whose_portal_it_is_that_nothing_can_be_pressed_and_how_to_stop(
    olgas: Client, merchant: Merchant, ids: dict[str, list[str]]
) -> None:
    olgas.raise_request_exception = False
    seen = 0
    for address in addresses():
        if address.name.startswith(("oauth_", "guide_pdf", "live")) or address.name == "account_logout":
            continue
        answer = olgas.get(next(address.filled(ids)))
        text = answer.content.decode() if answer.get("Content-Type", "").startswith("text/html") else ""
        if "<html" not in text:
            continue
        seen += 1
        assert f"You view the portal of <strong>{merchant.name}</strong>" in text, address.route
        assert "read-only" in text, address.route
        assert f'action="{reverse("end_look")}"' in text, address.route
        assert answer["Cross-Origin-Opener-Policy"] in COOP, address.route
        assert "unsafe" not in answer["Content-Security-Policy"], address.route
    assert seen > 25


def test_nobody_else_has_the_banner(visit: Visit, olgas: Client, alice: User, merchant: Merchant) -> None:
    assert "Stop viewing" not in _text(visit(alice).get(_dashboard(merchant)))


def test_an_operators_own_merchant_is_theirs_meanwhile(
    olgas: Client, olga: User, other_merchant: Merchant, merchant: Merchant
) -> None:
    with acting_for(other_merchant):
        Member.objects.create(user=olga, role=Role.OWNER)
    assert "Stop viewing" not in _text(olgas.get(_dashboard(other_merchant)))
    same = {"name": other_merchant.name, "time_zone": other_merchant.time_zone, "support_contact": "x@y.example"}
    assert olgas.post(reverse("save_settings", args=[other_merchant.public_id]), same).status_code == 302


# -------------------------------------------------------------------------------------------------------------------- ending it


def test_the_button_ends_it_and_leads_back(olgas: Client, merchant: Merchant) -> None:
    answer = olgas.post(reverse("end_look"))
    assert answer["location"] == reverse("admin:merchants_merchant_change", args=[merchant.pk])
    assert olgas.get(_dashboard(merchant)).status_code == 404
    assert olgas.get(reverse("end_look")).status_code == 405


def test_it_ends_by_itself_and_says_so(olgas: Client, merchant: Merchant) -> None:
    _time_passes(olgas)
    answer = olgas.get(_dashboard(merchant), follow=True)
    assert answer.redirect_chain[0][0] == reverse("admin:merchants_merchant_change", args=[merchant.pk])
    assert f"You viewed the portal of {merchant.name} for 30 minutes; that is over." in _text(answer)
    assert olgas.get(_dashboard(merchant)).status_code == 404


def test_a_page_that_asks_for_itself_is_led_away_whole_when_it_is_over(olgas: Client, merchant: Merchant) -> None:
    _time_passes(olgas)
    answer = olgas.get(reverse("live", args=[merchant.public_id]), headers={"hx-request": "true"})
    assert answer["HX-Redirect"] == reverse("admin:merchants_merchant_change", args=[merchant.pk])


def test_logging_out_ends_it(olgas: Client, olga: User, merchant: Merchant) -> None:
    olgas.post(reverse("account_logout"))
    assert _changes(merchant)[-1][1] == "stopped viewing as the merchant"
    olgas.force_login(olga)
    assert olgas.get(_dashboard(merchant)).status_code == 404


def test_a_team_shows_no_member_who_only_looks(olgas: Client, merchant: Merchant, alice: User) -> None:
    make_member(merchant, "bob@example.com", Role.STAFF)
    shown = olgas.get(reverse("team", args=[merchant.public_id]))
    assert [member.user.email for member, _ in shown.context["members"]] == ["alice@example.com", "bob@example.com"]
