"""Tokens are minted once, kept before they are used, and never tried again once the owner has ended our access."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from cartrover.connections.credentials import access_token
from cartrover.connections.models import Connection, Credential
from cartrover.events.models import Event, Problem
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from integrations.outcomes import NeedsMerchant, NeedsOperator, RetryLater
from tests.conftest import make_merchant
from tests.connections.conftest import Connect, use
from tests.connections.provider import Provider

AWAY = (503, {"error": "server_error"})


def _state(merchant: Merchant, connection: Connection) -> str:
    with acting_for(merchant):
        connection.refresh_from_db()
        return connection.state


def _problems(merchant: Merchant) -> list[tuple[str, str, int | None]]:
    with acting_for(merchant):
        return list(Problem.objects.filter(closed_at=None).values_list("kind", "whose", "about_id"))


def test_a_valid_token_is_handed_out_without_a_call(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant)
    assert provider.access_tokens[access_token(connection.pk, merchant.pk)] == "seller-1"
    assert provider.minted["refresh"] == 0


def test_a_token_in_its_last_five_minutes_is_replaced(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=7200)
    with acting_for(merchant):
        Credential.objects.update(
            minted_at=timezone.now() - timedelta(seconds=6901), expires_at=timezone.now() + timedelta(seconds=299)
        )
    first = access_token(connection.pk, merchant.pk)
    assert provider.minted["refresh"] == 1
    assert access_token(connection.pk, merchant.pk) == first
    assert provider.minted["refresh"] == 1


def test_a_token_that_lives_for_a_minute_is_used_for_most_of_it(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=60)
    access_token(connection.pk, merchant.pk)
    assert provider.minted["refresh"] == 0


def test_a_refused_token_is_replaced_and_its_successor_is_not(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant)
    refused = access_token(connection.pk, merchant.pk)
    second = access_token(connection.pk, merchant.pk, instead_of=refused)
    assert second != refused
    assert access_token(connection.pk, merchant.pk, instead_of=refused) == second, "another worker heard the refusal later"
    assert provider.minted["refresh"] == 1


@pytest.mark.parametrize("rotates", [False, True], ids=["kept refresh token", "rotating refresh token"])
def test_twenty_racing_workers_mint_one_token(live: None, provider: Provider, connect: Connect, rotates: bool) -> None:
    provider.rotates = rotates
    provider.delay = 0.2
    use(provider)
    merchant = make_merchant()
    connection = connect(merchant, valid=0)
    together = Barrier(20)

    def worker(_number: int) -> str:
        try:
            together.wait()
            return access_token(connection.pk, merchant.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(worker, range(20)))
    assert len(tokens) == 1
    assert provider.minted["refresh"] == 1
    assert provider.access_tokens[tokens.pop()] == "seller-1"


def test_a_new_token_is_committed_before_it_is_used(live: None, provider: Provider, connect: Connect) -> None:
    merchant = make_merchant()
    connection = connect(merchant, valid=0)
    token = access_token(connection.pk, merchant.pk)
    connections.close_all()  # a worker that dies now takes nothing with it
    assert access_token(connection.pk, merchant.pk) == token
    assert provider.minted["refresh"] == 1


def test_inside_a_door_no_token_is_given_since_it_could_not_be_committed(merchant: Merchant, connect: Connect) -> None:
    connection = connect(merchant)
    with acting_for(merchant), pytest.raises(RuntimeError, match="outside every door"):
        access_token(connection.pk, merchant.pk)


def test_a_refresh_token_that_rotates_is_followed_for_ever(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    provider.rotates = True
    connection = connect(merchant)
    token = access_token(connection.pk, merchant.pk)
    for _turn in range(5):
        token = access_token(connection.pk, merchant.pk, instead_of=token)
    assert provider.minted["refresh"] == 5
    assert len({form["refresh_token"] for form in provider.asked if form["grant_type"] == "refresh_token"}) == 5


def test_a_refresh_token_that_does_not_rotate_is_kept(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant)
    token = access_token(connection.pk, merchant.pk)
    for _turn in range(3):
        token = access_token(connection.pk, merchant.pk, instead_of=token)
    assert len({form["refresh_token"] for form in provider.asked if form["grant_type"] == "refresh_token"}) == 1


def test_a_dead_grant_is_told_once_and_asked_no_more(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=0)
    provider.revoke("seller-1")
    calls = len(provider.asked)
    for _attempt in range(3):
        with pytest.raises(NeedsMerchant) as outcome:
            access_token(connection.pk, merchant.pk)
        assert (outcome.value.fix, outcome.value.scope) == ("reconnect", "connection")
    assert len(provider.asked) == calls + 1
    assert _state(merchant, connection) == "needs_attention"
    assert _problems(merchant) == [("reconnect", "merchant", connection.pk)]
    with acting_for(merchant):
        assert list(Event.objects.filter(about="connection").values_list("kind", flat=True)) == ["needs_attention"]


def test_a_provider_that_is_away_changes_nothing(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=0)
    with acting_for(merchant):
        before = Credential.objects.values().get()
    provider.token_trouble = AWAY
    with pytest.raises(RetryLater):
        access_token(connection.pk, merchant.pk)
    with acting_for(merchant):
        assert Credential.objects.values().get() == before
    assert (_state(merchant, connection), _problems(merchant)) == ("active", [])
    provider.token_trouble = None
    assert provider.access_tokens[access_token(connection.pk, merchant.pk)] == "seller-1"


def test_our_own_wrong_keys_are_the_operators_move(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=0)
    provider.token_trouble = (401, {"error": "invalid_client"})
    with pytest.raises(NeedsOperator):
        access_token(connection.pk, merchant.pk)
    assert _state(merchant, connection) == "active"
    assert _problems(merchant) == [("application", "operator", connection.pk)]
    provider.token_trouble = None
    access_token(connection.pk, merchant.pk)
    assert _problems(merchant) == []


def test_a_lost_key_asks_for_a_reconnect_instead_of_crashing(
    merchant: Merchant, provider: Provider, connect: Connect, settings: Settings
) -> None:
    connection = connect(merchant)
    settings.CREDENTIAL_KEYS = {"another": os.urandom(32)}
    calls = len(provider.asked)
    for _attempt in range(2):
        with pytest.raises(NeedsMerchant, match="Press Reconnect"):
            access_token(connection.pk, merchant.pk)
    assert len(provider.asked) == calls
    with acting_for(merchant):
        assert "which CREDENTIAL_KEYS does not hold" in Problem.objects.get().detail


def test_tokens_of_two_connections_that_were_swapped_open_neither(merchant: Merchant, connect: Connect) -> None:
    first, second = connect(merchant, "seller-1"), connect(merchant, "seller-2")
    with acting_for(merchant):
        one, two = (Credential.objects.get(connection=each) for each in (first, second))
        one.sealed_access, two.sealed_access = two.sealed_access, one.sealed_access
        one.sealed_refresh, two.sealed_refresh = two.sealed_refresh, one.sealed_refresh
        one.save()
        two.save()
    for each in (first, second):
        with pytest.raises(NeedsMerchant):
            access_token(each.pk, merchant.pk)


def test_another_merchants_connection_has_no_token_for_us(merchant: Merchant, other_merchant: Merchant, connect: Connect) -> None:
    theirs = connect(other_merchant)
    with pytest.raises(Connection.DoesNotExist):
        access_token(theirs.pk, merchant.pk)


def test_a_connection_of_another_environment_is_not_used(merchant: Merchant, provider: Provider, connect: Connect) -> None:
    connection = connect(merchant, valid=0)
    with acting_for(merchant):
        Connection.objects.update(environment="sandbox")
    calls = len(provider.asked)
    with pytest.raises(NeedsOperator, match="now uses simulator"):
        access_token(connection.pk, merchant.pk)
    assert len(provider.asked) == calls
