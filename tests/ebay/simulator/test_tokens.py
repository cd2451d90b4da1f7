from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from tests.ebay.simulator.conftest import ALICE, SCOPE, Here, error_ids

TOKEN = "/identity/v1/oauth2/token"


def ask(here: Here, secret: str | None = None, **form: str) -> TestResponse:
    pair = f"{here.world.settings['client_id']}:{secret or here.world.settings['client_secret']}"
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    return here.client.post(TOKEN, data=form, headers=headers)


def exchange(here: Here, code: str, **form: str) -> TestResponse:
    asked = {"grant_type": "authorization_code", "redirect_uri": here.world.settings["runame"], "code": code, **form}
    return ask(here, **asked)


def code_for(here: Here) -> str:
    return here.world.grants.code(ALICE, [SCOPE, f"{SCOPE}/sell.fulfillment"])


def test_a_code_becomes_tokens_in_the_shape_ebay_sends(here: Here, contracts: Any) -> None:
    import json

    sample = json.loads((contracts / "samples" / "oauth_success.json").read_text())["authorization_code"]
    told = exchange(here, code_for(here)).json
    assert told is not None
    assert told.keys() == sample.keys()
    for name in ("expires_in", "refresh_token_expires_in", "token_type"):
        assert told[name] == sample[name]


def test_a_code_works_once(here: Here, errors: Any) -> None:
    code = code_for(here)
    assert exchange(here, code).status_code == 200
    again = exchange(here, code)
    assert (again.status_code, again.json) == (400, errors["oauth_400_bad_code"]["body"])


def test_a_code_encoded_twice_is_no_code(here: Here, errors: Any) -> None:
    assert exchange(here, quote(code_for(here))).json == errors["oauth_400_bad_code"]["body"]


def test_a_code_dies_after_299_seconds(here: Here, errors: Any) -> None:
    code = code_for(here)
    here.world.clock.skew = 300
    assert exchange(here, code).json == errors["oauth_400_bad_code"]["body"]


def test_a_code_for_another_runame_is_refused(here: Here, errors: Any) -> None:
    assert exchange(here, code_for(here), redirect_uri="Another-RuName").json == errors["oauth_400_bad_code"]["body"]


def test_refreshing_leaves_the_refresh_token_as_it_is(here: Here) -> None:
    refresh_token = here.grant(ALICE)["refresh_token"]
    first = ask(here, grant_type="refresh_token", refresh_token=refresh_token)
    second = ask(here, grant_type="refresh_token", refresh_token=refresh_token)
    assert first.json is not None
    assert second.json is not None
    assert first.json.keys() == {"access_token", "expires_in", "token_type"}
    assert first.json["access_token"] != second.json["access_token"]
    assert len(here.ledger("token_refreshed")) == 2


def test_a_refresh_token_dies_after_eighteen_months_however_often_it_is_used(here: Here, errors: Any) -> None:
    refresh_token = here.grant(ALICE)["refresh_token"]
    here.world.clock.skew = 47_000_000
    assert ask(here, grant_type="refresh_token", refresh_token=refresh_token).status_code == 200
    here.world.clock.skew = 47_304_100
    dead = ask(here, grant_type="refresh_token", refresh_token=refresh_token)
    assert (dead.status_code, dead.json) == (400, errors["oauth_400_refresh_dead"]["body"])


@pytest.mark.parametrize("reason", ["REVOKED_BY_USER", "REVOKED_BY_EBAY", "PASSWORD_CHANGE"])
def test_a_revoked_grant_refreshes_no_more_and_its_access_token_is_dead(here: Here, errors: Any, reason: str) -> None:
    refresh_token = here.grant(ALICE)["refresh_token"]
    here.control("revoke", username=ALICE, reason=reason)
    dead = ask(here, grant_type="refresh_token", refresh_token=refresh_token)
    assert dead.json == errors["oauth_400_refresh_dead"]["body"]
    assert here.orders().json == errors["401_invalid_token"]["body"]


def test_a_changed_password_ends_every_grant(here: Here) -> None:
    here.control("sellers", username=ALICE, password="another")
    assert here.orders().status_code == 401


def test_the_application_can_revoke_its_own_token(here: Here) -> None:
    refresh_token = here.grant(ALICE)["refresh_token"]
    pair = f"{here.world.settings['client_id']}:{here.world.settings['client_secret']}"
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    done = here.client.post(f"{TOKEN}/revoke", data={"token": refresh_token}, headers=headers)
    assert (done.status_code, done.data) == (200, b"")
    assert ask(here, grant_type="refresh_token", refresh_token=refresh_token).status_code == 400


