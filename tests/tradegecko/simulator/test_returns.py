"""Goods that come back, and lines that packages hold on to."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shop


@pytest.fixture
def variant(shop: Shop) -> int:
    return shop.variant("S1", on_hand=10)


@pytest.fixture
def order(shop: Shop, variant: int) -> dict[str, Any]:
    """Three of it, of which two have left."""
    made = shop.order({"variant_id": variant, "quantity": 3}, status="finalized")
    shop.control("POST", f"orders/{made['id']}/ship", {"lines": {made["order_line_item_ids"][0]: 2}})
    return made


def statuses(shop: Shop, order: dict[str, Any]) -> tuple[str, str, int]:
    found = shop.get(f"/orders/{order['id']}")["order"]
    return found["return_status"], found["returning_status"], len(found["fulfillment_return_ids"])


def on_hand(shop: Shop, variant: int) -> str:
    (place,) = [each for each in shop.get(f"/variants/{variant}")["variant"]["locations"] if each["location_id"] == shop.main]
    return str(place["stock_on_hand"])


def test_what_comes_back_is_on_its_way_until_it_is_received(shop: Shop, order: dict[str, Any], variant: int) -> None:
    assert statuses(shop, order) == ("unreturned", "unreturning", 0)
    before = on_hand(shop, variant)
    made = shop.control("POST", f"orders/{order['id']}/return", {"lines": {order["order_line_item_ids"][0]: 1}})
    assert (made["status"], made["order_number"]) == ("returning", order["order_number"])
    assert (statuses(shop, order), on_hand(shop, variant)) == (("unreturned", "partial", 1), before)
    shop.control("POST", f"returns/{made['id']}/receive")
    assert (statuses(shop, order), int(on_hand(shop, variant))) == (("partial", "unreturning", 1), int(before) + 1)
    shown = shop.get(f"/fulfillment_returns?order_id={order['id']}")
    assert shown["fulfillment_return_line_items"][0]["quantity"] == "1.0"
    assert shown["fulfillment_returns"][0]["received_at"]


def test_no_more_comes_back_than_has_left(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("POST", f"orders/{order['id']}/return", {"received": True})
    assert statuses(shop, order) == ("returned", "unreturning", 1)
    again = shop.browser.post(f"/_control/orders/{order['id']}/return", json={})
    assert again.status_code == 422


def test_a_shipped_fulfilment_of_which_goods_came_back_is_not_deleted(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("POST", f"orders/{order['id']}/return", {})
    (fulfillment,) = shop.ids(f"/fulfillments?order_id={order['id']}")
    assert shop.call("DELETE", f"/fulfillments/{fulfillment}").status_code == 422


def test_a_line_keeps_what_is_in_packages(shop: Shop, order: dict[str, Any]) -> None:
    (line,) = order["order_line_item_ids"]
    path = f"/order_line_items/{line}"
    assert shop.call("PUT", path, {"order_line_item": {"quantity": 1}}).status_code == 422
    assert shop.call("DELETE", path).status_code == 422
    assert shop.call("PUT", path, {"order_line_item": {"quantity": 2}}).status_code == 204
    assert shop.get(f"/orders/{order['id']}")["order"]["status"] == "fulfilled"


def test_lines_that_come_and_go_stand_in_the_ledger(shop: Shop, order: dict[str, Any], variant: int) -> None:
    body = {"order_line_item": {"order_id": order["id"], "variant_id": variant, "quantity": 4}}
    made: Any = shop.call("POST", "/order_line_items", body).json
    shop.call("DELETE", f"/order_line_items/{made['order_line_item']['id']}")
    entries = [each for each in shop.control("GET", "ledger")["entries"] if "order_line" in each["kind"]]
    told = [(each["kind"], each["sku"], each["quantity"]) for each in entries]
    assert told == [("order_line_added", "S1", "4.0"), ("order_line_removed", "S1", "4.0")]
