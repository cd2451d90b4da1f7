from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shop
from .test_orders import errors


@pytest.fixture
def variant(shop: Shop) -> int:
    return shop.variant("S1")


@pytest.fixture
def order(shop: Shop, variant: int) -> dict[str, Any]:
    """Three of S1, and a line for shipping that is never packed."""
    shipping = {"label": "UPS Ground", "freeform": True, "line_type": "shipping", "price": 4}
    return shop.order({"variant_id": variant, "quantity": 3}, shipping, order_number="1001")


def create(shop: Shop, order: dict[str, Any], quantity: Any, **attributes: Any) -> Any:
    item = {"order_line_item_id": order["order_line_item_ids"][0], "quantity": quantity}
    return shop.call(
        "POST", "/fulfillments", {"fulfillment": {"order_id": order["id"], "fulfillment_line_items": [item], **attributes}}
    )


def states(shop: Shop, order: dict[str, Any]) -> tuple[str, str, str]:
    now = shop.order_now(order)
    return now["status"], now["packed_status"], now["fulfillment_status"]


def test_a_fulfillment_is_packed_then_shipped(shop: Shop, order: dict[str, Any], variant: int) -> None:
    made = create(shop, order, 3)
    assert made.status_code == 201
    assert list(made.json) == ["fulfillment_line_items", "fulfillment"]
    packed = made.json["fulfillment"]
    assert (packed["status"], packed["shipped_at"], packed["order_number"]) == ("packed", None, "1001")
    assert packed["stock_location_id"] == order["stock_location_id"]
    assert made.json["fulfillment_line_items"][0]["variant_sku"] == "S1"
    assert states(shop, order) == ("finalized", "packed", "unshipped")
    assert shop.level(variant)["stock_on_hand"] == "10"

    change = {"fulfillment": {"status": "fulfilled", "tracking_company": "GeckoShip", "tracking_number": "123TrackMe"}}
    answer = shop.call("PUT", f"/fulfillments/{packed['id']}", change)
    assert (answer.status_code, answer.data) == (204, b"")
    shipped = shop.get(f"/fulfillments/{packed['id']}")["fulfillment"]
    assert (shipped["status"], shipped["tracking_number"]) == ("fulfilled", "123TrackMe")
    assert shipped["shipped_at"] is not None
    assert states(shop, order) == ("fulfilled", "packed", "shipped")
    assert shop.level(variant)["stock_on_hand"] == "7"


