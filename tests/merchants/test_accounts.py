"""How people log in, what is asked of them before they change it, and what is remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import allauth
import pytest
from allauth.account.forms import EmailAwarePasswordResetTokenGenerator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template import Engine
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, SignIn, User
from cartrover.portal.browsers import browser

Visit = Callable[[User | None], Client]
PASSWORD = "correct horse battery"

SENSITIVE = (
    "account_email",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_generate_recovery_codes",
)

# Telephones, codes where links are mailed, one address only, browsers that are trusted; and what other pages are made of.
SWITCHED_OFF = (
    "phone|verification_code|reset_code|email_change|signup_closed|passkey|verified_email_required|trust|base|signup_form"
)


@pytest.fixture
def person(alice: User) -> User:
    cache.clear()
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)
    return alice


def log_in(client: Client, password: str = PASSWORD) -> str:
    answer = client.post(reverse("account_login"), {"login": "alice@example.com", "password": password})
    return answer.get("location", "")


def history(user: User) -> list[tuple[str, bool, str | None, str]]:
    return list(SignIn.objects.filter(user=user).order_by("id").values_list("words", "good", "ip", "user_agent"))


PAGES = ["account", "mfa", "mfa/totp", "mfa/recovery_codes", "mfa/webauthn", "usersessions"]
MESSAGES = ["account/messages", "mfa/messages", "usersessions/messages"]


@pytest.mark.parametrize("folder", [*PAGES, *MESSAGES])
def test_every_page_of_an_account_is_in_the_portals_own_words(folder: str) -> None:
    """But those of what is switched off, and the list that the page Account and security takes the place of."""
    theirs = Path(allauth.__file__).parent / "templates"
    kind = "*.txt" if folder in MESSAGES else "*.html"
    pages = [f"{folder}/{page.name}" for page in (theirs / folder).glob(kind) if not re.search(SWITCHED_OFF, page.name)]
    left = [page for page in pages if str(theirs) in Engine.get_default().get_template(page).origin.name]
    assert left in ([], ["mfa/index.html"])


def test_who_has_not_confirmed_the_address_does_not_get_in(visit: Visit, alice: User) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=False, primary=True)
    client = visit(None)
    assert log_in(client) == reverse("account_email_verification_sent")
    assert client.get(reverse("new_merchant")).status_code == 302


ELSEWHERE = "http://elsewhere.example"


@pytest.mark.parametrize("told", [settings.PORTAL_URL, ELSEWHERE, f"{settings.PORTAL_URL}.evil.example", ""])
def test_who_was_logged_out_comes_back_to_the_page_of_the_button(
    visit: Visit, person: User, merchant: Merchant, told: str
) -> None:
    """But never to an address that takes nothing but a press; where the page is not known, to the dashboard."""
    client, page = visit(None), f"{reverse('orders', args=[merchant.public_id])}?status=held"
    pressed = reverse("invite", args=[merchant.public_id])
    asked = client.post(pressed, headers={"referer": f"{told}{page}"} if told else {})["location"]
    back = client.post(asked, {"login": person.email, "password": PASSWORD})["location"]
    assert back == (page if told == settings.PORTAL_URL else reverse("dashboard", args=[merchant.public_id]))
    assert client.get(back).status_code == 200


def test_who_was_logged_out_comes_back_to_the_page_of_a_button_that_htmx_sends(visit: Visit, merchant: Merchant) -> None:
    page, pressed = (reverse(name, args=[merchant.public_id]) for name in ("rules", "preview_rule"))
    for told in ({"hx-current-url": f"{settings.PORTAL_URL}{page}"}, {"referer": f"{settings.PORTAL_URL}{page}"}):
        answer = visit(None).post(pressed, headers={"hx-request": "true", **told})
        assert parse_qs(urlsplit(answer["HX-Redirect"]).query) == {"next": [page]}


def test_who_was_logged_out_comes_back_to_a_page_that_was_asked_for(visit: Visit, merchant: Merchant) -> None:
    page = f"{reverse('orders', args=[merchant.public_id])}?status=held"
    answer = visit(None).get(page, headers={"referer": f"{settings.PORTAL_URL}/"})
    assert parse_qs(urlsplit(answer["location"]).query) == {"next": [page]}


@pytest.mark.parametrize(("pressed", "page"), [("accept_invitation", "join"), ("end_look", "home")])
def test_no_button_outside_of_a_merchant_is_what_a_log_in_leads_to(visit: Visit, db: None, pressed: str, page: str) -> None:
    there = reverse(pressed, args=["x"] if pressed == "accept_invitation" else [])
    asked = visit(None).post(there)["location"]
    assert asked.startswith(reverse("account_login"))
    assert parse_qs(urlsplit(asked).query) == {"next": [reverse(page)]}


@pytest.mark.parametrize("name", SENSITIVE)
def test_what_protects_the_account_is_changed_only_after_a_fresh_proof(visit: Visit, person: User, name: str) -> None:
    if name == "mfa_generate_recovery_codes":
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = visit(person)
    answer = client.post(reverse(name), {"action_add": "", "email": "evil@example.com"})
    assert "reauthenticate" in answer["location"]
    assert not EmailAddress.objects.filter(email="evil@example.com").exists()


def test_a_new_password_by_mail_does_not_get_past_the_second_factor(visit: Visit, person: User) -> None:
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    client = visit(None)
    key = EmailAwarePasswordResetTokenGenerator().make_token(person)
    address = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(person), key])
    there = client.get(address)["location"]
    client.post(there, {"password1": "a brand new pass phrase", "password2": "a brand new pass phrase"})
    person.refresh_from_db()
    assert person.check_password("a brand new pass phrase")
    assert client.get(reverse("new_merchant")).status_code == 302, "the reset logs nobody in"
    assert log_in(client, "a brand new pass phrase") == reverse("mfa_authenticate")
    assert client.get(reverse("new_merchant")).status_code == 302, "the password alone logs nobody in"
    assert ("Password reset by e-mail", True) in [line[:2] for line in history(person)]


def test_an_e_mailed_code_does_not_get_past_the_second_factor_either(
    visit: Visit, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
    monkeypatch.setattr("allauth.account.adapter.DefaultAccountAdapter.generate_login_code", lambda adapter: "ABCD-EFGH")
    client = visit(None)
    client.post(reverse("account_request_login_code"), {"email": person.email})
    answer = client.post(reverse("account_confirm_login_code"), {"code": "ABCD-EFGH"})
    assert answer["location"] == reverse("mfa_authenticate")
    assert client.get(reverse("new_merchant")).status_code == 302


@pytest.fixture
def secret(person: User) -> str:
    """Of the person's authenticator app."""
    secret = generate_totp_secret()
    TOTP.activate(person, secret)
    return secret


