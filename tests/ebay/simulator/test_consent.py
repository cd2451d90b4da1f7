from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.ebay.simulator.conftest import ALICE, CHARLIE, SCOPE, Here


def authorize(here: Here, **changes: str) -> TestResponse:
    asked = {
        "client_id": here.world.settings["client_id"],
        "redirect_uri": here.world.settings["runame"],
        "response_type": "code",
        "scope": f"{SCOPE} {SCOPE}/sell.fulfillment",
        "state": "s-1",
        **changes,
    }
    return here.client.get("/oauth2/authorize", query_string=asked, follow_redirects=True)


def request_id(page: TestResponse) -> str:
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def sign_in(here: Here, page: TestResponse, username: str = ALICE, password: str = "pw-alice") -> TestResponse:
    form = {"request": request_id(page), "username": username, "password": password}
    return here.client.post("/signin", data=form, follow_redirects=True)


def decide(here: Here, page: TestResponse, decision: str) -> tuple[str, dict[str, list[str]]]:
    answer = here.client.post("/oauth2/consents", data={"request": request_id(page), "decision": decision})
    assert answer.status_code == 302
    address = urlsplit(answer.headers["Location"])
    return address._replace(query="").geturl(), parse_qs(address.query)


@pytest.mark.parametrize(
    ("changes", "sample"),
    [
        ({"redirect_uri": "Unknown-RuName"}, "authorize_page_400"),
        ({"response_type": "token"}, "authorize_page_400"),
        ({"redirect_uri": "https://portal.example/back"}, "authorize_page_500_url_instead_of_RuName"),
    ],
)
def test_a_wrong_request_is_json_in_the_browser(here: Here, errors: Any, changes: dict[str, str], sample: str) -> None:
    answer = authorize(here, **changes)
    assert (answer.status_code, answer.json) == (errors[sample]["status"], errors[sample]["body"])


def test_an_unknown_scope_is_refused(here: Here) -> None:
    answer = authorize(here, scope=f"{SCOPE}/sell.everything")
    assert (answer.status_code, answer.json) == (400, {"error_id": "invalid_scope", "http_status_code": 400})


def test_an_unknown_client_is_refused(here: Here) -> None:
    answer = authorize(here, client_id="somebody")
    assert answer.json is not None
    assert (answer.status_code, answer.json["error_id"]) == (400, "unauthorized_client")


def test_alice_signs_in_agrees_and_is_sent_back_with_a_code(here: Here) -> None:
    consent = sign_in(here, authorize(here))
    assert ALICE in consent.text
    address, query = decide(here, consent, "accept")
    assert address == here.world.settings["accepted_url"]
    assert query["state"] == ["s-1"]
    assert query["expires_in"] == ["299"]
    assert here.world.grants.exchange(query["code"][0])["token_type"] == "User Access Token"


def test_alice_declines_and_no_code_is_made(here: Here) -> None:
    address, query = decide(here, sign_in(here, authorize(here)), "decline")
    assert address == here.world.settings["declined_url"]
    assert "code" not in query


def test_the_declined_address_may_come_without_a_word(here: Here) -> None:
    here.set(declined_query=False)
    assert decide(here, sign_in(here, authorize(here)), "decline") == (here.world.settings["declined_url"], {})


def test_a_wrong_password_is_asked_for_again(here: Here) -> None:
    page = sign_in(here, authorize(here), password="guessed")
    assert page.status_code == 401
    assert "Agree and Continue" not in page.text


def test_who_is_signed_in_is_not_asked_again_and_consents_as_that_member(here: Here) -> None:
    """The trap: a browser signed in to the wrong member authorises that one."""
    here.control("sellers", username=CHARLIE, password="pw-charlie")
    sign_in(here, authorize(here), CHARLIE, "pw-charlie")
    assert f'<strong id="member">{CHARLIE}</strong>' in authorize(here).text


def test_prompt_login_asks_even_who_is_signed_in(here: Here) -> None:
    sign_in(here, authorize(here))
    assert "Sign in to eBay" in authorize(here, prompt="login").text


def test_a_consent_cannot_be_given_twice(here: Here) -> None:
    consent = sign_in(here, authorize(here))
    decide(here, consent, "accept")
    again = here.client.post("/oauth2/consents", data={"request": request_id(consent), "decision": "accept"})
    assert again.status_code == 400


def test_consent_needs_a_session(here: Here) -> None:
    consent = sign_in(here, authorize(here))
    stranger = here.app.test_client()
    answer = stranger.post("/oauth2/consents", data={"request": request_id(consent), "decision": "accept"})
    assert answer.status_code == 400


def test_you_have_signed_out_forgets_what_was_asked_for_and_the_next_visit_goes_on(here: Here) -> None:
    sign_in(here, authorize(here))
    here.set(signed_out=1)
    page = authorize(here)
    assert "You have signed out of eBay." in page.text
    assert 'name="request"' not in page.text
    assert "Sign in to eBay" in authorize(here).text


def test_you_have_signed_out_may_come_with_every_prompt(here: Here) -> None:
    here.set(signed_out_with_prompt=True)
    assert "You have signed out of eBay." in authorize(here, prompt="login").text
    assert "You have signed out of eBay." in authorize(here, prompt="login").text
    assert "Sign in to eBay" in authorize(here).text


@pytest.mark.parametrize("settings", [{"dead_end": True}, {"accepted_url": ""}])
def test_the_dead_end_shows_the_code_to_nobody_but_the_address_bar(here: Here, settings: dict[str, Any]) -> None:
    here.set(**settings)
    address, query = decide(here, sign_in(here, authorize(here)), "accept")
    assert address == "/oauth2/ThirdPartyAuthSucessFailure"
    assert query["isAuthSuccessful"] == ["true"]
    assert here.world.grants.exchange(query["code"][0])["access_token"]
    assert "safe to close" in here.client.get(address).text


def test_pages_can_cut_the_tie_to_their_opener(here: Here) -> None:
    assert "Cross-Origin-Opener-Policy" not in authorize(here).headers
    here.set(coop=True)
    assert authorize(here).headers["Cross-Origin-Opener-Policy"] == "same-origin"