def test_put_may_answer_with_the_body(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("PATCH", "settings", {"put_fulfillment": 200})
    packed = create(shop, order, 3).json["fulfillment"]
    answer: Any = shop.call("PUT", f"/fulfillments/{packed['id']}", {"fulfillment": {"status": "fulfilled"}})
    assert answer.status_code == 200
    assert answer.json["fulfillment"]["status"] == "fulfilled"


def test_an_order_goes_in_parts(shop: Shop, order: dict[str, Any]) -> None:
    create(shop, order, 1, status="fulfilled", tracking_number="T1")
    assert states(shop, order) == ("finalized", "partial", "partial")
    create(shop, order, "1.5")
    assert states(shop, order) == ("finalized", "partial", "partial")
    assert "fulfillment_line_items.quantity" in errors(create(shop, order, 1))
    answer: Any = shop.call("POST", f"/orders/{order['id']}/actions/fulfil", {"fulfillment": {"tracking_number": "T2"}})
    assert answer.json["fulfillment_line_items"][0]["quantity"] == "0.5"
    assert states(shop, order) == ("fulfilled", "packed", "shipped")
    numbers = [one["tracking_number"] for one in shop.get(f"/fulfillments?order_id={order['id']}")["fulfillments"]]
    assert numbers == ["T2", "T2", "T1"]


def test_pack_takes_what_is_left(shop: Shop, order: dict[str, Any]) -> None:
    create(shop, order, 1)
    packed: Any = shop.call("POST", f"/orders/{order['id']}/actions/pack", {"fulfillment": {"notes": "n"}}).json
    assert (packed["fulfillment"]["status"], packed["fulfillment_line_items"][0]["quantity"]) == ("packed", "2.0")
    assert states(shop, order) == ("finalized", "packed", "unshipped")
    assert "base" in errors(shop.call("POST", f"/orders/{order['id']}/actions/pack"))


def test_a_fulfillment_needs_lines_of_its_order(shop: Shop, order: dict[str, Any]) -> None:
    none = shop.call("POST", "/fulfillments", {"fulfillment": {"order_id": order["id"]}})
    assert errors(none) == {"base": ["Cannot create or update a Fulfillment without line items"]}
    item = {"order_line_item_id": 1, "quantity": 1}
    other = shop.call("POST", "/fulfillments", {"fulfillment": {"order_id": order["id"], "fulfillment_line_items": [item]}})
    assert errors(other)
    shipping = {"order_line_item_id": order["order_line_item_ids"][1], "quantity": 1}
    body = {"fulfillment": {"order_id": order["id"], "fulfillment_line_items": [shipping]}}
    assert errors(shop.call("POST", "/fulfillments", body))
    assert "order" in errors(shop.call("POST", "/fulfillments", {"fulfillment": {"order_id": 1}}))


def test_an_active_order_is_finalized_by_packing_and_a_draft_is_not(shop: Shop, variant: int) -> None:
    active = shop.order({"variant_id": variant}, status="active")
    draft = shop.order({"variant_id": variant}, status="draft")
    assert create(shop, active, 1).status_code == 201
    assert states(shop, active)[0] == "finalized"
    assert "base" in errors(create(shop, draft, 1))


def test_shipped_does_not_go_back_to_packed(shop: Shop, order: dict[str, Any]) -> None:
    shipped = create(shop, order, 3, status="fulfilled").json["fulfillment"]
    answer = shop.call("PUT", f"/fulfillments/{shipped['id']}", {"fulfillment": {"status": "packed"}})
    assert "status" in errors(answer)


def test_delete_undoes_packing_and_shipping(shop: Shop, order: dict[str, Any], variant: int) -> None:
    packed = create(shop, order, 1).json["fulfillment"]
    shipped = create(shop, order, 2, status="fulfilled").json["fulfillment"]
    assert shop.level(variant)["stock_on_hand"] == "8"
    assert shop.call("DELETE", f"/fulfillments/{packed['id']}").status_code == 204
    assert shop.call("DELETE", f"/fulfillments/{shipped['id']}").status_code == 204
    assert shop.level(variant)["stock_on_hand"] == "10"
    assert states(shop, order) == ("finalized", "unpacked", "unshipped")
    assert shop.order_now(order)["fulfillment_ids"] == []
    assert shop.ids("/fulfillments") == []
    assert shop.ids("/fulfillments?status=void,deleted") == [shipped["id"], packed["id"]]
    assert "base" in errors(shop.call("DELETE", f"/fulfillments/{packed['id']}"))


def test_void_ones_may_stay_in_the_order_s_ids(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("PATCH", "settings", {"keep_void_fulfillment_ids": True})
    packed = create(shop, order, 1).json["fulfillment"]
    shop.call("DELETE", f"/fulfillments/{packed['id']}")
    assert shop.order_now(order)["fulfillment_ids"] == [packed["id"]]


def test_shipped_at_may_stay_null(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("PATCH", "settings", {"shipped_at": "null"})
    assert create(shop, order, 3, status="fulfilled").json["fulfillment"]["shipped_at"] is None


def test_a_shipped_order_is_not_voided_and_a_packed_one_takes_its_fulfillments_along(
    shop: Shop, order: dict[str, Any], variant: int
) -> None:
    packed = create(shop, order, 1).json["fulfillment"]
    shop.call("DELETE", f"/orders/{order['id']}")
    assert states(shop, order)[0] == "void"
    assert shop.get(f"/fulfillments/{packed['id']}")["fulfillment"]["status"] == "void"
    other = shop.order({"variant_id": variant})
    create(shop, other, 1, status="fulfilled")
    assert "base" in errors(shop.call("DELETE", f"/orders/{other['id']}"))


def test_the_lines_of_a_packed_one_can_be_changed(shop: Shop, order: dict[str, Any]) -> None:
    made = create(shop, order, 1).json
    item = made["fulfillment_line_items"][0]["id"]
    change = {"fulfillment_line_item": {"quantity": 3}}
    assert shop.call("PUT", f"/fulfillment_line_items/{item}", change).status_code == 204
    assert states(shop, order)[1] == "packed"
    assert errors(shop.call("PUT", f"/fulfillment_line_items/{item}", {"fulfillment_line_item": {"quantity": 4}}))


def test_every_shipping_touches_the_order(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("POST", "clock", {"skew": 10})
    create(shop, order, 1)
    assert shop.order_now(order)["updated_at"] > order["updated_at"]


def test_the_ledger_tells_what_was_created_and_what_was_shipped(shop: Shop, order: dict[str, Any]) -> None:
    create(shop, order, 1, status="fulfilled", tracking_number="T1", tracking_company="UPS")
    [created], [shipped] = shop.ledger("fulfillment_created"), shop.ledger("fulfillment_shipped")
    assert created["tracking_number"] == "T1"
    assert (shipped["order_id"], shipped["lines"], shipped["source_id"]) == (order["id"], {"S1": "1.0"}, 24)
    create(shop, order, 1, status="fulfilled", tracking_number="T1", tracking_company="UPS")
    assert shop.control("GET", "ledger")["duplicates"] == {"fulfillment_created": 1}


def test_people_ship_wholly_partly_or_only_pack(shop: Shop, order: dict[str, Any]) -> None:
    line = order["order_line_item_ids"][0]
    part = shop.control("POST", f"orders/{order['id']}/ship", {"lines": {line: 1}, "tracking_number": "T1"})
    assert (part["status"], part["tracking_number"]) == ("fulfilled", "T1")
    assert states(shop, order)[2] == "partial"
    shop.control("POST", f"orders/{order['id']}/ship", {"pack_only": True})
    assert states(shop, order)[1:] == ("packed", "partial")
    shop.control("POST", f"orders/{order['id']}/ship", {"tracking_number": "T2"})
    assert states(shop, order) == ("fulfilled", "packed", "shipped")
    assert shop.ledger("fulfillment_created") == []


def test_the_demo_warehouse_ships_what_waits(shop: Shop, variant: int) -> None:
    for _ in range(6):
        shop.order({"variant_id": variant, "quantity": 2})
    shop.order({"variant_id": variant}, status="draft")
    assert len(shop.control("POST", "ship", {"count": 2, "seed": 1})) == 2
    parts = shop.control("POST", "ship", {"share_partial": 1, "seed": 2})
    assert len({part["tracking_number"] for part in parts}) == 4
    assert len(shop.ids("/orders?fulfillment_status=partial")) == 4
    assert len(shop.control("POST", "ship", {"only": "partial", "seed": 3})) == 4
    assert len(shop.ids("/orders?status=fulfilled")) == 6
    assert shop.control("POST", "ship", {}) == []


def test_the_summary_is_all_that_a_check_compares(shop: Shop, order: dict[str, Any]) -> None:
    shop.control("POST", f"orders/{order['id']}/ship", {"tracking_number": "T1", "tracking_company": "UPS"})
    told = shop.control("GET", f"summary?account={shop.account['account_id']}")
    [one] = told["orders"]
    assert (one["id"], one["status"], one["order_number"]) == (order["id"], "fulfilled", "1001")
    assert one["fulfillments"][0]["lines"] == [{"sku": "S1", "quantity": "3.0"}]
    assert [(level["sku"], level["available"]) for level in told["stock"]] == [("S1", "7")]
