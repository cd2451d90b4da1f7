from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from .conftest import ALICE, CHARLIE, Shop

BACK = "https://portal.example/back"
APPLICATION = {"client_id": "cartrover-client-id", "client_secret": "cartrover-client-secret", "redirect_uri": BACK}
ASK = f"/oauth/authorize?response_type=code&client_id=cartrover-client-id&redirect_uri={BACK}&state=s1"
REFUSED = {
    "error": "invalid_request",
    "error_description": "The request is missing a required parameter, includes an unsupported parameter value, or is otherwise "
    "malformed.",
}


def log_in(shop: Shop, email: str = ALICE, password: str = "secret") -> TestResponse:
    return shop.browser.post("/login", data={"email": email, "password": password, "return_to": ASK})


def decide(shop: Shop, decision: str) -> dict[str, list[str]]:
    answer = shop.browser.post(ASK, data={"decision": decision})
    assert answer.status_code == 302
    assert answer.location.startswith(BACK)
    return parse_qs(urlsplit(answer.location).query)


def a_code(shop: Shop) -> str:
    log_in(shop)
    return decide(shop, "accept")["code"][0]


def exchange(shop: Shop, **given: str) -> TestResponse:
    return shop.browser.post("/oauth/token", json={**APPLICATION, **given})


def tokens(shop: Shop) -> Any:
    return exchange(shop, grant_type="authorization_code", code=a_code(shop)).json


def refresh(shop: Shop, token: str) -> TestResponse:
    return exchange(shop, grant_type="refresh_token", refresh_token=token)


def works(shop: Shop, access_token: str) -> bool:
    answer = shop.browser.get("/users/current", headers={"Authorization": f"Bearer {access_token}"})
    return answer.status_code == 200


def test_a_browser_is_led_through_log_in_and_consent_back_with_code_and_state(shop: Shop) -> None:
    asked = shop.browser.get(ASK)
    assert asked.status_code == 302
    assert asked.location.startswith("/login")
    assert log_in(shop).location == ASK
    assert "Authorize CartRover?" in shop.browser.get(ASK).text
    back = decide(shop, "accept")
    assert back["state"] == ["s1"]
    assert back["code"]


def test_a_session_has_a_cookie_of_its_own_name(shop: Shop) -> None:
    assert "tradegecko_sim_session=" in log_in(shop).headers["Set-Cookie"]


def test_a_wrong_password_is_told(shop: Shop) -> None:
    answer = log_in(shop, password="wrong")
    assert answer.status_code == 401
    assert "Invalid email or password." in answer.text


def test_denial_comes_back_as_access_denied(shop: Shop) -> None:
    log_in(shop)
    assert decide(shop, "decline")["error"] == ["access_denied"]


@pytest.mark.parametrize("changed", ["client_id=nobody", "redirect_uri=https://evil.example/", "response_type=token"])
def test_a_bad_request_never_sends_the_browser_anywhere(shop: Shop, changed: str) -> None:
    shop.control("PATCH", "settings", {"redirect_uris": [BACK]})
    name = changed.partition("=")[0]
    query = "&".join(part for part in ASK.partition("?")[2].split("&") if not part.startswith(name))
    answer = shop.browser.get(f"/oauth/authorize?{query}&{changed}")
    assert answer.status_code == 401
    assert "Location" not in answer.headers


def test_log_in_leads_to_no_other_host(shop: Shop) -> None:
    answer = shop.browser.post("/login", data={"email": ALICE, "password": "secret", "return_to": "//evil.example/"})
    assert answer.location == "/"


def test_a_code_gives_tokens_of_the_documented_shape(shop: Shop) -> None:
    given = tokens(shop)
    assert {name: given[name] for name in ("expires_in", "scope", "token_type")} == {
        "expires_in": 7200,
        "scope": "public",
        "token_type": "bearer",
    }
    assert works(shop, given["access_token"])


def test_a_code_works_once(shop: Shop) -> None:
    code = a_code(shop)
    assert exchange(shop, grant_type="authorization_code", code=code).status_code == 200
    again = exchange(shop, grant_type="authorization_code", code=code)
    assert (again.status_code, again.json) == (401, REFUSED)


