"""The grant of an account, with refresh tokens that rotate, and what is remembered of the account."""

from __future__ import annotations

import dataclasses

import pytest

from integrations.oauth2 import exchange, refresh
from integrations.outcomes import NeedsMerchant, NeedsOperator, RetryLater
from integrations.tradegecko.application import account_facts
from tests.tradegecko.scene import Scene
from tests.tradegecko.simulator.running import Gecko


def test_an_account_is_known_by_its_id_and_its_facts_are_plain_json(scene: Scene) -> None:
    scene.wire.permitted.clear()
    account = scene.made.account_of(scene.wire)
    assert (account.external_id, account.name) == (str(scene.account_id), "Alice Outdoor")
    assert account.user_id == str(scene.account["user_ids"][0])
    assert account.facts["time_zone"] == "Pacific/Auckland"
    assert account.facts["currencies"] == ["EUR", "USD"]
    assert account.facts["currency_ids"] == {str(number): iso for iso, number in scene.account["currency_ids"].items()}
    labels = dict(zip(map(str, scene.account["location_ids"]), ["Main", "Overflow"], strict=True))
    assert {one["id"]: one["label"] for one in account.facts["locations"]} == labels
    assert {one["status"] for one in account.facts["locations"]} == {"active"}
    assert account.facts["default_currency"] == "USD"
    assert len(scene.wire.permitted) == 4


def test_an_old_accounts_tax_treatment_has_another_name() -> None:
    facts = account_facts({"id": 1, "default_tax_type": "exclusive"}, {}, [], [])
    assert (facts["default_tax_treatment"], facts["time_zone"], facts["permissions"]) == ("exclusive", "", [])


def test_each_refresh_replaces_the_refresh_token_and_the_old_one_ends(scene: Scene) -> None:
    first = scene.gecko.grant(scene.email)["refresh_token"]
    second = refresh(scene.made.granted(), first)
    assert second.refresh not in (None, first)
    with pytest.raises(NeedsMerchant) as ended:
        refresh(scene.made.granted(), first)
    assert (ended.value.fix, ended.value.scope) == ("reconnect", "connection")


def test_a_code_that_is_not_known_asks_to_grant_again(scene: Scene) -> None:
    with pytest.raises(NeedsMerchant) as refused:
        exchange(scene.made.granted(), "no-such-code")
    assert refused.value.fix == "grant"


def test_a_refresh_that_nobody_answers_keeps_the_grant(scene: Scene) -> None:
    token = scene.gecko.grant(scene.email)["refresh_token"]
    scene.gecko.fault("status", path="^/oauth/token$", status=500)
    with pytest.raises(RetryLater):
        refresh(scene.made.granted(), token)
    assert refresh(scene.made.granted(), token).access


def test_a_token_that_was_refused_is_renewed_once_and_the_call_goes_on(scene: Scene) -> None:
    scene.wire.renew = lambda: str(scene.gecko.grant(scene.email)["access_token"])
    scene.wire.access = "stale"
    assert scene.made.account_of(scene.wire).name == "Alice Outdoor"
    assert scene.wire.refused == ["stale"]


def test_a_grant_that_ended_asks_to_reconnect(scene: Scene) -> None:
    scene.gecko.control("POST", "revoke", {"email": scene.email})
    with pytest.raises(NeedsMerchant) as ended:
        scene.warehouse().item("MUG-1")
    assert (ended.value.fix, ended.value.scope) == ("reconnect", "connection")


def test_a_lapsed_subscription_is_the_merchants_to_renew(scene: Scene) -> None:
    scene.gecko.set(lapsed_accounts=[scene.account_id])
    with pytest.raises(NeedsMerchant) as lapsed:
        scene.warehouse().item("MUG-1")
    assert lapsed.value.fix == "subscription"


def test_a_user_who_may_not_is_named_as_the_reason(gecko: Gecko) -> None:
    users = [{"email": "reader@example.com", "permissions": ["read_reports"]}]
    scene = Scene.set_up(gecko, "reader@example.com", users=users)
    with pytest.raises(NeedsMerchant) as forbidden:
        scene.delivery()
    assert (forbidden.value.fix, forbidden.value.scope) == ("permission", "connection")


def test_an_application_that_is_not_known_is_the_operators(scene: Scene) -> None:
    stranger = dataclasses.replace(scene.made.granted(), client_secret="wrong")
    with pytest.raises(NeedsOperator) as refused:
        refresh(stranger, scene.gecko.grant(scene.email)["refresh_token"])
    assert "wrong" not in refused.value.detail
