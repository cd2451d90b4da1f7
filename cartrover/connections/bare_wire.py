"""A wire before there is a connection: one token, no quota, no trail. It asks whose account a grant opened."""

from __future__ import annotations

from integrations.contract import Exchange
from integrations.outcomes import NeedsMerchant


class BareWire:
    def __init__(self, token: str, provider: str) -> None:
        self._token = token
        self._provider = provider

    def token(self, *, instead_of: str = "") -> str:
        if instead_of:
            raise NeedsMerchant(f"{self._provider} no longer accepts the access that it gave. Grant access again.", fix="grant")
        return self._token

    def before_call(self, resource: str, *, write: bool) -> None:
        """Nothing forbids it."""

    def after_call(self, exchange: Exchange) -> None:
        """There is no connection yet whose trail could hold it."""
