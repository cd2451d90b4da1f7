"""Alice's account at a stand-in that lives in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from integrations.tradegecko.simulator.app import create_app
from integrations.tradegecko.simulator.world import World
from tests.tradegecko.simulator.running import Gecko, running

ALICE = "alice@example.com"
CHARLIE = "charlie@example.com"


@dataclass
class Shop:
    """One account, seen through the API with a token of its owner."""

    browser: FlaskClient
    account: dict[str, Any]
    token: str

    @property
    def world(self) -> World:
        return cast(World, self.browser.application.extensions["world"])

    @property
    def main(self) -> int:
        return int(self.account["location_ids"][0])

    @property
    def second(self) -> int:
        return int(self.account["location_ids"][1])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.browser.open(f"/_control/{path}", method=method, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"json": body} if body is not None else {}
        return self.browser.open(path, method=method, headers={"Authorization": f"Bearer {self.token}", **named}, **given)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def ids(self, path: str) -> list[Any]:
        """The ids in the list at ``path``, in its order."""
        resource = path.partition("?")[0].strip("/")
        return [record["id"] for record in self.get(path)[resource]]

    def variant(self, sku: str, **wanted: Any) -> int:
        """A variant with 10 at the main location, unless said."""
        given = {"account": self.account["account_id"], "sku": sku, "stock": {self.main: "10"}, **wanted}
        return int(self.control("POST", "variants", given)["variant_id"])

    def draft(self, *lines: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        """The body of an order for a new company."""
        number = self.world.store.next_id("test orders")
        usual = {
            "company": {"name": "eBay", "company_type": "consumer"},
            "shipping_address": {"address1": "1 High St", "city": "York", "country": "GB", "label": f"R{number}"},
            "order_line_items": list(lines),
        }
        return {"order": {**usual, **attributes}}

    def order(self, *lines: dict[str, Any], **attributes: Any) -> dict[str, Any]:
        answer = self.call("POST", "/orders", self.draft(*lines, **{"status": "finalized", **attributes}))
        assert answer.status_code == 201, answer.text
        return cast("dict[str, Any]", cast(Any, answer.json)["order"])

    def order_now(self, order: dict[str, Any]) -> dict[str, Any]:
        return cast("dict[str, Any]", self.get(f"/orders/{order['id']}")["order"])

    def level(self, variant_id: int) -> dict[str, Any]:
        return cast("dict[str, Any]", self.get(f"/stock_levels?ids={variant_id}")["stock_levels"][0])

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.control("GET", f"ledger?kind={kind}")["entries"])


def open_shop(browser: FlaskClient, email: str, **wanted: Any) -> Shop:
    usual = {"locations": ["Main", "Second"], "currencies": ["USD", "EUR"], "users": [{"email": email, "password": "secret"}]}
    account = browser.post("/_control/accounts", json={**usual, **wanted}).json
    granted = browser.post("/_control/grant", json={"email": email}).json
    return Shop(browser, cast("dict[str, Any]", account), cast("dict[str, Any]", granted)["access_token"])


@pytest.fixture
def shop() -> Shop:
    return open_shop(create_app().test_client(), ALICE)


@pytest.fixture
def others_shop(shop: Shop) -> Shop:
    """Charlie's account at the same stand-in."""
    return open_shop(shop.browser, CHARLIE)


@pytest.fixture(scope="module")
def gecko() -> Iterator[Gecko]:
    """A stand-in in a process of its own, with Alice's account."""
    with running() as started:
        started.open_account(locations=["Main"], users=[{"email": ALICE, "password": "secret"}])
        yield started
