"""The stand-in in this process, for tests of what it says; and as a process, for tests of how it says it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from integrations.ebay.simulator.app import DOOR, create_app
from integrations.ebay.simulator.world import World
from tests.ebay.simulator.receiver import Receiver
from tests.ebay.simulator.running import EbayStandIn, ebay_stand_in

ALICE = "alice_sells"
CHARLIE = "charlie_sells"
ORDER = "/sell/fulfillment/v1/order"
SCOPE = "https://api.ebay.com/oauth/api_scope"


class Here:
    """A stand-in in this process, met by way of its WSGI application, with the member Alice's token at hand."""

    def __init__(self, **settings: Any) -> None:
        self.app = create_app(settings)
        self.world: World = self.app.extensions["world"]
        self.client: FlaskClient = self.app.test_client()
        self.control("sellers", username=ALICE, password="pw-alice")
        self.token = self.grant(ALICE)["access_token"]

    def control(self, what: str, /, **body: Any) -> Any:
        answer = self.client.post(f"/_control/{what}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json

    def set(self, **settings: Any) -> None:
        assert self.client.patch("/_control/settings", json=settings).status_code == 200

    def grant(self, username: str, *scopes: str) -> Any:
        return self.control("grant", username=username, scopes=list(scopes))

    def call(self, method: str, path: str, token: str | None = None, door: str = "api", **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {token or self.token}", "Accept-Language": "en-US"}
        headers |= kwargs.pop("headers", {})
        return self.client.open(path, method=method, headers=headers, environ_overrides={DOOR: door}, **kwargs)

    def get(self, path: str, token: str | None = None, door: str = "api", **kwargs: Any) -> TestResponse:
        return self.call("GET", path, token, door, **kwargs)

    def post(self, path: str, token: str | None = None, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, token, **kwargs)

    def order(self, seller: str = ALICE, **wanted: Any) -> Any:
        return self.control("orders", seller=seller, **{"lines": [{"sku": "RED-01", "price": "20"}], **wanted})

    def orders(self, **query: Any) -> Any:
        return self.get(ORDER, query_string=query)

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        return self.world.ledger.entries(kind)


@pytest.fixture
def here() -> Here:
    return Here()


@pytest.fixture(scope="session")
def _process() -> Iterator[EbayStandIn]:
    with ebay_stand_in() as running:
        yield running


@pytest.fixture
def ebay(_process: EbayStandIn) -> EbayStandIn:
    """A running stand-in, as new."""
    _process.control("reset")
    return _process


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    endpoint = Receiver()
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="session")
def contracts(contracts: Path) -> Path:
    """The folder of eBay's contract."""
    return contracts / "ebay"


@pytest.fixture(scope="session")
def errors(contracts: Path) -> Any:
    """Error bodies that eBay really sent."""
    return json.loads((contracts / "samples" / "errors.json").read_text())


def error_ids(answer: TestResponse) -> list[int]:
    assert answer.json is not None
    return [error["errorId"] for error in answer.json["errors"]]