def shown(secret: str, steps: int) -> str:
    """What an app shows whose clock is ahead of ours by as many steps of thirty seconds."""
    *_, tolerated = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, tolerated - settings.MFA_TOTP_TOLERANCE + steps))


@pytest.mark.parametrize(("steps", "gets_in"), [(-3, False), (0, True), (1, True), (3, False)])
def test_the_app_may_be_a_step_of_its_clock_off(visit: Visit, person: User, secret: str, steps: int, gets_in: bool) -> None:
    client = visit(None)
    log_in(client)
    client.post(reverse("mfa_authenticate"), {"code": shown(secret, steps)})
    assert ("_auth_user_id" in client.session) is gets_in


def test_a_code_of_the_app_is_good_for_once_although_it_is_good_for_long(visit: Visit, person: User, secret: str) -> None:
    code = shown(secret, 1)
    for first in (True, False):
        client = visit(None)
        log_in(client)
        client.post(reverse("mfa_authenticate"), {"code": f"{code[:3]} {code[3:]}"})
        assert ("_auth_user_id" in client.session) is first
        with connection.cursor() as cursor:
            cursor.execute("UPDATE cache SET expires = expires - interval '31 seconds'")
    assert history(person)[-1][:2] == ("Wrong second factor: Authenticator app", False)


