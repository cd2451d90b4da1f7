"""Share Setup Link: what the owner can do with it, and the many who can do nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.core.internal import ratelimit
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections import sharing
from cartrover.connections.holders import new_cart, new_warehouse
from cartrover.connections.models import Cart, Connection, GrantAttempt, SetupLink, Warehouse
from cartrover.connections.views import opening, owner
from cartrover.events.models import Event
from cartrover.mail.message import Unwanted
from cartrover.mail.models import OutboxMail
from cartrover.merchants.models import Change, Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import housekeeping
from integrations import registry
from tests.conftest import make_member
from tests.connections.acme.integration import House
from tests.connections.conftest import Connect
from tests.connections.provider import Provider
from tests.mail.mailing import send_waiting_mail

HOST = {"host": "localhost:8000"}
OLIVIA = "olivia@seller.example"
JSON = {"accept": "application/json"}


@pytest.fixture(autouse=True)
def no_guesses_before(db: None) -> None:
    cache.clear()


def _client(user: User | None = None, **how: Any) -> Client:
    client = Client(headers=HOST, **how)
    if user is not None:
        client.force_login(user)
    return client


@pytest.fixture
def alices(alice: User, provider: Provider) -> Client:
    """Alice's browser."""
    return _client(alice)


@pytest.fixture
def olivias() -> Client:
    """The browser of the account's owner, who has no log-in here."""
    return _client()


@pytest.fixture
def cart(merchant: Merchant, provider: Provider) -> Cart:
    with acting_for(merchant):
        return new_cart(registry.get("acme"), "ACME_DE", actor="a test")


@pytest.fixture
def link(merchant: Merchant, alice: User, cart: Cart) -> SetupLink:
    with acting_for(merchant):
        return sharing.share(OLIVIA, alice, cart=cart)


def _mint(link: SetupLink) -> str:
    """The mail goes out. Returns the path of the address in it."""
    with acting_for(link.merchant_id):
        address = sharing.mint(link.pk)
    assert address.startswith("http://localhost:8000/setup/")
    return urlsplit(address).path


def _now(row: Any) -> Any:
    """The row as it is now."""
    with acting_for(row.merchant_id):
        return type(row).objects.get(pk=row.pk)


def _open(client: Client, link: SetupLink) -> str:
    """Follow the mail's link. Returns the page's text."""
    answer = client.get(_mint(link))
    assert (answer.status_code, answer["Location"]) == (302, reverse("owner"))
    return _page(client)


def _page(client: Client) -> str:
    answer = client.get(reverse("owner"))
    assert answer.status_code == 200
    return _text(answer)


