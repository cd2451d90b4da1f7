"""The OAuth journey: what becomes a connection, and the many answers that must not."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection as database
from django.utils import timezone

from cartrover.connections import claims, grants
from cartrover.connections.credentials import access_token
from cartrover.connections.holders import disconnect, join, new_cart, new_warehouse
from cartrover.connections.models import AccountClaim, Cart, Connection, Credential, GrantAttempt, Warehouse
from cartrover.events.models import Event, Problem
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from integrations import oauth2, registry
from integrations.contract import Account
from integrations.outcomes import NeedsMerchant
from tests.connections.conftest import Connect, use
from tests.connections.provider import Provider

BROWSER = "a random value of Alice's session"


@pytest.fixture(autouse=True)
def no_rows_open(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in's account() checks it for itself; the exchange is checked here."""
    real = oauth2.exchange

    def exchange(*args: Any) -> oauth2.Tokens:
        from cartrover.merchants.tenancy import current_scope

        assert current_scope() is None, "rows are open while a code is exchanged"
        return real(*args)

    monkeypatch.setattr("cartrover.connections.grants.oauth2.exchange", exchange)


def _start(merchant: Merchant, user: User, slug: str = "acme", **for_what: Any) -> tuple[GrantAttempt, str]:
    """The attempt, and the state that the provider would bring back."""
    with acting_for(merchant):
        attempt, address = grants.start(merchant, user, BROWSER, slug, **for_what)
    return attempt, parse_qs(urlsplit(address).query)["state"][0]


def _grant(provider: Provider, merchant: Merchant, user: User, account: str = "seller-1", **for_what: Any) -> GrantAttempt:
    """The whole journey with an owner who agrees."""
    _attempt, state = _start(merchant, user, **for_what)
    return grants.finish("acme", {"state": state, "code": provider.consent_by(account)}, BROWSER, user)


def _cart(merchant: Merchant, variant: str = "ACME_DE") -> Cart:
    with acting_for(merchant):
        return new_cart(registry.get("acme"), variant, actor="a test")


def _warehouse(merchant: Merchant) -> Warehouse:
    with acting_for(merchant):
        return new_warehouse(registry.get("acme"), actor="a test")


def _everything() -> list[Any]:
    """What no refused answer may change, of all merchants."""
    with across_merchants("a test compares before and after"):
        return [list(model.objects.order_by("pk").values()) for model in (Connection, Credential, Cart, Warehouse, AccountClaim)]


# --------------------------------------------------------------------------------------------------------------- what goes well


def test_an_owners_consent_becomes_a_connection(merchant: Merchant, alice: User, provider: Provider) -> None:
    provider.consent = 47_304_000
    cart = _cart(merchant)
    before = timezone.now()
    attempt = _grant(provider, merchant, alice, cart=cart)
    assert (attempt.state, attempt.words) == ("done", "seller-1 Ltd is connected.")
    with acting_for(merchant):
        connection = Connection.objects.get()
        assert (connection.account_id, connection.account_name, connection.state) == ("seller-1", "seller-1 Ltd", "active")
        assert connection.facts["locations"][0]["label"] == "Berlin"
        assert connection.consent_ends_at is not None
        assert before < connection.consent_ends_at - timedelta(days=547.5) < timezone.now()
        assert Cart.objects.get().connection_id == connection.pk
        assert list(Event.objects.filter(about="connection").values_list("words", "actor")) == [
            ("Access to seller-1 Ltd was granted.", "alice@example.com")
        ]
    assert provider.access_tokens[access_token(connection.pk, merchant.pk)] == "seller-1"
    assert provider.minted["grant"] == 1


def test_the_consent_page_is_asked_with_our_state_and_redirect(merchant: Merchant, alice: User, provider: Provider) -> None:
    with acting_for(merchant):
        attempt, address = grants.start(merchant, alice, BROWSER, "acme")
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{provider.url}/authorize?")
    assert query["redirect_uri"] == ["http://localhost:8000/oauth/callback/acme/"]
    assert len(query["state"][0]) >= 43, "256 bits"
    assert query["state"][0].encode() not in bytes(attempt.state_hash)


def test_an_account_that_the_merchant_has_is_joined(merchant: Merchant, alice: User, provider: Provider) -> None:
    provider.rotates = True
    use(provider)
    first = _grant(provider, merchant, alice, warehouse=_warehouse(merchant))
    cart = _cart(merchant)
    second = _grant(provider, merchant, alice, cart=cart)
    assert second.state == "done"
    with acting_for(merchant):
        assert Connection.objects.count() == 1
        assert {first.connection_id, second.connection_id, Cart.objects.get().connection_id} == {Connection.objects.get().pk}
    token = access_token(first.connection_id or 0, merchant.pk)
    refreshed = access_token(first.connection_id or 0, merchant.pk, instead_of=token)
    assert provider.access_tokens[refreshed] == "seller-1", "the new grant ended the old one, so its tokens must be the ones kept"


