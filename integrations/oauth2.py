"""The OAuth 2 authorization-code grant, once for all integrations; requests-oauthlib does the protocol.

A provider is declarations: a :class:`Grant`. Its quirks are fields, not branches. The tokens that come back are the caller's to
keep safe; nothing here stores or logs one.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session

from integrations.http import DeadlineAdapter, deadline
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater

# At DEBUG these two write tokens and secrets into the log.
logging.getLogger("requests_oauthlib").setLevel(logging.INFO)
logging.getLogger("oauthlib").setLevel(logging.INFO)

# oauthlib refuses every plain address; _ask refuses all but a stand-in on this machine.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

TOKEN_DEADLINE = 10.0  # seconds; the engine holds the credential's row lock for as long


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a token endpoint answered. ``refresh`` and ``consent_ends_at`` are None where it did not say."""

    access: str
    expires_at: datetime
    refresh: str | None = None
    consent_ends_at: datetime | None = None
    scope: str = ""

    def __repr__(self) -> str:
        return f"Tokens(expires_at={self.expires_at.isoformat()})"


@dataclass(frozen=True, slots=True)
class Grant:
    """How one provider grants access.

    Args:
        redirect_uri: what the provider knows our callback by; at eBay a RuName, not an address.
        scopes: sent to the authorise page only. Token replies may name other scopes, and a refresh sends none.
        authorize_extra: further parameters of the authorise page.
        basic_auth: whether the client's secret goes in the Authorization header (else in the body).
        refresh_extra: further parameters of a refresh.
        dead: token-endpoint errors which mean that the grant has ended and the owner must consent again.
        ours: token-endpoint errors which mean that our own application's registration is wrong.
    """

    provider: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str = ""
    authorize_url: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    authorize_extra: Mapping[str, str] = field(default_factory=dict)
    basic_auth: bool = False
    refresh_extra: Mapping[str, str] = field(default_factory=dict)
    dead: frozenset[str] = frozenset({"invalid_grant"})
    ours: frozenset[str] = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})

    @property
    def origin(self) -> str:
        """Scheme, host and port of the authorise page, for the Content-Security-Policy."""
        parts = urlsplit(self.authorize_url)
        return f"{parts.scheme}://{parts.netloc}"


def authorize_address(grant: Grant, state: str) -> str:
    """The address of the provider's consent page for this attempt."""
    session = OAuth2Session(grant.client_id, redirect_uri=grant.redirect_uri, scope=list(grant.scopes) or None)
    address, _state = session.authorization_url(grant.authorize_url, state=state, **grant.authorize_extra)
    return str(address).replace("+", "%20")  # eBay's documents want the spaces between scopes so; a plus itself is %2B


def exchange(grant: Grant, code: str) -> Tokens:
    """Turn a code into tokens. Raises RetryLater, NeedsMerchant(fix="grant") or NeedsOperator."""

    def fetch(session: OAuth2Session, auth: Any) -> Mapping[str, Any]:
        token: Mapping[str, Any] = session.fetch_token(
            grant.token_url,
            code=code,
            client_secret=grant.client_secret,
            auth=auth,
            include_client_id=not grant.basic_auth,
            timeout=TOKEN_DEADLINE,
        )
        return token

    return _ask(grant, fetch, ended="grant")


def refresh(grant: Grant, refresh_token: str) -> Tokens:
    """A new access token. Raises RetryLater, NeedsMerchant(fix="reconnect") when the grant has ended, or NeedsOperator."""

    def fetch(session: OAuth2Session, auth: Any) -> Mapping[str, Any]:
        body: dict[str, Any] = dict(grant.refresh_extra)
        if not grant.basic_auth:
            body |= {"client_id": grant.client_id, "client_secret": grant.client_secret}
        token: Mapping[str, Any] = session.refresh_token(
            grant.token_url, refresh_token=refresh_token, auth=auth, timeout=TOKEN_DEADLINE, **body
        )
        return token

    return _ask(grant, fetch, ended="reconnect")