def test_guessing_a_password_is_stopped(visit: Visit, person: User) -> None:
    client = visit(None)
    for _ in range(6):
        log_in(client, "wrong password")
    for stranger in range(400):
        cache.set(f"guessed-at-{stranger}", True, 300)
    assert log_in(client) == "", "not even the right one, for five minutes, whoever else is guessed at meanwhile"
    assert client.get(reverse("new_merchant")).status_code == 302


@pytest.mark.parametrize("password", ["password123", "short", "alice@example.com"])
def test_a_password_that_everybody_tries_is_refused(visit: Visit, db: None, password: str) -> None:
    cache.clear()
    fields = {"email": "alice@example.com", "password1": password, "password2": password}
    visit(None).post(reverse("account_signup"), fields)
    assert not User.objects.exists()


def test_the_history_names_each_log_in_and_each_refusal_with_its_place(visit: Visit, person: User) -> None:
    client = visit(None)
    client.defaults["HTTP_USER_AGENT"] = "Firefox on Linux"
    log_in(client, "wrong password")
    log_in(client)
    place = ("127.0.0.1", "Firefox on Linux")
    assert history(person) == [("Wrong password", False, *place), ("Logged in with password", True, *place)]
    page = client.get(reverse("security")).content.decode()
    assert "Wrong password" in page
    assert "127.0.0.1" in page


def test_nobody_sees_anothers_history(visit: Visit, person: User, charlie: User) -> None:
    log_in(visit(None), "wrong password")
    assert "Wrong password" not in visit(charlie).get(reverse("security")).content.decode()


def test_an_address_that_nobody_has_leaves_no_line(visit: Visit, person: User) -> None:
    visit(None).post(reverse("account_login"), {"login": "nobody@example.com", "password": "x"})
    assert not SignIn.objects.exists()


def test_logging_out_the_others_ends_their_sessions(visit: Visit, person: User, merchant: Merchant) -> None:
    here, there = visit(None), visit(None)
    log_in(here)
    log_in(there)
    assert UserSession.objects.filter(user=person).count() == 2
    here.post(reverse("usersessions_list"))
    dashboard = reverse("dashboard", args=[merchant.public_id])
    assert (here.get(dashboard).status_code, there.get(dashboard).status_code) == (200, 302)


def test_a_log_in_gets_a_new_session(visit: Visit, person: User) -> None:
    client = visit(None)
    client.get(reverse("account_login"))
    session = client.session
    session["x"] = "y"
    session.save()
    before = session.session_key
    client.cookies["cartrover_session"] = str(before)
    log_in(client)
    assert client.session.session_key != before


def test_whoever_comes_every_day_stays_logged_in(visit: Visit, person: User, merchant: Merchant) -> None:
    client = visit(person)
    dashboard = reverse("dashboard", args=[merchant.public_id])
    client.get(dashboard)
    assert "cartrover_session" not in client.get(dashboard).cookies, "a log-out may overtake a request that writes nothing"
    session = client.session
    session["day"] = "2026-01-01"
    session.save()
    assert "cartrover_session" in client.get(dashboard).cookies


def test_a_page_that_asks_for_news_after_the_log_out_leads_to_the_log_in_and_back(visit: Visit, merchant: Merchant) -> None:
    dashboard, live = (reverse(name, args=[merchant.public_id]) for name in ("dashboard", "live"))
    headers = {"HX-Request": "true", "HX-Current-URL": f"{settings.PORTAL_URL}{dashboard}?days=7"}
    answer = visit(None).get(live, headers=headers)
    assert answer.status_code == 200
    assert parse_qs(urlsplit(answer["HX-Redirect"]).query) == {"next": [f"{dashboard}?days=7"]}


def test_who_is_switched_off_is_out_at_the_next_request(visit: Visit, person: User, merchant: Merchant) -> None:
    client = visit(None)
    log_in(client)
    dashboard = reverse("dashboard", args=[merchant.public_id])
    assert client.get(dashboard).status_code == 200
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert client.get(dashboard).status_code == 302


def test_a_foreign_address_to_go_to_after_the_log_in_is_not_followed(visit: Visit, person: User) -> None:
    client = visit(None)
    fields = {"login": person.email, "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(reverse("account_login"), fields)["location"] == reverse("home")


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "An unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_owner_knows_it(told: str, name: str) -> None:
    assert browser(told) == name