def test_a_second_window_that_is_answered_at_once_finds_what_the_first_made(
    merchant: Merchant, alice: User, provider: Provider
) -> None:
    first = _grant(provider, merchant, alice, cart=_cart(merchant))
    account = Account("seller-1", "seller-1 Ltd", "seller-1", {})
    with acting_for(merchant):
        assert grants._made(first, account) == first.connection


@pytest.mark.parametrize(
    ("begun_on", "button"),
    [("draft", "Grant Us API Access"), ("connection", "Reconnect"), ("connected cart", "Grant access to another account")],
)
def test_what_went_wrong_names_the_button_of_its_page(
    merchant: Merchant, alice: User, provider: Provider, connect: Connect, begun_on: str, button: str
) -> None:
    cart, connection = _cart(merchant), connect(merchant, "seller-1")
    if begun_on == "connected cart":
        with acting_for(merchant):
            join(cart, connection)
    _attempt, state = _start(merchant, alice, **({"renews": connection} if begun_on == "connection" else {"cart": cart}))
    ended = grants.finish("acme", {"error": "access_denied", "state": state}, BROWSER, alice)
    assert f"Press {button} to try again." in ended.words


def test_both_drafts_of_one_grant_are_joined(merchant: Merchant, alice: User, provider: Provider) -> None:
    attempt = _grant(provider, merchant, alice, cart=_cart(merchant), warehouse=_warehouse(merchant))
    with acting_for(merchant):
        assert Cart.objects.get().connection_id == Warehouse.objects.get().connection_id == attempt.connection_id


def test_tokens_are_committed_before_the_account_is_asked(merchant: Merchant, alice: User, provider: Provider) -> None:
    provider.account_trouble = (503, {"error": "away"})
    attempt = _grant(provider, merchant, alice, cart=_cart(merchant))
    assert attempt.state == "exchanged"
    assert "Your access is kept" in attempt.words
    with acting_for(merchant):
        assert Connection.objects.count() == 0
        assert GrantAttempt.objects.get().sealed_tokens is not None
    provider.account_trouble = None
    resumed = grants.resume(attempt)
    assert resumed.state == "done"
    assert provider.minted["grant"] == 1, "the owner was not asked again"
    with acting_for(merchant):
        assert GrantAttempt.objects.get().sealed_tokens is None, "the connection has them now"


def test_a_finished_attempt_is_not_resumed(merchant: Merchant, alice: User, provider: Provider) -> None:
    attempt = _grant(provider, merchant, alice)
    before = _everything()
    assert grants.resume(attempt).state == "done"
    assert _everything() == before


def test_a_reconnect_mends_what_needed_attention(merchant: Merchant, alice: User, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=0)
    provider.revoke("seller-1")
    with pytest.raises(NeedsMerchant):
        access_token(connection.pk, merchant.pk)
    assert _grant(provider, merchant, alice, renews=connection).state == "done"
    with acting_for(merchant):
        assert Connection.objects.get().state == "active"
        assert not Problem.objects.filter(closed_at=None).exists()
    assert provider.access_tokens[access_token(connection.pk, merchant.pk)] == "seller-1"


def test_what_was_disconnected_comes_back_as_the_same_connection(merchant: Merchant, alice: User, provider: Provider) -> None:
    attempt = _grant(provider, merchant, alice, cart=_cart(merchant))
    with acting_for(merchant):
        connection = Connection.objects.get()
        disconnect(connection, actor="alice@example.com")
        assert Credential.objects.count() == 0
    with pytest.raises(NeedsMerchant, match="was disconnected"):
        access_token(connection.pk, merchant.pk)
    again = _grant(provider, merchant, alice, renews=connection)
    assert again.connection_id == attempt.connection_id
    assert provider.access_tokens[access_token(connection.pk, merchant.pk)] == "seller-1"
    assert AccountClaim.objects.get().connection_id == connection.pk


# ----------------------------------------------------------------------------------------------------- twelve that do not belong

Answer = Callable[[Provider, GrantAttempt, str, User, User], GrantAttempt]


def _unknown_state(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": "guessed", "code": provider.consent_by("evil")}, BROWSER, alice)


def _no_state(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"code": provider.consent_by("evil")}, BROWSER, alice)


