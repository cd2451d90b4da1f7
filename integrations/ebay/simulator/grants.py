"""Codes, refresh tokens and access tokens: who may do what, until when."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from integrations.simulation import Clock, Document, Ledger, Store

BASE = "https://api.ebay.com/oauth/api_scope"
_NAMES = """
sell.fulfillment sell.fulfillment.readonly sell.inventory sell.inventory.readonly sell.account sell.account.readonly
sell.finances sell.payment.dispute sell.cancellation sell.cancellation.read sell.return sell.return.read sell.inquiry
sell.inquiry.read sell.listing.read sell.marketing sell.marketing.readonly sell.analytics.readonly sell.reputation
sell.reputation.readonly sell.stores sell.stores.readonly sell.item sell.item.draft sell.marketplace.insights.readonly
commerce.identity.readonly commerce.identity.name.readonly commerce.identity.email.readonly
commerce.identity.phone.readonly commerce.identity.address.readonly commerce.identity.status.readonly
commerce.notification.subscription commerce.notification.subscription.readonly commerce.catalog.readonly
commerce.shipping
"""
KNOWN_SCOPES = frozenset([BASE, *(f"{BASE}/{name}" for name in _NAMES.split())])
APPLICATION_SCOPES = frozenset([BASE])  # what client_credentials may ask for here

BAD_CODE = "the provided authorization grant code is invalid or was issued to another client"
BAD_REFRESH = "the provided authorization refresh token is invalid or was issued to another client"
BAD_SCOPE = "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client"


class NotGranted(Exception):
    """A refusal of the token endpoint: ``error`` and ``description`` as OAuth spells them."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class Access:
    """What an access token stands for. ``username`` is empty for an application's own token."""

    username: str
    scopes: frozenset[str]


class DeadToken(Exception):
    """``why`` is "unknown", "expired" or the reason of a revocation."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Grants:
    def __init__(self, store: Store, clock: Clock, ledger: Ledger, settings: dict[str, Any]) -> None:
        self._store, self._clock, self._ledger, self._settings = store, clock, ledger, settings

    def code(self, username: str, scopes: list[str]) -> str:
        code = _token(60)
        expires = self._now() + float(self._settings["code_seconds"])
        self._store.put("code", code, {"username": username, "scopes": scopes, "expires": expires, "used": False})
        return code

    def exchange(self, code: str) -> Document:
        """Tokens for a code, once. NotGranted otherwise."""
        with self._store.lock:
            kept = self._store.get("code", code)
            if kept is None or kept["used"] or kept["expires"] < self._now():
                raise NotGranted("invalid_grant", BAD_CODE)
            kept["used"] = True
            self._store.put("code", code, kept)
        return self.grant(kept["username"], kept["scopes"])

    def grant(self, username: str, scopes: list[str]) -> Document:
        """A member's consent as tokens, in the shape of the token endpoint's answer."""
        refresh_token = _token(60)
        lasts = int(self._settings["refresh_token_seconds"])
        kept = {"username": username, "scopes": scopes, "expires": self._now() + lasts, "revoked": ""}
        self._store.put("refresh_token", refresh_token, kept)
        self._ledger.record("token_minted", refresh_token, username=username)
        access_token, seconds = self._access(username, scopes, refresh_token)
        return {
            "access_token": access_token,
            "expires_in": seconds,
            "refresh_token": refresh_token,
            "refresh_token_expires_in": lasts,
            "token_type": "User Access Token",
        }

    def refresh(self, refresh_token: str, scopes: list[str]) -> Document:
        """A new access token. The refresh token stays as it is, and its end does not move."""
        kept = self._store.get("refresh_token", refresh_token)
        if kept is None or kept["revoked"] or kept["expires"] < self._now():
            raise NotGranted("invalid_grant", BAD_REFRESH)
        if not set(scopes) <= set(kept["scopes"]):
            raise NotGranted("invalid_scope", BAD_SCOPE)
        access_token, seconds = self._access(kept["username"], scopes or kept["scopes"], refresh_token)
        self._ledger.record("token_refreshed", access_token, username=kept["username"])
        return {"access_token": access_token, "expires_in": seconds, "token_type": "User Access Token"}

    def application(self, scopes: list[str]) -> Document:
        """An application's own token."""
        if not scopes or not set(scopes) <= APPLICATION_SCOPES:
            raise NotGranted("invalid_scope", BAD_SCOPE)
        access_token, seconds = self._access("", scopes, "")
        return {"access_token": access_token, "expires_in": seconds, "token_type": "Application Access Token"}

    def access(self, access_token: str) -> Access:
        """What the token stands for. DeadToken otherwise."""
        kept = self._store.get("access_token", access_token)
        if kept is None:
            raise DeadToken("unknown")
        refresh = self._store.get("refresh_token", kept["refresh_token"])
        if refresh is not None and refresh["revoked"]:
            raise DeadToken(refresh["revoked"])
        if kept["expires"] < self._now():
            raise DeadToken("expired")
        return Access(kept["username"], frozenset(kept["scopes"]))

    def revoke(self, username: str, reason: str) -> int:
        """End every grant of a member. Returns how many ended."""
        ended = 0
        for token, kept in self._store.items("refresh_token"):
            if kept["username"] == username and not kept["revoked"]:
                self.revoke_token(token, reason)
                ended += 1
        return ended

    def revoke_token(self, refresh_token: str, reason: str) -> None:
        kept = self._store.get("refresh_token", refresh_token)
        if kept is not None:
            kept["revoked"] = reason
            self._store.put("refresh_token", refresh_token, kept)

    def _access(self, username: str, scopes: list[str], refresh_token: str) -> tuple[str, int]:
        seconds = int(self._settings["access_token_seconds"])
        access_token = _token(1400)  # real ones have about 2,000 characters
        kept = {
            "username": username,
            "scopes": list(scopes),
            "expires": self._now() + seconds,
            "refresh_token": refresh_token,
        }
        self._store.put("access_token", access_token, kept)
        return access_token, seconds

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _token(size: int) -> str:
    return f"v^1.1#i^1#p^3#I^3#f^0#r^0#t^{secrets.token_urlsafe(size)}="
