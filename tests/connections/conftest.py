"""A stand-in provider, two integrations that talk to it, and merchants' connections there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from cartrover.connections import credentials
from cartrover.connections.models import Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.oauth2 import Tokens
from tests.connections.provider import Provider, Served


def use(provider: Provider, portal: str = "http://localhost:8000") -> None:
    """Make the two integrations of this folder the installed ones, as the provider now behaves."""
    environment = {"ACME_URL": provider.url, "PORTAL_URL": portal}
    registry.configure(["tests.connections.acme", "tests.connections.globe"], environment)


@pytest.fixture
def provider() -> Iterator[Provider]:
    before = dict(registry._integrations)
    provider = Provider()
    served = Served(provider)
    use(provider)
    yield provider
    served.close()
    registry._integrations.clear()
    registry._integrations.update(before)


Connect = Callable[..., Connection]


@pytest.fixture
def connect(provider: Provider) -> Connect:
    """Makes a connection whose tokens the provider knows, and whose access token is ``valid`` for so many seconds."""

    def made(merchant: Merchant, account: str = "seller-1", *, valid: float = 7200) -> Connection:
        _status, answer = provider.token({"grant_type": "authorization_code", "code": provider.consent_by(account)})
        tokens = Tokens(answer["access_token"], datetime.now(UTC) + timedelta(seconds=valid), answer["refresh_token"])
        with acting_for(merchant):
            connection = Connection(
                integration="acme",
                environment="simulator",
                account_id=account,
                account_name=f"{account} Ltd",
                authorised_at=timezone.now(),
            )
            connection.save()
            credentials.store(connection, tokens)
        return connection

    return made
