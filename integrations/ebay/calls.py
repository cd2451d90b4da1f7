"""Calls to eBay's two kinds of API, and what eBay's clock says."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.contract import Exchange, Wire
from integrations.ebay import trading
from integrations.ebay.application import Application
from integrations.ebay.errors import NAME, budget, judge, token_refused
from integrations.http import Door, Provider, Reply

# The Inventory API refuses a call without a language that it knows; figures have none, and messages come in English.
_LANGUAGE = {"Accept-Language": "en-US", "Content-Language": "en-US", "Accept": "application/json"}

_REST = Provider(
    name=NAME,
    judge=judge,
    authorise=lambda token: {"Authorization": f"Bearer {token}"},
    token_refused=token_refused,
    request_id=("x-ebay-request-id", "x-ebay-c-request-id", "rlogid"),
    accepts=("json", "xml"),
    budget=budget,
)
_TRADING = replace(_REST, authorise=lambda token: {"X-EBAY-API-IAF-TOKEN": token})


class _Listener:
    """A wire that remembers the provider's clock as it passes by."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.server_time: datetime | None = None

    def token(self, *, instead_of: str = "") -> str:
        return self._wire.token(instead_of=instead_of)

    def before_call(self, resource: str, *, write: bool) -> None:
        self._wire.before_call(resource, write=write)

    def after_call(self, exchange: Exchange) -> None:
        self.server_time = exchange.server_time or self.server_time
        self._wire.after_call(exchange)


class Calls:
    """What one account is asked."""

    def __init__(self, application: Application, wire: Wire) -> None:
        self._application = application
        self._listener = _Listener(wire)
        self._rest = Door(self._listener, _REST)
        self._trading = Door(self._listener, _TRADING)

    @property
    def server_time(self) -> datetime | None:
        """The Date of the last answer; None before there was one."""
        return self._listener.server_time

    def get(self, path: str, resource: str) -> Reply:
        """``path`` comes with its query, encoded: eBay wants brackets encoded and colons not."""
        return self._rest.send("GET", f"{self._application.api_url}{path}", resource=resource, headers=_LANGUAGE)

    def post(self, path: str, resource: str, body: Any, *, write: bool) -> Reply:
        url = f"{self._application.api_url}{path}"
        return self._rest.send("POST", url, resource=resource, write=write, json=body, headers=_LANGUAGE)

    def get_identity(self, path: str) -> Reply:
        """From the "z" host; on the other one these paths are an empty 404."""
        return self._rest.send("GET", f"{self._application.identity_url}{path}", resource="identity", headers=_LANGUAGE)

    def trade(self, call: str, body: bytes) -> trading.Answer:
        """A Trading call: all of ours may be repeated."""
        url = f"{self._application.api_url}/ws/api.dll"
        return trading.read(self._trading.send("POST", url, resource="trading", data=body, headers=trading.headers(call)))