def _text(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def _press_grant(client: Client, link: SetupLink) -> dict[str, str]:
    answer = client.post(reverse("owner_start"), {"link": link.public_id}, headers=JSON)
    assert answer.status_code == 200, answer.content
    begun: dict[str, str] = answer.json()
    return begun


def _answer(provider: Provider, begun: dict[str, str], account: str) -> dict[str, str]:
    return {"state": parse_qs(urlsplit(begun["address"]).query)["state"][0], "code": provider.consent_by(account)}


def _grant(client: Client, provider: Provider, link: SetupLink, account: str = "seller-1") -> str:
    """The owner agrees at the provider. Returns the page that the window comes back to."""
    answer = client.get(reverse("oauth_callback", args=["acme"]), _answer(provider, _press_grant(client, link), account))
    assert answer.status_code == 200
    return answer.content.decode()


def _finish(client: Client, link: SetupLink, button: str, **settings: Any) -> Any:
    form = {"cart-location_id": "", "cart-status": ["paid"], **settings}
    return client.post(reverse("owner_finish"), {"link": link.public_id, button: button, **form})


def _mails(merchant: Merchant) -> list[tuple[str, str]]:
    with acting_for(merchant):
        return list(OutboxMail.objects.order_by("pk").values_list("kind", "to"))


def _everything() -> list[Any]:
    with across_merchants("a test compares before and after"):
        models = (SetupLink, Connection, Cart, Warehouse, GrantAttempt, Event, OutboxMail, Change)
        return [list(model.objects.order_by("pk").values()) for model in models]


# ----------------------------------------------------------------------------------------------------------------- the journey


def test_a_member_shares_a_setup_and_its_owner_finishes_it(
    alices: Client, olivias: Client, merchant: Merchant, cart: Cart, provider: Provider
) -> None:
    page = reverse("cart", args=[merchant.public_id, cart.public_id])
    assert "Share Setup Link" in _text(alices.get(page))
    alices.post(reverse("cart_share", args=[merchant.public_id, cart.public_id]), {"recipient": OLIVIA})
    with acting_for(merchant):
        link = SetupLink.objects.get()
        mail = OutboxMail.objects.get()
    assert (mail.kind, mail.to, mail.ids) == ("setup_link", OLIVIA, {"link": link.pk, "cart": cart.pk})
    assert "Waiting for the owner" in _text(alices.get(page))

    shown = _open(olivias, link)
    assert "alice@example.com asks you to do this for Acme Outdoor" in shown
    assert "Acme Market Germany" in shown
    assert "This opens as soon as you have given access" in shown
    came_back = _grant(olivias, provider, link)
    assert f'href="{reverse("owner")}"' in came_back
    assert "/m/" not in came_back
    assert "Access granted seller-1 Ltd" in _page(olivias)
    assert "Access granted, not finished" in _text(alices.get(page))

    done = _finish(olivias, link, "ok", **{"cart-location_id": "7"})
    assert "Connection complete" in _text(done)
    row = _now(cart)
    assert (row.state, row.settings["location_id"], row.went_live_at) == ("checked", 7, None)
    assert _now(link).used_at is not None
    assert "Connection complete" in _text(alices.get(page))
    complete = [to for kind, to in _mails(merchant) if kind == "connection_complete"]
    assert complete == [OLIVIA, "alice@example.com"]


def test_each_step_is_told_and_audited(
    alices: Client, olivias: Client, merchant: Merchant, cart: Cart, provider: Provider
) -> None:
    alices.post(reverse("cart_share", args=[merchant.public_id, cart.public_id]), {"recipient": OLIVIA})
    with acting_for(merchant):
        link = SetupLink.objects.get()
    alices.post(reverse("link_resend", args=[merchant.public_id, link.public_id]))
    alices.post(reverse("link_copy", args=[merchant.public_id, link.public_id]))
    _open(olivias, link)
    _grant(olivias, provider, link)
    _finish(olivias, link, "ok")
    with acting_for(merchant):
        told = list(Event.objects.filter(kind__startswith="link_").order_by("pk").values_list("kind", "actor"))
        assert told == [
            ("link_shared", "alice@example.com"),
            ("link_resent", "alice@example.com"),
            ("link_copied", "alice@example.com"),
            ("link_used", sharing.OWNER),
        ]
        assert Change.objects.filter(what__contains="setup", about__in=("cart", "setuplink")).count() == 4


def test_testing_saves_nothing_and_uses_nothing_up(olivias: Client, link: SetupLink, cart: Cart, provider: Provider) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    before = _now(cart).settings
    shown = _text(_finish(olivias, link, "test", **{"cart-location_id": "9"}))
    assert "Everything works. Press OK to finish." in shown
    assert "Acme Market answers" in shown
    assert (_now(cart).settings, _now(cart).state, _now(link).used_at) == (before, "draft", None)


def _step_by_step(client: Client, link: SetupLink, **settings: Any) -> list[str]:
    """Press Test in a page with its script: what each answer says, in order."""
    form = {"link": link.public_id, "cart-location_id": "", "cart-status": ["paid"], **settings}
    address, told = reverse("owner_test"), []
    while address:
        answer = client.post(address, form, headers={"hx-request": "true"})
        assert answer.status_code == 200
        told.append(_text(answer))
        asks = re.search(r'hx-post="([^"]+)"', answer.content.decode())
        address = asks.group(1).replace("&amp;", "&") if asks else ""
    return told


def test_each_line_of_the_test_is_shown_as_it_ends(olivias: Client, link: SetupLink, cart: Cart, provider: Provider) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    before = _everything()
    first, second = _step_by_step(olivias, link, **{"cart-location_id": "9"})
    assert "Acme Market answers" in first
    assert "Testing the next step" in first
    assert "Orders can be read" in second
    assert second.endswith("Everything works. Press OK to finish.")
    assert _everything() == before


def test_what_failed_is_said_at_the_end(
    olivias: Client, merchant: Merchant, alice: User, cart: Cart, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting_for(merchant):
        warehouse = new_warehouse(registry.get("acme"), actor="a test")
        link = sharing.share(OLIVIA, alice, warehouse=warehouse, cart=cart)
    _open(olivias, link)
    _grant(olivias, provider, link)
    monkeypatch.setattr(House, "shipments_in", lambda *window: 1 / 0)
    told = _step_by_step(olivias, link, **{"warehouse-label": "Ours", "warehouse-ship_from": "7"})
    assert "Something went wrong on our side." in told[1]
    assert (len(told), told[-1].endswith("Not everything works yet.")) == (5, True)


def test_without_access_nothing_further_is_tested(olivias: Client, link: SetupLink, provider: Provider) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    provider.account_trouble = (503, {"error": "away"})
    (told,) = _step_by_step(olivias, link)
    assert "Acme Market is out of order." in told
    assert told.endswith("Not everything works yet.")


def test_a_warehouse_and_a_cart_are_tested_one_after_the_other(
    olivias: Client, merchant: Merchant, alice: User, cart: Cart, provider: Provider
) -> None:
    with acting_for(merchant):
        warehouse = new_warehouse(registry.get("acme"), actor="a test")
        link = sharing.share(OLIVIA, alice, warehouse=warehouse, cart=cart)
    _open(olivias, link)
    _grant(olivias, provider, link)
    told = _step_by_step(olivias, link, **{"warehouse-label": "Ours", "warehouse-ship_from": "7"})
    assert len(told) == 5, "access, orders and items of the warehouse, then access and orders of the cart"
    assert told[-1].endswith("Everything works. Press OK to finish.")
    unfilled = olivias.post(reverse("owner_test"), {"link": link.public_id}, headers={"hx-request": "true"})
    assert "Not everything is filled in" in _text(unfilled)


def test_a_test_whose_link_ended_meanwhile_leads_to_the_page_that_says_so(
    olivias: Client, link: SetupLink, provider: Provider
) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    _revoke(link)
    answer = olivias.post(reverse("owner_test"), {"link": link.public_id}, headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Refresh"]) == (410, "true")


def test_no_other_step_than_the_owners_is_run(olivias: Client, link: SetupLink, provider: Provider) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    form = {"link": link.public_id, "cart-location_id": "", "cart-status": ["paid"]}
    for step in ("0-warehouse", "1-access", "x"):
        assert olivias.post(f"{reverse('owner_test')}?step={step}", form, headers={"hx-request": "true"}).status_code == 404


def test_an_ok_that_does_not_pass_keeps_what_was_typed_and_the_link(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider
) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    provider.account_trouble = (503, {"error": "away"})
    shown = _text(_finish(olivias, link, "ok", **{"cart-location_id": "4711"}))
    assert "Acme Market is out of order." in shown
    assert (_now(cart).settings["location_id"], _now(cart).state, _now(link).used_at) == (4711, "draft", None)
    provider.account_trouble = None
    _finish(olivias, link, "ok")
    assert (_now(cart).state, _now(link).used_at is None) == ("checked", False)


@pytest.mark.parametrize("state", ["draft", "live"])
def test_an_ok_undoes_nothing_that_a_member_did_while_it_was_tested(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    tested = owner._tested

    def meanwhile(*args: Any) -> bool:
        with acting_for(cart.merchant_id):
            Cart.objects.update(name="Renamed by Alice", identifier="item", state=state)
        return tested(*args)

    monkeypatch.setattr(owner, "_tested", meanwhile)
    shown = _text(_finish(olivias, link, "ok", **{"cart-location_id": "7"}))
    assert ("Connection complete" if state == "draft" else "finished this in another way") in shown
    row = _now(cart)
    assert (row.name, row.identifier) == ("Renamed by Alice", "item")
    assert (row.state, row.settings["location_id"] == 7) == (("checked", True) if state == "draft" else ("live", False))


def test_an_ok_for_an_account_that_changed_while_it_was_tested_finishes_nothing(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    opened_before = _press_grant(olivias, link)
    tested = owner._tested

    def meanwhile(*args: Any) -> bool:
        passed = tested(*args)
        answer = olivias.get(reverse("oauth_callback", args=["acme"]), _answer(provider, opened_before, "seller-2"))
        assert "seller-2 Ltd is connected." in _text(answer)
        return passed

    with monkeypatch.context() as during_the_test:
        during_the_test.setattr(owner, "_tested", meanwhile)
        shown = _text(_finish(olivias, link, "ok", **{"cart-location_id": "7"}))
    assert "The account changed while it was tested. Press OK again." in shown
    assert "Acme Market answers" not in shown, "that was the other account"
    assert (_now(cart).state, _now(link).used_at) == ("draft", None)
    assert [kind for kind, _to in _mails(link.merchant)] == ["setup_link"]
    assert "Connection complete" in _text(_finish(olivias, link, "ok", **{"cart-location_id": "7"}))
    assert _now(cart).state == "checked"


def test_ok_before_access_is_given_finishes_nothing(olivias: Client, link: SetupLink) -> None:
    _open(olivias, link)
    assert "not finished yet" in _text(_finish(olivias, link, "ok"))
    assert _now(link).used_at is None


def test_settings_that_are_not_the_integrations_are_not_taken(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider
) -> None:
    _open(olivias, link)
    _grant(olivias, provider, link)
    _finish(olivias, link, "ok", name="Mine now", orders_go_to="x", state="live", **{"cart-evil": "1"})
    row = _now(cart)
    assert (row.name, row.warehouse_id, row.state) == ("Acme Market Germany", None, "checked")
    assert set(row.settings) == {"location_id", "status"}


def test_a_warehouse_and_a_cart_are_set_up_on_one_grant(
    olivias: Client, merchant: Merchant, alice: User, cart: Cart, provider: Provider
) -> None:
    with acting_for(merchant):
        warehouse = new_warehouse(registry.get("acme"), actor="a test")
        link = sharing.share(OLIVIA, alice, warehouse=warehouse, cart=cart)
    _open(olivias, link)
    _grant(olivias, provider, link)
    assert "Ship from" in _page(olivias)
    done = _finish(olivias, link, "ok", **{"warehouse-label": "Ours", "warehouse-ship_from": "7"})
    assert "Connection complete" in _text(done)
    assert [_now(row).state for row in (warehouse, cart)] == ["checked", "checked"]
    assert _now(warehouse).settings["label"] == "Ours"


def test_an_owner_who_is_logged_in_elsewhere_on_the_portal_may_use_it_too(
    charlie: User, link: SetupLink, provider: Provider
) -> None:
    browser = _client(charlie)
    _open(browser, link)
    assert "Access granted" in _grant(browser, provider, link)


def test_while_the_account_is_asked_for_the_page_waits_and_goes_on_only_where_that_broke_off(
    olivias: Client, link: SetupLink
) -> None:
    _open(olivias, link)
    status = _press_grant(olivias, link)["status"]
    with acting_for(link.merchant_id):
        GrantAttempt.objects.update(state=GrantAttempt.State.EXCHANGED)
    assert olivias.get(status).json()["state"] == "waiting"
    with acting_for(link.merchant_id):
        GrantAttempt.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert olivias.get(status).json()["state"] == "kept"


def test_access_that_is_kept_is_gone_on_with_behind_the_link_and_nowhere_else(
    olivias: Client, alices: Client, link: SetupLink, cart: Cart, provider: Provider
) -> None:
    _open(olivias, link)
    provider.account_trouble = (503, {"error": "away"})
    came_back = _grant(olivias, provider, link)
    assert "press Go on" in came_back
    assert f'href="{reverse("owner")}"' in came_back
    with acting_for(link.merchant_id):
        go_on = reverse("owner_go_on", args=[GrantAttempt.objects.get().public_id])
    assert f'action="{go_on}"' in olivias.get(reverse("owner")).content.decode()
    members = alices.get(reverse("cart", args=[link.merchant.public_id, cart.public_id]))
    assert "go-on/" not in members.content.decode(), "it is the owner who was told to press it"

    away = olivias.post(go_on, {"link": link.public_id}, follow=True)
    assert away.redirect_chain == [(reverse("owner"), 302)]
    assert "Your access is kept: press Go on" in _text(away)
    provider.account_trouble = None
    done = olivias.post(go_on, {"link": link.public_id}, follow=True)
    assert "seller-1 Ltd is connected." in _text(done)
    assert "go-on/" not in done.content.decode()
    assert _now(cart).connection_id is not None


def test_an_address_that_the_provider_ended_on_can_be_pasted(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider
) -> None:
    _open(olivias, link)
    answer = _answer(provider, _press_grant(olivias, link), "seller-1")
    address = f"https://acme.example/done?state={answer['state']}&code={answer['code'].replace('#', '%23').replace('+', '%2B')}"
    shown = _text(olivias.post(reverse("owner_paste"), {"link": link.public_id, "address": address}, follow=True))
    assert "seller-1 Ltd is connected." in shown
    assert _now(cart).connection_id is not None


# -------------------------------------------------------------------------------------------------------------- mail scanners


def test_opening_it_changes_nothing_however_often(olivias: Client, link: SetupLink) -> None:
    path = _mint(link)
    before = _everything()
    for _ in range(3):
        scanner = _client()
        assert scanner.head(path).status_code == 302
        assert scanner.get(path, follow=True).status_code == 200
    assert _everything() == before
    assert olivias.get(path, follow=True).status_code == 200


def test_only_a_post_with_the_pages_own_token_starts_anything(link: SetupLink) -> None:
    browser = _client(enforce_csrf_checks=True)
    browser.get(_mint(link), follow=True)
    assert browser.get(reverse("owner_start")).status_code == 405
    assert browser.post(reverse("owner_start"), {"link": link.public_id}).status_code == 403
    with acting_for(link.merchant_id):
        assert not GrantAttempt.objects.exists()


# --------------------------------------------------------------------------------------------------------------- what is kept


def test_the_token_is_nowhere_at_rest(olivias: Client, link: SetupLink, provider: Provider) -> None:
    path = _mint(link)
    olivias.get(path, follow=True)
    _press_grant(olivias, link)
    token = path.removeprefix("/setup/")
    with across_merchants("a test reads every row"):
        for model in apps.get_models():
            for row in model._base_manager.values():
                kept = [bytes(value) if isinstance(value, memoryview) else value for value in row.values()]
                assert token not in repr(kept), model
    assert _now(link).token_hash is not None


def test_the_token_leaves_the_address_at_once_and_no_page_is_cached(olivias: Client, link: SetupLink) -> None:
    answer = olivias.get(_mint(link))
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    cookie = answer.cookies[opening.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "Lax", "/setup/", 7200)
    page = olivias.get(reverse("owner"))
    assert "no-store" in page["Cache-Control"]
    assert page["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


# --------------------------------------------------------------------------------------------------------------- links that end


def _expire(link: SetupLink) -> None:
    with acting_for(link.merchant_id):
        SetupLink.objects.filter(pk=link.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def _revoke(link: SetupLink) -> None:
    with acting_for(link.merchant_id):
        sharing.revoke(_now(link), actor="a test")


def _use_up(link: SetupLink) -> None:
    with acting_for(link.merchant_id):
        sharing.complete(link)


def _send_again(link: SetupLink) -> None:
    _mint(link)


def _finish_elsewhere(link: SetupLink) -> None:
    with acting_for(link.merchant_id):
        connection = Connection.objects.create(
            integration="acme", environment="simulator", account_id="x", account_name="Theirs", authorised_at=timezone.now()
        )
        Cart.objects.filter(pk=link.cart_id).update(connection=connection)


ENDS = [
    (_expire, 410, "has expired"),
    (_revoke, 410, "has withdrawn this link"),
    (_use_up, 410, "is complete already"),
    (_send_again, 404, "use the link of the newest mail"),
    (_finish_elsewhere, 410, "finished this in another way"),
]


@pytest.mark.parametrize(("end", "status", "words"), ENDS, ids=[end.__name__.strip("_") for end, *_ in ENDS])
def test_a_link_that_ended_opens_nothing_and_says_what_to_do(
    olivias: Client, link: SetupLink, end: Callable[[SetupLink], None], status: int, words: str
) -> None:
    path = _mint(link)
    end(link)
    before = _everything()
    answer = olivias.get(path)
    assert answer.status_code == status
    assert words in _text(answer)
    assert opening.COOKIE not in answer.cookies
    assert answer["Cache-Control"] == "no-store"
    assert _everything() == before


@pytest.mark.parametrize(("end", "status", "words"), ENDS, ids=[end.__name__.strip("_") for end, *_ in ENDS])
def test_a_page_that_is_open_ends_with_its_link(
    olivias: Client, link: SetupLink, end: Callable[[SetupLink], None], status: int, words: str
) -> None:
    _open(olivias, link)
    end(link)
    before = _everything()
    assert olivias.get(reverse("owner")).status_code in (403, 410)
    for name in ("owner_start", "owner_finish", "owner_paste"):
        assert olivias.post(reverse(name), {"link": link.public_id, "ok": "ok"}).status_code in (403, 410)
    assert _everything() == before


@pytest.mark.parametrize("end", [_expire, _revoke, _use_up])
def test_a_grant_whose_link_ends_meanwhile_connects_nothing(
    olivias: Client, link: SetupLink, cart: Cart, provider: Provider, end: Callable[[SetupLink], None]
) -> None:
    _open(olivias, link)
    begun = _press_grant(olivias, link)
    end(link)
    answer = olivias.get(reverse("oauth_callback", args=["acme"]), _answer(provider, begun, "seller-1"))
    assert "so nothing was connected" in _text(answer)
    assert (_now(cart).connection_id, provider.minted["grant"]) == (None, 0)


def test_what_is_nobodys_link_opens_nothing(olivias: Client) -> None:
    answer = olivias.get("/setup/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert (answer.status_code, "Perhaps it was not copied whole" in _text(answer)) == (404, True)
    assert olivias.get(reverse("owner")).status_code == 403


def test_a_cookie_that_we_did_not_sign_opens_nothing(olivias: Client, link: SetupLink) -> None:
    _mint(link)
    olivias.cookies[opening.COOKIE] = f"{bytes(_now(link).token_hash).hex()}:1vMxxx:forged"
    assert olivias.get(reverse("owner")).status_code == 403


def test_a_link_is_used_up_once(link: SetupLink) -> None:
    _use_up(link)
    with acting_for(link.merchant_id), pytest.raises(sharing.Refused):
        sharing.complete(link)


def test_no_mail_goes_out_for_a_link_that_was_withdrawn(link: SetupLink) -> None:
    _revoke(link)
    with acting_for(link.merchant_id), pytest.raises(Unwanted):
        sharing.mint(link.pk)


def test_no_mail_goes_out_for_what_a_member_has_done_meanwhile(link: SetupLink, cart: Cart, connect: Connect) -> None:
    connection = connect(link.merchant, "seller-1")
    with acting_for(link.merchant_id):
        Cart.objects.update(connection=connection)
        SetupLink.objects.update(expires_at=timezone.now())
        with pytest.raises(Unwanted, match="in another way"):
            sharing.mint(link.pk)


def test_what_has_access_already_is_asked_of_nobody(alices: Client, cart: Cart, merchant: Merchant, connect: Connect) -> None:
    connection = connect(merchant, "seller-1")
    with acting_for(merchant):
        Cart.objects.update(connection=connection)
    shared = reverse("cart_share", args=[merchant.public_id, cart.public_id])
    shown = _text(alices.post(shared, {"recipient": OLIVIA}, follow=True))
    assert "Acme Market Germany has access already, so there is nothing to ask for." in shown
    assert _mails(merchant) == []


# ------------------------------------------------------------------------------------------------------------------- who is asked


def test_an_owner_is_told_whom_to_ask(alices: Client, olivias: Client, link: SetupLink, mailoutbox: list[Any]) -> None:
    assert "Questions? Ask alice@example.com." in _open(olivias, link)
    with acting_for(link.merchant_id):
        Merchant.objects.filter(pk=link.merchant_id).update(support_contact="+49 30 123456")
    assert "Questions? Ask +49 30 123456." in _page(olivias)
    send_waiting_mail()
    assert "Questions? Ask +49 30 123456." in mailoutbox[0].body
    path = _mint(link)
    _revoke(link)
    assert "Ask +49 30 123456 if you did not expect that" in _text(olivias.get(path))


@pytest.mark.parametrize("gone", [True, False])
def test_who_has_left_the_team_hears_no_more_of_the_links_they_shared(
    olivias: Client, merchant: Merchant, alice: User, bob: User, cart: Cart, provider: Provider, gone: bool
) -> None:
    with acting_for(merchant):
        Member.objects.filter(user=bob).update(role=Role.MANAGER)
        link = sharing.share(OLIVIA, bob, cart=cart)
        if gone:
            Member.objects.filter(user=bob).delete()
    asker = merchant.name if gone else "bob@example.com"
    assert f"{asker} asks you to do this" in _open(olivias, link)
    _grant(olivias, provider, link)
    _finish(olivias, link, "ok")
    told = [to for kind, to in _mails(merchant) if kind == "connection_complete"]
    assert told == [OLIVIA, alice.email if gone else bob.email]


# --------------------------------------------------------------------------------------------------------------- nothing else


def test_the_owner_sees_nothing_else_of_the_merchant(
    olivias: Client, link: SetupLink, cart: Cart, merchant: Merchant, connect: Connect, bob: User, provider: Provider
) -> None:
    connect(merchant, "the-3pl")
    with acting_for(merchant):
        secret = Warehouse.objects.create(
            integration="acme", name="Hidden House", connection=Connection.objects.get(), state="live"
        )
        Cart.objects.create(integration="acme", name="Hidden Shop", variant="ACME_US")
        Cart.objects.filter(pk=cart.pk).update(warehouse=secret)
    seen = [_open(olivias, link), _grant(olivias, provider, link), _page(olivias)]
    seen += [_text(_finish(olivias, link, button)) for button in ("test", "ok")]
    seen += [_text(olivias.get(_mint_path)) for _mint_path in ("/setup/", "/setup/nonsense")]
    assert "Connection complete" in seen[4]
    for hidden in ("Hidden", "the-3pl", "bob@", merchant.public_id, cart.public_id, "/m/"):
        assert [text for text in seen if hidden in text] == [], hidden


def test_it_opens_no_page_of_the_merchant(olivias: Client, link: SetupLink, cart: Cart, merchant: Merchant) -> None:
    _open(olivias, link)
    for name, args in (("dashboard", []), ("cart", [cart.public_id]), ("orders", [])):
        answer = olivias.get(reverse(name, args=[merchant.public_id, *args]))
        assert answer["Location"].startswith(reverse("account_login"))


def test_it_tells_nothing_of_a_grant_that_is_not_its_own(
    olivias: Client, alices: Client, link: SetupLink, cart: Cart, merchant: Merchant
) -> None:
    started = alices.post(reverse("grant_start", args=[merchant.public_id]), {"cart": cart.public_id}, headers=JSON).json()[
        "attempt"
    ]
    _open(olivias, link)
    told = [olivias.get(reverse("owner_status", args=[each]), headers=JSON) for each in (started, "nobodys")]
    assert [(answer.status_code, answer.json()["words"]) for answer in told] == [(409, opening.OTHER)] * 2
    assert olivias.post(reverse("owner_go_on", args=[started]), {"link": link.public_id}).status_code == 404


def test_a_page_of_one_link_never_acts_on_another(olivias: Client, link: SetupLink, merchant: Merchant, alice: User) -> None:
    with acting_for(merchant):
        other = sharing.share(OLIVIA, alice, cart=new_cart(registry.get("acme"), "ACME_US", actor="a test"))
    _open(olivias, link)
    _open(olivias, other)
    answer = olivias.post(reverse("owner_start"), {"link": link.public_id})
    assert (answer.status_code, "Another link was opened in this browser" in _text(answer)) == (409, True)


def test_a_page_that_waits_is_told_when_another_link_has_taken_its_place(
    olivias: Client, link: SetupLink, merchant: Merchant, alice: User
) -> None:
    with acting_for(merchant):
        other = sharing.share(OLIVIA, alice, cart=new_cart(registry.get("acme"), "ACME_US", actor="a test"))
    _open(olivias, link)
    begun = _press_grant(olivias, link)
    assert olivias.get(begun["status"], headers=JSON).json()["state"] == "waiting"
    _open(olivias, other)
    answer = olivias.get(begun["status"], headers=JSON)
    assert (answer.status_code, answer.json()) == (409, {"state": "failed", "words": opening.OTHER})
    _open(olivias, link)
    assert olivias.get(begun["status"], headers=JSON).json()["state"] == "waiting", "opened again, it goes on"


# --------------------------------------------------------------------------------------------------------------------- guesses


def test_wrong_links_are_limited_by_address_and_right_ones_are_not(link: SetupLink) -> None:
    path = _mint(link)
    browser = _client()
    assert {browser.get(path).status_code for _ in range(15)} == {302}
    assert [browser.get("/setup/wrong").status_code for _ in range(11)] == [404] * 10 + [429]
    assert browser.get(path).status_code == 429
    assert _client(REMOTE_ADDR="10.0.0.9").get(path).status_code == 302


def test_wrong_links_are_limited_from_everywhere_together(link: SetupLink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "GUESSES", {"open": "10/m/ip,3/m/key"})
    answers = [_client(REMOTE_ADDR=f"10.0.0.{number}").get("/setup/wrong").status_code for number in range(4)]
    assert answers == [404, 404, 404, 429]


def test_where_guesses_cannot_be_counted_no_link_opens(link: SetupLink, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _mint(link)
    monkeypatch.setattr(ratelimit, "CACHE_LOCK_WAIT_TIMEOUT", 0)
    monkeypatch.setattr(ratelimit.cache, "add", lambda *args, **kwargs: False)
    assert _client().get(path).status_code == 429


# ---------------------------------------------------------------------------------------------------------- the members' side


def test_a_second_link_for_the_same_draft_withdraws_the_first(
    link: SetupLink, merchant: Merchant, cart: Cart, alice: User
) -> None:
    with acting_for(merchant):
        second = sharing.share("other@seller.example", alice, cart=cart)
    assert _now(link).revoked_at is not None
    assert _now(second).revoked_at is None


def test_the_buttons_send_again_copy_and_withdraw(alices: Client, olivias: Client, link: SetupLink, merchant: Merchant) -> None:
    first = _mint(link)
    answer = alices.post(reverse("link_copy", args=[merchant.public_id, link.public_id]))
    assert "no-store" in answer["Cache-Control"]
    copied = re.findall(r'value="http://localhost:8000(/setup/[^"]+)"', answer.content.decode())[0]
    assert olivias.get(first).status_code == 404
    assert olivias.get(copied).status_code == 302
    _expire(link)
    alices.post(reverse("link_resend", args=[merchant.public_id, link.public_id]))
    assert olivias.get(_mint(link)).status_code == 302
    assert _now(link).expires_at > timezone.now() + timedelta(days=6)
    alices.post(reverse("link_revoke", args=[merchant.public_id, link.public_id]))
    assert olivias.get(reverse("owner")).status_code == 410
    for name in ("link_resend", "link_copy"):
        answer = alices.post(reverse(name, args=[merchant.public_id, link.public_id]), follow=True)
        assert "has withdrawn this link" in _text(answer)


def test_an_address_that_is_none_is_refused(alices: Client, cart: Cart, merchant: Merchant) -> None:
    share = reverse("cart_share", args=[merchant.public_id, cart.public_id])
    assert "Enter a valid email address." in _text(alices.post(share, {"recipient": "olivia"}, follow=True))
    assert "Type the e-mail address" in _text(alices.post(share, {"recipient": ""}, follow=True))
    with acting_for(merchant):
        assert not SetupLink.objects.exists()


def test_only_managers_share_and_see_links(link: SetupLink, cart: Cart, merchant: Merchant, bob: User) -> None:
    browser = _client(bob)
    assert "Share Setup Link" not in _text(browser.get(reverse("cart", args=[merchant.public_id, cart.public_id])))
    assert browser.get(reverse("cart_links", args=[merchant.public_id, cart.public_id])).status_code == 403
    for name in ("link_resend", "link_revoke", "link_copy"):
        assert browser.post(reverse(name, args=[merchant.public_id, link.public_id])).status_code == 403


def test_the_list_says_nothing_until_something_happens(
    alices: Client, olivias: Client, link: SetupLink, cart: Cart, merchant: Merchant, provider: Provider
) -> None:
    page = alices.get(reverse("cart", args=[merchant.public_id, cart.public_id])).content.decode()
    address = re.findall(r'hx-get="([^"]+/links/\?seen=\w+)"', page)[0]
    assert alices.get(address).status_code == 204
    _open(olivias, link)
    _grant(olivias, provider, link)
    assert "Access granted, not finished" in _text(alices.get(address))
    _finish(olivias, link, "ok")
    answer = alices.get(address)
    assert "Connection complete" in _text(answer)
    assert "hx-get" not in answer.content.decode(), "nobody waits any more"


def test_the_link_in_each_mail_that_goes_out_opens_the_setup(link: SetupLink, mailoutbox: list[Any]) -> None:
    """Sent by the stream that sends mail, over the wire that this installation would use."""
    send_waiting_mail()
    with acting_for(link.merchant_id):
        sharing.resend(link, actor="alice@example.com")
    send_waiting_mail()
    first, second = [re.findall(r"http://localhost:8000(/setup/[\w-]+)", mail.body)[0] for mail in mailoutbox]
    assert [mail.to for mail in mailoutbox] == [[OLIVIA], [OLIVIA]]
    assert "Acme Outdoor asks you to connect Acme Market Germany" in mailoutbox[0].subject
    assert [_client().get(path).status_code for path in (first, second)] == [404, 302]


def test_where_mail_cannot_go_the_page_says_so(alices: Client, link: SetupLink, cart: Cart, merchant: Merchant) -> None:
    with acting_for(merchant):
        OutboxMail.objects.update(state=OutboxMail.State.FAILED, last_error="No such mailbox")
    shown = _text(alices.get(reverse("cart", args=[merchant.public_id, cart.public_id])))
    assert "The mail could not be sent: No such mailbox. Copy the link and hand it over yourself." in shown


# --------------------------------------------------------------------------------------------------------------------- renewal


@pytest.fixture
def renewal(merchant: Merchant, alice: User, connect: Connect) -> SetupLink:
    connection = connect(merchant, "seller-1")
    with acting_for(merchant):
        return sharing.ask_to_renew(connection, OLIVIA, alice)


def test_an_owner_renews_the_consent_of_the_same_account(
    olivias: Client, merchant: Merchant, renewal: SetupLink, provider: Provider
) -> None:
    assert "Renew the access to seller-1 Ltd" in _open(olivias, renewal)
    assert "is renewed" not in _text(olivias.post(reverse("owner_finish"), {"link": renewal.public_id, "ok": "ok"}))
    assert _now(renewal).used_at is None
    _grant(olivias, provider, renewal)
    answer = olivias.post(reverse("owner_finish"), {"link": renewal.public_id, "ok": "ok"})
    assert "Connection complete" in _text(answer)
    assert _now(renewal).used_at is not None
    assert _mails(merchant) == [
        ("renewal_link", OLIVIA),
        ("access_renewed", OLIVIA),
        ("access_renewed", "alice@example.com"),
    ]


def test_another_account_renews_nothing(olivias: Client, renewal: SetupLink, merchant: Merchant, provider: Provider) -> None:
    _open(olivias, renewal)
    assert "this connection is for seller-1 Ltd" in _grant(olivias, provider, renewal, "seller-2")
    assert _now(renewal).used_at is None
    with acting_for(merchant):
        assert Connection.objects.count() == 1


def test_a_member_who_renews_meanwhile_makes_the_link_needless(olivias: Client, renewal: SetupLink, merchant: Merchant) -> None:
    path = _mint(renewal)
    with acting_for(merchant):
        Connection.objects.update(authorised_at=timezone.now())
    assert "finished this in another way" in _text(olivias.get(path))


@pytest.mark.parametrize("known", [True, False])
def test_an_ending_consent_is_taken_to_its_owner_where_one_is_known(
    merchant: Merchant, alice: User, connect: Connect, known: bool
) -> None:
    connection = connect(merchant, "seller-1")
    with acting_for(merchant):
        if known:
            before = sharing.ask_to_renew(connection, OLIVIA, alice)
            SetupLink.objects.filter(pk=before.pk).update(used_at=timezone.now())
            OutboxMail.objects.all().delete()
        for days in (29, 29, 6, 0):
            Connection.objects.update(consent_ends_at=timezone.now() + timedelta(days=days, hours=1))
            housekeeping.warn_of_consent(Connection.objects.get())
        links = SetupLink.objects.filter(created_by=None).order_by("pk")
        assert [link.revoked_at is None for link in links] == ([False, False, True] if known else [])
        assert {link.recipient for link in links} == ({OLIVIA} if known else set())
        sent = OutboxMail.objects.filter(kind="renewal_link").count()
    assert sent == (3 if known else 0)


def test_the_connections_page_offers_a_renewal_link(alices: Client, merchant: Merchant, connect: Connect) -> None:
    connection = connect(merchant, "seller-1")
    page = reverse("connection", args=[merchant.public_id, connection.public_id])
    assert "Send a renewal link" in _text(alices.get(page))
    share = reverse("connection_share", args=[merchant.public_id, connection.public_id])
    assert "Waiting for the owner" in _text(alices.post(share, {"recipient": OLIVIA}, follow=True))


def test_a_viewer_is_shown_no_button_for_it(merchant: Merchant, connect: Connect) -> None:
    connection = connect(merchant, "seller-1")
    viewer = make_member(merchant, "vera@example.com", Role.VIEWER)
    page = _client(viewer).get(reverse("connection", args=[merchant.public_id, connection.public_id]))
    assert "Send a renewal link" not in _text(page)


# ------------------------------------------------------------------------------------------------------------------- operators


@pytest.mark.parametrize(("action", "status"), [("send_again", 404), ("withdraw", 410)])
def test_an_operator_sends_again_and_withdraws_after_being_asked(
    olivias: Client, link: SetupLink, action: str, status: int
) -> None:
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    path = _mint(link)
    pressed = {"action": action, "_selected_action": [link.pk]}
    admin = _client(olga)
    changelist = reverse("admin:connections_setuplink_changelist")
    assert b"sure" in admin.post(changelist, pressed).content
    assert olivias.get(path).status_code == 302
    admin.post(changelist, {**pressed, "sure": "yes"})
    if action == "send_again":
        _mint(link)
    assert olivias.get(path).status_code == status
    with acting_for(link.merchant_id):
        assert Change.objects.get(what=f"as the operator: {action.replace('_', ' ')}").actor == "olga@example.com"