def test_a_code_works_for_its_own_address_only(shop: Shop) -> None:
    answer = exchange(shop, grant_type="authorization_code", code=a_code(shop), redirect_uri="https://other.example/")
    assert (answer.status_code, answer.json) == (401, REFUSED)


def test_a_code_expires(shop: Shop) -> None:
    code = a_code(shop)
    shop.control("POST", "clock", {"skew": 601})
    assert exchange(shop, grant_type="authorization_code", code=code).status_code == 401


def test_a_form_body_and_basic_credentials_do_as_well(shop: Shop) -> None:
    basic = b64encode(b"cartrover-client-id:cartrover-client-secret").decode()
    answer = shop.browser.post(
        "/oauth/token",
        data={"grant_type": "authorization_code", "code": a_code(shop), "redirect_uri": BACK},
        headers={"Authorization": f"Basic {basic}"},
    )
    assert answer.status_code == 200


def test_a_wrong_secret_is_refused(shop: Shop) -> None:
    answer = exchange(shop, grant_type="authorization_code", code=a_code(shop), client_secret="wrong")
    assert answer.status_code == 401


def test_an_access_token_expires(shop: Shop) -> None:
    token = tokens(shop)["access_token"]
    shop.control("POST", "clock", {"skew": 7199})
    assert works(shop, token)
    shop.control("POST", "clock", {"skew": 7201})
    assert not works(shop, token)


def test_refresh_rotates_the_refresh_token(shop: Shop) -> None:
    first = tokens(shop)
    second: Any = refresh(shop, first["refresh_token"]).json
    assert second["refresh_token"] != first["refresh_token"]
    assert works(shop, second["access_token"])
    assert works(shop, first["access_token"]), "the old access token lives out its time"
    again = refresh(shop, first["refresh_token"])
    assert (again.status_code, again.json) == (401, REFUSED)
    assert refresh(shop, second["refresh_token"]).status_code == 200


def test_a_used_refresh_token_may_have_a_grace(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"refresh_grace_seconds": 30})
    first = tokens(shop)
    refresh(shop, first["refresh_token"])
    assert refresh(shop, first["refresh_token"]).status_code == 200
    assert shop.control("GET", "ledger")["duplicates"] == {"token_refreshed": 1}
    shop.control("POST", "clock", {"skew": 31})
    assert refresh(shop, first["refresh_token"]).status_code == 401


def test_the_old_access_token_may_die_with_a_refresh(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"old_access_token": "dies"})
    first = tokens(shop)
    refresh(shop, first["refresh_token"])
    assert not works(shop, first["access_token"])


def test_a_second_consent_of_the_same_user_supersedes_the_first(shop: Shop) -> None:
    first, second = tokens(shop), tokens(shop)
    assert works(shop, first["access_token"]), "until it expires"
    assert refresh(shop, first["refresh_token"]).status_code == 401
    assert refresh(shop, second["refresh_token"]).status_code == 200


def test_a_consent_of_another_user_supersedes_nothing(shop: Shop, others_shop: Shop) -> None:
    first = tokens(shop)
    shop.control("POST", "grant", {"email": CHARLIE})
    assert refresh(shop, first["refresh_token"]).status_code == 200


def test_a_revoked_grant_is_dead_at_once(shop: Shop) -> None:
    given = tokens(shop)
    shop.control("POST", "revoke", {"email": ALICE})
    assert not works(shop, given["access_token"])
    assert refresh(shop, given["refresh_token"]).status_code == 401


def test_a_privileged_token_never_expires(shop: Shop) -> None:
    token = shop.control("POST", "grant", {"email": ALICE, "privileged": True})["access_token"]
    shop.control("POST", "clock", {"skew": 400 * 86400})
    assert works(shop, token)


def test_every_token_is_in_the_ledger_but_its_value_is_not(shop: Shop) -> None:
    given = tokens(shop)
    refresh(shop, given["refresh_token"])
    ledger = shop.control("GET", "ledger")
    assert [entry["kind"] for entry in ledger["entries"]] == ["token_minted", "token_minted", "token_refreshed"]
    assert given["refresh_token"] not in str(ledger)


def test_consent_can_play_a_page_that_cuts_its_opener_off(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"coop": True})
    log_in(shop)
    assert shop.browser.get(ASK).headers["Cross-Origin-Opener-Policy"] == "same-origin"