class _Session(OAuth2Session):
    """A redirect of the token endpoint would carry our secret to wherever it points."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


def _ask(grant: Grant, fetch: Callable[[OAuth2Session, Any], Mapping[str, Any]], *, ended: str) -> Tokens:
    if not _private(grant.token_url):
        raise NeedsOperator(f"The token address of {grant.provider} must begin with https.", detail=grant.token_url)
    session = _Session(grant.client_id, redirect_uri=grant.redirect_uri, scope=None)
    session.trust_env = False
    session.mount("https://", DeadlineAdapter())
    session.mount("http://", DeadlineAdapter())
    answers: list[requests.Response] = []
    for hook in ("access_token_response", "refresh_token_response"):
        session.register_compliance_hook(hook, lambda response: _as_bearer(response, answers))
    auth = requests.auth.HTTPBasicAuth(grant.client_id, grant.client_secret) if grant.basic_auth else None
    asked = datetime.now(UTC)
    try:
        with deadline(TOKEN_DEADLINE):
            return _tokens(fetch(session, auth), asked)
    except OAuth2Error as error:
        raise _judged(grant, str(error.error), answers, ended) from None
    except (requests.RequestException, OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        # What a connection error prints may hold the request; its class says enough.
        status = answers[-1].status_code if answers else "nothing"
        raise _provider_away(grant, f"token endpoint answered {status}: {type(error).__name__}") from None
    finally:
        session.close()


def _as_bearer(response: requests.Response, answers: list[requests.Response]) -> requests.Response:
    """eBay's token_type is "User Access Token", which oauthlib does not know: it is used as Bearer all the same.

    ValueError where the answer is no JSON object: oauthlib would try to read it as a form.
    """
    answers.append(response)
    body = response.json()
    if not isinstance(body, dict):
        raise ValueError("no object")
    if response.ok and "access_token" in body:
        response._content = json.dumps({**body, "token_type": "Bearer"}).encode()
    return response


def _judged(grant: Grant, error: str, answers: list[requests.Response], ended: str) -> Outcome:
    status = answers[-1].status_code if answers else 0
    detail = f"token endpoint answered {status} {error}"
    if status >= 500 or status == 429 or status == 0:
        return _provider_away(grant, detail)
    if error in grant.ours:
        return NeedsOperator(f"{grant.provider} does not accept this installation's application keys.", detail=detail)
    if error in grant.dead:
        words = {
            "grant": f"{grant.provider} did not accept the authorisation. Press Grant Us API Access again.",
            "reconnect": f"{grant.provider} has ended our access to this account. Press Reconnect.",
        }
        return NeedsMerchant(words[ended], fix=ended, scope="connection", detail=detail)
    return _provider_away(grant, detail)


def _provider_away(grant: Grant, detail: str) -> RetryLater:
    return RetryLater(f"{grant.provider} did not answer when asked for access.", scope="provider", detail=detail)


def _tokens(token: Mapping[str, Any], asked: datetime) -> Tokens:
    """ValueError, TypeError or OverflowError where the answer is no token."""
    access, consent = token.get("access_token"), token.get("refresh_token_expires_in")
    if not access or not isinstance(access, str):
        raise ValueError("no access token")
    return Tokens(
        access=access,
        expires_at=asked + timedelta(seconds=int(token.get("expires_in") or 3600)),
        refresh=str(token["refresh_token"]) if token.get("refresh_token") else None,
        consent_ends_at=asked + timedelta(seconds=int(consent)) if consent else None,
        scope=" ".join(token["scope"]) if isinstance(token.get("scope"), list) else str(token.get("scope") or ""),
    )


def _private(address: str) -> bool:
    """Encrypted, or on this machine: a name without a dot is a neighbour's in the same composition of containers."""
    parts = urlsplit(address)
    near = parts.hostname in ("127.0.0.1", "::1") or re.fullmatch(r"[a-z0-9-]+", parts.hostname or "")
    return parts.scheme == "https" or (parts.scheme == "http" and bool(near))