def test_a_wider_scope_than_was_consented_to_is_refused(here: Here, errors: Any) -> None:
    refresh_token = here.grant(ALICE, SCOPE)["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": f"{SCOPE}/sell.inventory"}
    wider = ask(here, **asked)
    assert (wider.status_code, wider.json) == (400, errors["oauth_400_scope"]["body"])


def test_a_wrong_secret_is_not_our_client(here: Here, errors: Any) -> None:
    wrong = ask(here, secret="guessed", grant_type="client_credentials", scope=SCOPE)
    assert (wrong.status_code, wrong.json) == (401, errors["oauth_401_client"]["body"])


def test_an_application_token_reads_limits_but_no_orders(here: Here, errors: Any) -> None:
    told = ask(here, grant_type="client_credentials", scope=SCOPE).json
    assert told is not None
    assert told["token_type"] == "Application Access Token"
    assert here.get("/developer/analytics/v1_beta/rate_limit/", told["access_token"]).status_code == 200
    assert here.get("/sell/fulfillment/v1/order", told["access_token"]).json == errors["403_scope"]["body"]


def test_minting_has_a_daily_limit_in_the_rest_shape(here: Here, errors: Any) -> None:
    here.set(limit_refresh_token=1)
    refresh_token = here.grant(ALICE)["refresh_token"]
    assert ask(here, grant_type="refresh_token", refresh_token=refresh_token).status_code == 200
    spent = ask(here, grant_type="refresh_token", refresh_token=refresh_token)
    assert (spent.status_code, spent.json) == (429, errors["429_quota"]["body"])


@pytest.mark.parametrize(
    ("form", "error"),
    [({"grant_type": "password"}, "unsupported_grant_type"), ({"grant_type": "refresh_token"}, "invalid_request")],
)
def test_what_the_endpoint_does_not_understand_is_said_in_its_own_words(here: Here, form: dict[str, str], error: str) -> None:
    answer = ask(here, **form)
    assert answer.json is not None
    assert (answer.status_code, answer.json["error"]) == (400, error)


def test_an_expired_access_token_is_1001(here: Here, errors: Any) -> None:
    here.world.clock.skew = 7201
    answer = here.orders()
    assert (answer.status_code, answer.json) == (401, errors["401_invalid_token"]["body"])


def test_without_a_token_it_is_1002(here: Here) -> None:
    answer = here.client.get("/sell/fulfillment/v1/order")
    assert (answer.status_code, error_ids(answer)) == (401, [1002])


def test_each_api_wants_its_own_scope(here: Here, errors: Any) -> None:
    token = here.grant(ALICE, SCOPE, f"{SCOPE}/sell.fulfillment")["access_token"]
    assert here.get("/sell/fulfillment/v1/order", token).status_code == 200
    assert here.get("/sell/inventory/v1/inventory_item", token).json == errors["403_scope"]["body"]
    assert here.get("/commerce/identity/v1/user/", token, "apiz").json == errors["403_scope"]["body"]


def test_reading_scopes_do_not_write(here: Here) -> None:
    order = here.order()
    token = here.grant(ALICE, f"{SCOPE}/sell.fulfillment.readonly")["access_token"]
    path = f"/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment"
    assert here.get(path, token).status_code == 200
    assert here.post(path, token, json={}).status_code == 403


def test_the_days_calls_run_out(here: Here, errors: Any) -> None:
    here.set(limit_order=2)
    assert [here.orders().status_code for _ in range(3)] == [200, 200, 429]
    assert here.orders().json == errors["429_quota"]["body"]
    here.world.clock.skew = 86_400
    here.token = here.grant(ALICE)["access_token"]
    assert here.orders().status_code == 200


def test_the_other_host_answers_404_and_not_a_byte(here: Here, errors: Any) -> None:
    for path, door in (
        ("/commerce/identity/v1/user/", "api"),
        ("/commerce/identity/v1/user", "apiz"),
        ("/sell/fulfillment/v1/order", "apiz"),
        ("/sell/finances/v1/payout", "api"),
    ):
        answer = here.get(path, door=door)
        assert (answer.status_code, answer.text) == (404, errors["wrong_host"]["body"]), path


def test_answers_carry_a_request_id_and_the_time_of_the_stand_in(here: Here) -> None:
    here.world.clock.skew = -600
    answer = here.orders()
    assert answer.headers["rlogid"]
    assert answer.headers["x-ebay-request-id"]
    assert answer.date is not None
    assert abs((here.world.clock.now() - answer.date).total_seconds()) < 5


def test_every_call_is_counted_even_a_refused_one(here: Here) -> None:
    here.orders()
    here.client.get("/sell/fulfillment/v1/order")
    assert here.client.get("/_control/calls").json == {"getOrders": 2}
