"""The demo's outside world, and what `make up` asks for."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from cartrover.embedded import demo, outside, story, up, wholesale
from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.ledgers import packed_from
from cartrover.embedded.place import Place, held
from cartrover.embedded.supervisor import Supervisor
from cartrover.environment import ENVIRONMENT

PORTAL = "http://localhost:8000"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with held(tmp_path) as place:
        yield place


@pytest.fixture
def supervisor(place: Place) -> Iterator[Supervisor]:
    with Supervisor(place, os.environ) as supervisor:
        yield supervisor


@pytest.mark.parametrize(
    ("name", "address"), [("ebay", "EBAY_API_URL"), ("ebay", "EBAY_IDENTITY_URL"), ("tradegecko", "TRADEGECKO_API_URL")]
)
def test_a_stand_in_answers_where_its_variables_say(supervisor: Supervisor, place: Place, name: str, address: str) -> None:
    variables = {"ebay": demo.ebay, "tradegecko": demo.tradegecko}[name](supervisor, place, PORTAL)
    assert set(variables) <= set(ENVIRONMENT)
    assert requests.get(f"{variables[address]}/_control/health", timeout=60).ok


def test_a_stand_in_is_at_the_same_address_after_a_restart(place: Place) -> None:
    addresses = []
    for _ in range(2):
        with Supervisor(place, os.environ) as supervisor:
            addresses.append(demo.ebay(supervisor, place, PORTAL)["EBAY_API_URL"])
    assert addresses[0] == addresses[1]


EBAY, TRADEGECKO = up.APPLICATIONS["eBay"], up.APPLICATIONS["TradeGecko"]


@pytest.mark.parametrize(
    ("named", "missing"),
    [
        ((), (*EBAY, *TRADEGECKO, "PORTAL_URL")),
        ((EBAY[0],), (*EBAY[1:], "PORTAL_URL")),
        ((*EBAY, "PORTAL_URL"), ()),
        ((*TRADEGECKO, "PORTAL_URL"), ()),
        ((*EBAY, TRADEGECKO[0], "PORTAL_URL"), TRADEGECKO[1:]),
    ],
)
def test_up_wants_one_application_and_none_that_is_half_named(
    monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    for name in (*EBAY, *TRADEGECKO, "PORTAL_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in named:
        monkeypatch.setenv(name, "https://portal.example.com")
    assert tuple(line.split(":")[0] for line in up.missing()) == missing


def test_up_names_what_is_missing_and_what_ebay_asks_for_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTAL_URL", "http://portal.example.com")
    with pytest.raises(EmbeddedError, match=r"PORTAL_URL: .* Its scheme must be https"):
        up.up()
    assert "account deletion" in capsys.readouterr().out


@pytest.fixture
def stand_ins(supervisor: Supervisor, place: Place, monkeypatch: pytest.MonkeyPatch) -> int:
    """Both stand-ins, with an account at TradeGecko that has all that is sold. Returns the account."""
    for start in (demo.ebay, demo.tradegecko):
        for name, value in start(supervisor, place, PORTAL).items():
            monkeypatch.setenv(name, value)
    tradegecko = outside.tradegecko()
    account = tradegecko.post("accounts", {"name": "Acme", "currencies": ["USD"], "users": [{"email": "a@acme.example"}]})
    skus = {part for scene in story.SCENES for sku, _units in scene.lines for part, _each in packed_from(sku)}
    tradegecko.post("variants", [{"account": account["account_id"], "sku": sku} for sku in sorted(skus)])
    return int(account["account_id"])


def send(account: int, order: dict[str, Any]) -> None:
    """What the portal would make of it at the warehouse."""
    parts = [(part, line["quantity"] * each) for line in order["lineItems"] for part, each in packed_from(line["sku"])]
    lines = [{"sku": sku, "quantity": units, "price": "1.00"} for sku, units in parts]
    outside.tradegecko().post("orders", {"account": account, "order_number": order["orderId"], "lines": lines})


def test_every_kind_of_change_happens_once_to_an_order_at_the_warehouse(stand_ins: int) -> None:
    ebay, tradegecko, chance = outside.ebay(), outside.tradegecko(), random.Random(1)
    story.place(ebay)
    placed = {order["buyer"]["username"]: order for order in ebay.get("orders")}
    numbers = {placed[scene.buyer]["orderId"] for scene in story.SCENES}
    assert set(story.go_on(list(placed.values()), [], chance)) == numbers, "nothing happens to what is not there yet"
    assert story.to_come(list(placed.values())) == len(story.SCENES)
    for scene in story.SCENES:
        send(stand_ins, placed[scene.buyer])
    thirsty = placed["buyer_who_is_thirsty"]["orderId"]
    left = numbers
    while left - {thirsty}:
        shown = ebay.get("orders")
        left = set(story.go_on(shown, tradegecko.get("summary")["orders"], chance))
        aside = {*left, *story.put_aside(shown)}
        tradegecko.post("ship", {"account": stand_ins, "leave": sorted(aside)})
    orders = {order["buyer"]["username"]: order for order in ebay.get("orders")}
    there = {order["order_number"]: order for order in tradegecko.get("summary")["orders"]}
    assert story.to_come(list(orders.values())) == 1, "only the portal tells the cart of the two packages"
    assert Counter(order["cancelStatus"]["cancelState"] for order in orders.values()) == {
        "NONE_REQUESTED": 4,
        "CANCELED": 3,
        "IN_PROGRESS": 1,
    }
    assert [line["sku"] for line in orders["buyer_who_is_thirsty"]["lineItems"]] == ["MAT-AIR-R", "BOTTLE-STEEL-1L"]
    assert there[thirsty]["fulfillment_status"] == "unshipped", "nobody ships it before the portal has told of the bottle"
    assert there[orders["buyer_too_late"]["orderId"]]["packed_status"] == "packed"
    for buyer in ("buyer_who_regrets", "buyer_too_late", "buyer_in_two_minds"):
        assert there[orders[buyer]["orderId"]]["fulfillment_status"] == "unshipped", "nobody ships what its buyer has canceled"
    assert len(orders["buyer_with_a_scratch"]["paymentSummary"]["refunds"]) == 1
    assert len(there[orders["buyer_of_a_set"]["orderId"]]["fulfillments"]) == 2


def test_what_has_left_the_wholesale_shop_comes_back_once(stand_ins: int) -> None:
    tradegecko = outside.tradegecko()
    send(stand_ins, {"orderId": "SO1", "lineItems": [{"sku": "MAT-AIR-R", "quantity": 2}]})

    def go_on() -> tuple[int, int]:
        wholesale.send_back(tradegecko, tradegecko.get("summary")["orders"], stand_ins)
        begun, received = (tradegecko.get(f"ledger?kind=return_{what}")["entries"] for what in ("created", "received"))
        return len(begun), len(received)

    assert go_on() == (0, 0), "nothing has left yet"
    (order,) = tradegecko.get("summary")["orders"]
    tradegecko.post(f"orders/{order['id']}/ship", {"tracking_number": "1Z1", "tracking_company": "UPS"})
    assert [go_on(), go_on(), go_on()] == [(1, 0), (1, 1), (1, 1)]
