from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ebay.simulator.conftest import ALICE, ORDER, Here


@pytest.fixture
def payloads(contracts: Path) -> list[Any]:
    """Every getOrders page and getOrder body that eBay really sent."""
    return [json.loads(path.read_text()) for path in sorted((contracts / "samples").glob("getOrder*.json"))]


def recorded_orders(payloads: list[Any]) -> dict[str, Any]:
    return {order["orderId"]: order for payload in payloads for order in payload.get("orders", [payload])}


def moments(part: Any) -> list[datetime]:
    if isinstance(part, dict):
        return [each for name in sorted(part) for each in moments(part[name])]
    if isinstance(part, list):
        return [each for item in part for each in moments(item)]
    if isinstance(part, str) and part.endswith("Z") and part[4:5] == "-":
        return [datetime.fromisoformat(part)]
    return []


def test_recorded_orders_are_listed_as_if_they_were_new(here: Here, payloads: list[Any]) -> None:
    told = here.control("recorded", payloads=payloads, seller=ALICE)
    recorded = recorded_orders(payloads)
    assert set(told["orders"]) == set(recorded)
    start = (here.world.clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    page = here.orders(limit=200, filter=f"lastmodifieddate:[{start}..]").json
    assert page is not None
    assert page["total"] == len(recorded)
    assert {order["sellerId"] for order in page["orders"]} == {ALICE}


def test_distances_inside_an_order_and_all_else_stay(here: Here, payloads: list[Any]) -> None:
    here.control("recorded", payloads=payloads, seller=ALICE)
    for order_id, recorded in recorded_orders(payloads).items():
        kept = here.world.orders.get(order_id)
        assert kept is not None
        before, after = moments(recorded), moments(kept.document)
        assert [each - before[0] for each in before] == [each - after[0] for each in after]
        assert kept.document["lineItems"][0]["title"] == recorded["lineItems"][0]["title"]
        assert kept.document.keys() == recorded.keys()


def test_the_skus_found_are_on_sale_and_an_order_without_one_stays_without(here: Here, payloads: list[Any]) -> None:
    told = here.control("recorded", payloads=payloads, seller=ALICE)
    lines = [line for order in recorded_orders(payloads).values() for line in order["lineItems"]]
    assert set(told["skus"]) == {line["sku"] for line in lines if "sku" in line}
    assert sum(told["skus"].values()) == sum(line["quantity"] for line in lines if "sku" in line)
    on_sale = {unit["sku"] for listing in here.world.listings.of(ALICE) for unit in listing["units"]}
    assert on_sale == set(told["skus"])
    without = [order for order in recorded_orders(payloads).values() if "sku" not in order["lineItems"][0]]
    assert without
    for order in without:
        read = here.get(f"{ORDER}/{order['orderId']}").json
        assert read is not None
        assert "sku" not in read["lineItems"][0]


def test_packages_that_had_left_can_be_read_and_sum_up_to_what_was_fulfilled(here: Here, payloads: list[Any]) -> None:
    here.control("recorded", payloads=payloads, seller=ALICE)
    shipped = [order for order in recorded_orders(payloads).values() if order["fulfillmentHrefs"]]
    assert shipped
    for order in shipped:
        read = here.get(f"{ORDER}/{order['orderId']}/shipping_fulfillment").json
        assert read is not None
        expected = {href.rsplit("/", 1)[-1] for href in order["fulfillmentHrefs"]}
        assert {package["fulfillmentId"] for package in read["fulfillments"]} == expected
        units = sum(line["quantity"] for package in read["fulfillments"] for line in package["lineItems"])
        fulfilled = [line for line in order["lineItems"] if line["lineItemFulfillmentStatus"] == "FULFILLED"]
        assert units >= sum(line["quantity"] for line in fulfilled)
    assert here.ledger("shipping_fulfillment") == []


def test_feeding_twice_changes_the_orders_and_makes_no_new_ones(here: Here, payloads: list[Any]) -> None:
    for _ in range(2):
        here.control("recorded", payloads=payloads, seller=ALICE)
    recorded = recorded_orders(payloads)
    assert len(here.world.orders.all()) == len(here.ledger("order_created")) == len(recorded)
    assert here.world.packages.count() == sum(len(order["fulfillmentHrefs"]) for order in recorded.values())


def test_orders_are_found_wherever_a_file_hides_them(here: Here, payloads: list[Any]) -> None:
    one = next(iter(recorded_orders(payloads).values()))
    told = here.control("recorded", payloads=[{"_note": "a file", "page": {"orders": [one]}}, [one]], seller=ALICE)
    assert told["orders"] == [one["orderId"]]
