"""The grant, over real sockets: what is sent to a token endpoint, and what its answers mean."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations import http, oauth2
from integrations.oauth2 import Grant, Tokens, authorize_address, exchange, refresh
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater
from tests.raw_server import RawServer, Script, answer, closed_port, drip, raw_server, says

SECRETS = ("secret-of-the-application", "refresh-token-of-alice", "code-of-alice", "access-token-of-alice")
MINTED = {
    "access_token": "access-token-of-alice",
    "expires_in": 7200,
    "refresh_token": "v^1.1#i^1#new",
    "refresh_token_expires_in": 47304000,
    "token_type": "User Access Token",
}


def grant_at(url: str, *, basic_auth: bool = True, **more: Any) -> Grant:
    return Grant(
        provider="Acme",
        client_id="our-client-id",
        client_secret="secret-of-the-application",
        redirect_uri="Acme_Inc-Acme-RuName",
        authorize_url="https://auth.acme.example/authorize",
        token_url=f"{url}/token",
        basic_auth=basic_auth,
        **more,
    )


def minted(**changes: Any) -> bytes:
    return answer(json.dumps({**MINTED, **changes}))


def form(server: RawServer, number: int = 0) -> dict[str, str]:
    body = server.requests[number].partition(b"\r\n\r\n")[2].decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


# ------------------------------------------------------------------------------------------------------------- the consent page


def test_the_consent_page_is_asked_with_everything_the_provider_wants() -> None:
    grant = grant_at(
        "https://api.acme.example", scopes=("a/one", "b two"), authorize_extra={"prompt": "login", "locale": "de-DE"}
    )
    address = authorize_address(grant, "the-state")
    assert {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} == {
        "response_type": "code",
        "client_id": "our-client-id",
        "redirect_uri": "Acme_Inc-Acme-RuName",
        "scope": "a/one b two",
        "state": "the-state",
        "prompt": "login",
        "locale": "de-DE",
    }
    assert "+" not in address
    assert "%20" in address


def test_a_provider_without_scopes_is_asked_for_none() -> None:
    assert "scope" not in authorize_address(grant_at("https://api.acme.example"), "s")


def test_the_origin_is_what_a_content_security_policy_takes() -> None:
    assert grant_at("https://x.example").origin == "https://auth.acme.example"


# -------------------------------------------------------------------------------------------------------------- what is sent


def test_a_code_is_exchanged_with_the_secret_in_the_header() -> None:
    with raw_server(says(minted())) as server:
        before = datetime.now(UTC)
        tokens = exchange(grant_at(server.url), "v^1.1#code-of-alice")
        after = datetime.now(UTC)
        assert form(server) == {
            "grant_type": "authorization_code",
            "code": "v^1.1#code-of-alice",
            "redirect_uri": "Acme_Inc-Acme-RuName",
        }
        expected = base64.b64encode(b"our-client-id:secret-of-the-application")
        assert b"Authorization: Basic " + expected in server.requests[0]
        assert b"application/x-www-form-urlencoded" in server.requests[0]
    assert (tokens.access, tokens.refresh) == ("access-token-of-alice", "v^1.1#i^1#new")
    assert before + timedelta(seconds=7200) <= tokens.expires_at <= after + timedelta(seconds=7200)
    assert tokens.consent_ends_at is not None
    assert tokens.consent_ends_at - tokens.expires_at == timedelta(seconds=47304000 - 7200)


def test_a_code_is_exchanged_with_the_secret_in_the_body() -> None:
    with raw_server(says(minted())) as server:
        exchange(grant_at(server.url, basic_auth=False), "code-of-alice")
        assert form(server)["client_id"] == "our-client-id"
        assert form(server)["client_secret"] == "secret-of-the-application"
        assert b"Authorization:" not in server.requests[0]


@pytest.mark.parametrize("basic_auth", [True, False], ids=["secret in the header", "secret in the body"])
def test_a_refresh_sends_no_scope(basic_auth: bool) -> None:
    with raw_server(says(minted())) as server:
        grant = grant_at(server.url, basic_auth=basic_auth, scopes=("a", "b"), refresh_extra={"redirect_uri": "again"})
        refresh(grant, "refresh-token-of-alice#1")
        sent = form(server)
    assert sent.pop("grant_type") == "refresh_token"
    assert sent.pop("refresh_token") == "refresh-token-of-alice#1"
    assert sent.pop("redirect_uri") == "again"
    assert sent == ({} if basic_auth else {"client_id": "our-client-id", "client_secret": "secret-of-the-application"})


def test_a_new_refresh_token_is_handed_on() -> None:
    with raw_server(says(minted(refresh_token="rotated"))) as server:
        assert refresh(grant_at(server.url), "refresh-token-of-alice").refresh == "rotated"


def test_a_refresh_that_names_no_refresh_token_keeps_the_one_there_is() -> None:
    body = answer(json.dumps({"access_token": "a", "expires_in": 7200, "token_type": "User Access Token"}))
    with raw_server(says(body)) as server:
        tokens = refresh(grant_at(server.url), "refresh-token-of-alice")
    assert tokens.refresh in (None, "refresh-token-of-alice")
    assert tokens.consent_ends_at is None


@pytest.mark.parametrize("scope", ["other scopes", ["other", "scopes"]])
def test_scopes_that_differ_from_what_was_asked_do_no_harm(scope: object) -> None:
    with raw_server(says(minted(scope=scope))) as server:
        tokens = exchange(grant_at(server.url, scopes=("a", "b")), "code-of-alice")
    assert tokens.scope == "other scopes"


# ------------------------------------------------------------------------------------------------------------ what answers mean


def error(status: str, name: str) -> bytes:
    return answer(json.dumps({"error": name, "error_description": "in the words of eBay"}), status)


OURS = ["invalid_client", "unauthorized_client", "unsupported_grant_type"]


@pytest.mark.parametrize(("ask", "fix"), [(exchange, "grant"), (refresh, "reconnect")])
def test_a_grant_that_has_ended_is_the_merchants_move(ask: Callable[[Grant, str], Tokens], fix: str) -> None:
    with raw_server(says(error("400 Bad Request", "invalid_grant"))) as server, pytest.raises(NeedsMerchant) as caught:
        ask(grant_at(server.url), "code-of-alice")
    assert (caught.value.fix, caught.value.scope) == (fix, "connection")


def test_a_provider_may_call_a_dead_grant_by_other_names() -> None:
    dead = frozenset({"invalid_grant", "invalid_scope"})
    with raw_server(says(error("400 Bad Request", "invalid_scope"))) as server, pytest.raises(NeedsMerchant):
        refresh(grant_at(server.url, dead=dead), "refresh-token-of-alice")


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("ask", [exchange, refresh])
def test_wrong_keys_of_our_application_are_the_operators_move(ask: Callable[[Grant, str], Tokens], name: str) -> None:
    with raw_server(says(error("401 Unauthorized", name))) as server, pytest.raises(NeedsOperator):
        ask(grant_at(server.url), "code-of-alice")


def hangs_up(_connection: object, _request: bytes) -> None:
    return


NO_TOKEN: dict[str, Script] = {
    "an outage that calls itself a dead grant": says(error("500 Internal Server Error", "invalid_grant")),
    "too many calls, in the shape of the other API": says(answer('{"errors": [{"errorId": 2001}]}', "429 Too Many Requests")),
    "too many calls": says(error("429 Too Many Requests", "invalid_grant")),
    "an error of no known name": says(error("400 Bad Request", "something_new")),
    "a web page": says(answer("<html>sorry</html>", "503 Service Unavailable", "text/html")),
    "a web page under 200": says(answer("<html>sorry</html>", "200 OK", "text/html")),
    "a form": says(answer("access_token=a&expires_in=7200", "200 OK", "application/x-www-form-urlencoded")),
    "a list": says(answer("[1]")),
    "a number": says(answer("7")),
    "nothing": says(answer("", "200 OK", "")),
    "half of it": says(minted()[:-20]),
    "no JSON": says(answer('{"access_token": ')),
    "JSON too deep to read": says(answer("[" * 200_000)),
    "no token in it": says(answer('{"expires_in": 7200}')),
    "a token that is null": says(minted(access_token=None)),
    "a token that is a list": says(minted(access_token=["a"])),
    "a life that is no number": says(minted(expires_in="soon")),
    "a life that is a list": says(minted(expires_in=[1])),
    "a life beyond all time": says(minted(expires_in=10**30)),
    "a consent beyond all time": says(minted(refresh_token_expires_in=10**30)),
    "a consent that is no number": says(minted(refresh_token_expires_in="soon")),
    "an error that is an object": says(answer('{"error": {"code": "invalid_grant"}}', "400 Bad Request")),
    "an error with quotes in its words": says(
        answer('{"error": "odd", "error_description": "said \\"no\\" \\u00e9"}', "400 Bad Request")
    ),
    "a reset": hangs_up,
}


@pytest.mark.parametrize("script", NO_TOKEN.values(), ids=NO_TOKEN)
@pytest.mark.parametrize("ask", [exchange, refresh])
def test_an_answer_that_is_no_token_is_asked_for_later(ask: Callable[[Grant, str], Tokens], script: Script) -> None:
    with raw_server(script) as server, pytest.raises(RetryLater) as caught:
        ask(grant_at(server.url), "code-of-alice")
    assert caught.value.scope == "provider"
    assert len(server.requests) == 1


def test_an_endpoint_where_nobody_listens_is_asked_later() -> None:
    with pytest.raises(RetryLater):
        refresh(grant_at(f"http://127.0.0.1:{closed_port()}"), "refresh-token-of-alice")


def test_an_endpoint_that_drips_is_left_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth2, "TOKEN_DEADLINE", 0.5)
    enough = threading.Event()

    def slow(connection: socket.socket, _request: bytes) -> None:
        drip(connection, minted() + b"x", enough)

    with raw_server(slow) as server, pytest.raises(RetryLater):
        refresh(grant_at(server.url), "refresh-token-of-alice")
    enough.set()


def test_an_answer_without_an_end_is_cut_at_the_size_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SIZE_CAP", 10_000)
    with raw_server(says(minted(padding="x" * 100_000))) as server, pytest.raises(RetryLater) as caught:
        refresh(grant_at(server.url), "refresh-token-of-alice")
    assert "TooLong" in caught.value.detail


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_our_secret_does_not_follow_a_redirect(status: str) -> None:
    with raw_server(says(minted())) as elsewhere:
        moved = answer("", status, "", f"Location: {elsewhere.url}/token")
        with raw_server(says(moved)) as server, pytest.raises(Outcome):
            refresh(grant_at(server.url, basic_auth=False), "refresh-token-of-alice")
        assert elsewhere.requests == []


def test_a_stand_in_of_the_same_composition_is_asked_by_its_plain_name() -> None:
    with pytest.raises(RetryLater, match="Acme"):  # nobody has that name here
        refresh(grant_at("http://ebay-stand-in:8001"), "refresh-token-of-alice")


@pytest.mark.parametrize("address", ["http://api.acme.example/token", "http://[2001:db8::1]/token", "ftp://127.0.0.1/token", ""])
def test_our_secret_is_not_sent_in_the_clear(address: str) -> None:
    grant = Grant(provider="Acme", client_id="id", client_secret="s", token_url=address)
    with pytest.raises(NeedsOperator):
        refresh(grant, "refresh-token-of-alice")


# -------------------------------------------------------------------------------------------------------------------- secrets


def test_no_secret_is_logged_or_printed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(says(minted(), minted(), error("400 Bad Request", "invalid_grant"))) as server:
        grant = grant_at(server.url, basic_auth=False)
        tokens = exchange(grant, "code-of-alice")
        refresh(grant, "refresh-token-of-alice")
        with pytest.raises(NeedsMerchant) as caught:
            refresh(grant, "refresh-token-of-alice")
    printed = caplog.text + repr(grant) + repr(tokens) + str(caught.value) + caught.value.detail
    assert not [secret for secret in SECRETS if secret in printed]


def test_no_secret_is_in_the_words_of_a_failed_connection() -> None:
    with pytest.raises(RetryLater) as caught:
        exchange(grant_at(f"http://127.0.0.1:{closed_port()}", basic_auth=False), "code-of-alice")
    assert not [secret for secret in SECRETS if secret in str(caught.value) + caught.value.detail]