def _other_browser(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state, "code": provider.consent_by("evil")}, "another browser", alice)


def _other_person(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state, "code": provider.consent_by("evil")}, BROWSER, charlie)


def _nobody(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state, "code": provider.consent_by("evil")}, BROWSER, None)


def _role_lost(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    with acting_for(attempt.merchant_id):
        Member.objects.filter(user=alice).update(role=Role.VIEWER)
    return grants.finish("acme", {"state": state, "code": provider.consent_by("seller-1")}, BROWSER, alice)


def _other_integration(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("globe", {"state": state, "code": provider.consent_by("evil")}, BROWSER, alice)


def _expired(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    with acting_for(attempt.merchant_id):
        GrantAttempt.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    return grants.finish("acme", {"state": state, "code": provider.consent_by("seller-1")}, BROWSER, alice)


def _declined(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state, "error": "access_denied"}, BROWSER, alice)


def _provider_error(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state, "error": "invalid_scope"}, BROWSER, alice)


def _no_code(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.finish("acme", {"state": state}, BROWSER, alice)


def _declined_without_a_word(provider: Provider, attempt: GrantAttempt, state: str, alice: User, charlie: User) -> GrantAttempt:
    return grants.declined("acme", {}, BROWSER, alice)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (_unknown_state, "unknown_state"),
        (_no_state, "unknown_state"),
        (_other_browser, "other_browser"),
        (_other_person, "other_person"),
        (_nobody, "other_person"),
        (_role_lost, "other_person"),
        (_other_integration, "other_integration"),
        (_expired, "expired"),
        (_declined, "declined"),
        (_provider_error, "provider_error"),
        (_no_code, "no_code"),
        (_declined_without_a_word, "declined"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else None,
)
def test_an_answer_that_does_not_belong_connects_nothing(
    merchant: Merchant, alice: User, charlie: User, provider: Provider, connect: Connect, answer: Answer, cause: str
) -> None:
    connect(merchant, "seller-of-before")
    attempt, state = _start(merchant, alice, cart=_cart(merchant))
    before, asked = _everything(), len(provider.asked)
    try:
        found = answer(provider, attempt, state, alice, charlie).failure
    except grants.Refused as refused:
        found = refused.cause
    assert found == cause
    assert _everything() == before
    assert len(provider.asked) == asked, "nobody was asked for a token"
    with acting_for(merchant):
        told = Event.objects.filter(about="grantattempt").values_list("data__cause", flat=True)
        assert list(told) == ([cause] if cause != "unknown_state" else [])


def test_an_answer_counts_once(merchant: Merchant, alice: User, provider: Provider) -> None:
    _attempt, state = _start(merchant, alice)
    grants.finish("acme", {"state": state, "code": provider.consent_by("seller-1")}, BROWSER, alice)
    before, asked = _everything(), len(provider.asked)
    with pytest.raises(grants.Refused, match=r"was used before\. seller-1 Ltd is connected\."):
        grants.finish("acme", {"state": state, "code": provider.consent_by("evil")}, BROWSER, alice)
    assert _everything() == before
    assert len(provider.asked) == asked


def test_a_code_that_the_provider_does_not_know_fails_with_its_words(merchant: Merchant, alice: User, provider: Provider) -> None:
    _attempt, state = _start(merchant, alice)
    attempt = grants.finish("acme", {"state": state, "code": "made up"}, BROWSER, alice)
    assert (attempt.state, attempt.failure) == ("failed", "not_accepted")
    assert "Press Grant Us API Access again" in attempt.words


@pytest.mark.parametrize(
    ("answer", "cause"),
    [((503, {"error": "server_error"}), "provider_away"), ((401, {"error": "invalid_client"}), "application")],
)
def test_a_provider_that_gives_no_tokens_connects_nothing(
    merchant: Merchant, alice: User, provider: Provider, answer: tuple[int, dict[str, Any]], cause: str
) -> None:
    _attempt, state = _start(merchant, alice)
    provider.token_trouble = answer
    attempt = grants.finish("acme", {"state": state, "code": provider.consent_by("seller-1")}, BROWSER, alice)
    assert (attempt.state, attempt.failure) == ("failed", cause)
    with acting_for(merchant):
        assert Connection.objects.count() == 0


# ---------------------------------------------------------------------------------------------------------- whose account it is


def test_a_reconnect_with_another_account_changes_nothing_and_names_both(
    merchant: Merchant, alice: User, provider: Provider, connect: Connect
) -> None:
    connection = connect(merchant, "seller-1")
    before = _everything()
    attempt = _grant(provider, merchant, alice, "seller-2", renews=connection)
    assert (attempt.state, attempt.failure, attempt.account_name) == ("asked", "wrong_account", "seller-2 Ltd")
    assert "as seller-2 Ltd, but this connection is for seller-1 Ltd" in attempt.words
    assert _everything() == before


def test_the_wrong_account_keeps_working_where_the_merchant_has_it_too(
    merchant: Merchant, alice: User, provider: Provider, connect: Connect
) -> None:
    provider.rotates = True
    use(provider)
    first, second = connect(merchant, "seller-1"), connect(merchant, "seller-2")
    assert _grant(provider, merchant, alice, "seller-2", renews=first).failure == "wrong_account"
    token = access_token(second.pk, merchant.pk)
    assert provider.access_tokens[access_token(second.pk, merchant.pk, instead_of=token)] == "seller-2"


def test_an_account_whose_orders_another_merchant_pulls_is_refused_without_naming_it(
    merchant: Merchant, other_merchant: Merchant, alice: User, charlie: User, provider: Provider
) -> None:
    _grant(provider, other_merchant, charlie, cart=_cart(other_merchant))
    cart = _cart(merchant)
    before = _everything()
    attempt = _grant(provider, merchant, alice, cart=cart)
    assert (attempt.state, attempt.failure) == ("failed", "claimed")
    assert "already connected elsewhere" in attempt.words
    assert other_merchant.name not in attempt.words
    assert _everything() == before
    with acting_for(merchant):
        assert GrantAttempt.objects.get(pk=attempt.pk).sealed_tokens is None


def test_an_account_is_free_again_when_it_was_disconnected_elsewhere(
    merchant: Merchant, other_merchant: Merchant, alice: User, charlie: User, provider: Provider
) -> None:
    theirs = _grant(provider, other_merchant, charlie, cart=_cart(other_merchant))
    with acting_for(other_merchant):
        connection = Connection.objects.get(pk=theirs.connection_id)
        disconnect(connection, actor="charlie@example.com")
    assert _grant(provider, merchant, alice, cart=_cart(merchant)).state == "done"
    back = _grant(provider, other_merchant, charlie, renews=connection)
    assert back.failure == "claimed", "meanwhile it is ours"


def test_two_merchants_may_deliver_into_one_warehouse_account(
    merchant: Merchant, other_merchant: Merchant, alice: User, charlie: User, provider: Provider
) -> None:
    for each, user in ((merchant, alice), (other_merchant, charlie)):
        assert _grant(provider, each, user, warehouse=_warehouse(each)).state == "done"
    assert AccountClaim.objects.count() == 0


def test_a_claim_is_of_one_environment_and_one_integration(merchant: Merchant, connect: Connect) -> None:
    connection = connect(merchant)
    claims.claim(connection)
    other = Connection(merchant=merchant, pk=99, integration="acme", environment="simulator", account_id="seller-1")
    assert claims.claimed_by_other(other)
    for column, value in (("environment", "sandbox"), ("integration", "globe"), ("account_id", "seller-2")):
        elsewhere = copy(other)
        setattr(elsewhere, column, value)
        assert not claims.claimed_by_other(elsewhere), column


# --------------------------------------------------------------------------------------------------------------------- secrets


def test_no_token_and_no_account_stands_in_the_database_in_the_clear(
    merchant: Merchant, alice: User, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    provider.account_trouble = (503, {"error": "away"})
    waiting = _grant(provider, merchant, alice, "seller-2", cart=_cart(merchant))
    provider.account_trouble = None
    done = _grant(provider, merchant, alice, cart=_cart(merchant))
    access_token(done.connection_id or 0, merchant.pk, instead_of=access_token(done.connection_id or 0, merchant.pk))
    assert (waiting.state, done.state, len(provider.secrets)) == ("exchanged", "done", 5)
    dump = _dump()
    assert "seller-1 Ltd" in dump, "the dump holds what is no secret"
    for secret in [*provider.secrets, "acme-secret-of-ours"]:
        for spelt in (secret, secret.encode().hex()):
            assert spelt not in dump
            assert spelt not in caplog.text
            assert spelt not in repr(waiting) + repr(done)


def _dump() -> str:
    """Every row of every table, binary columns as hex."""
    with across_merchants("a test reads everything"), database.cursor() as cursor:
        rows = []
        cursor.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind = 'r' AND has_table_privilege(c.oid, 'SELECT')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            rows += [row[0] for row in cursor.fetchall()]
    return "\n".join(rows)
