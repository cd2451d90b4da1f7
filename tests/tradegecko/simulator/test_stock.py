from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shop
from .test_orders import errors


def figures(shop: Shop, variant: int) -> tuple[str, str, str]:
    level = shop.level(variant)
    return level["stock_on_hand"], level["committed_stock"], level["available_stock"]


@pytest.mark.parametrize(("status", "committed"), [("draft", "0"), ("active", "4"), ("finalized", "4")])
def test_a_draft_commits_nothing(shop: Shop, status: str, committed: str) -> None:
    variant = shop.variant("S1")
    shop.order({"variant_id": variant, "quantity": 4}, status=status)
    assert figures(shop, variant) == ("10", committed, str(10 - int(committed)))


def test_shipping_moves_from_committed_out_of_the_door(shop: Shop) -> None:
    variant = shop.variant("S1")
    order = shop.order({"variant_id": variant, "quantity": 4})
    shop.control("POST", f"orders/{order['id']}/ship", {"lines": {order["order_line_item_ids"][0]: 1}})
    assert figures(shop, variant) == ("9", "3", "6")
    shop.control("POST", f"orders/{order['id']}/ship")
    assert figures(shop, variant) == ("6", "0", "6")


def test_void_frees_what_was_committed(shop: Shop) -> None:
    variant = shop.variant("S1")
    order = shop.order({"variant_id": variant, "quantity": 4})
    shop.call("DELETE", f"/orders/{order['id']}")
    assert figures(shop, variant) == ("10", "0", "10")


def test_a_change_of_the_order_changes_what_it_commits(shop: Shop) -> None:
    variant = shop.variant("S1")
    order = shop.order({"variant_id": variant, "quantity": 4}, status="draft")
    shop.call("PUT", f"/orders/{order['id']}", {"order": {"status": "active"}})
    assert figures(shop, variant)[1] == "4"
    line = order["order_line_item_ids"][0]
    shop.call("PUT", f"/order_line_items/{line}", {"order_line_item": {"quantity": "1.5"}})
    assert figures(shop, variant) == ("10", "1.5", "8.5")


def test_each_location_has_its_own_level(shop: Shop) -> None:
    variant = shop.variant("S1", stock={shop.main: 5, shop.second: 3})
    shop.order({"variant_id": variant, "quantity": 4}, stock_location_id=shop.second)
    levels = {level["location_id"]: level for level in shop.get(f"/variants/{variant}")["variant"]["locations"]}
    assert levels[shop.main]["available"] == "5"
    assert levels[shop.second]["available"] == "-1"
    assert shop.get(f"/variants/{variant}")["variant"]["available_stock"] == "4"


def test_an_untracked_variant_is_left_alone(shop: Shop) -> None:
    variant = shop.variant("S1", manage_stock=False, stock={})
    order = shop.order({"variant_id": variant, "quantity": 4})
    shop.control("POST", f"orders/{order['id']}/ship")
    assert figures(shop, variant) == ("0", "0", "0")
    assert shop.order_now(order)["status"] == "fulfilled"


def test_stock_itself_is_read_only(shop: Shop) -> None:
    variant = shop.variant("S1")
    answer = shop.call("PUT", f"/variants/{variant}", {"variant": {"stock_on_hand": "99", "name": "New"}})
    assert answer.status_code == 204
    assert figures(shop, variant)[0] == "10"
    assert shop.get(f"/variants/{variant}")["variant"]["name"] == "New"


@pytest.mark.parametrize("bumps", [False, True])
def test_whether_a_change_of_stock_touches_the_variant_is_a_setting(shop: Shop, bumps: bool) -> None:
    shop.control("PATCH", "settings", {"stock_bumps_variant": bumps})
    variant = shop.variant("S1")
    before = shop.get(f"/variants/{variant}")["variant"]["updated_at"]
    shop.control("POST", "clock", {"skew": 10})
    shop.control("POST", "stock", {"sku": "S1", "location_id": shop.main, "on_hand": 3, "account": shop.account["account_id"]})
    assert figures(shop, variant)[0] == "3"
    assert (shop.get(f"/variants/{variant}")["variant"]["updated_at"] > before) is bumps


def adjust(shop: Shop, variant: int, quantity: Any, **attributes: Any) -> Any:
    line = {"variant_id": variant, "quantity": quantity, "price": attributes.pop("price", None)}
    given = {"stock_location_id": shop.main, "reason": "promotion", "stock_adjustment_line_items": [line], **attributes}
    return shop.call("POST", "/stock_adjustments", {"stock_adjustment": given})


def test_an_adjustment_is_relative_and_its_end_takes_it_back(shop: Shop) -> None:
    variant = shop.variant("S1")
    made = adjust(shop, variant, -3).json["stock_adjustment"]
    assert (made["cached_quantity"], made["status"], made["reason_label"]) == ("-3.0", "received", "Promotion")
    assert figures(shop, variant)[0] == "7"
    assert shop.call("DELETE", f"/stock_adjustments/{made['id']}").status_code == 204
    assert figures(shop, variant)[0] == "10"


def test_a_wrong_adjustment_is_refused(shop: Shop) -> None:
    variant = shop.variant("S1")
    assert "reason" in errors(adjust(shop, variant, -1, reason="invalid"))
    assert "stock_adjustment_line_items.price" in errors(adjust(shop, variant, 1))
    assert adjust(shop, variant, 1, price=2).status_code == 201
    assert errors(adjust(shop, 1, -1))
    assert figures(shop, variant)[0] == "11"


def test_a_variant_may_begin_with_stock(shop: Shop) -> None:
    product: Any = shop.call("POST", "/products", {"product": {"name": "Gobstopper"}}).json
    given = {
        "product_id": product["product"]["id"],
        "sku": "SV1234",
        "initial_stock_level": 100,
        "initial_stock_location_id": shop.second,
    }
    variant: Any = shop.call("POST", "/variants", {"variant": given}).json
    assert variant["variant"]["stock_levels"] == {str(shop.second): "100.0"}
    assert variant["variant"]["product_name"] == "Gobstopper"


def test_a_sku_need_not_be_unique(shop: Shop) -> None:
    first, second = shop.variant("S1"), shop.variant("S1")
    assert shop.ids("/variants?sku=S1") == [second, first]


def test_a_bundle_tells_its_parts_at_every_known_address(shop: Shop) -> None:
    part = shop.variant("PART")
    bundle = shop.variant("BUNDLE", components=[{"variant_id": part, "quantity": 2}])
    row = {
        "bundle_sku": "BUNDLE",
        "component_sku": "PART",
        "quantity": "2.0",
        "bundle_id": bundle,
        "component_id": part,
    }
    for path in (f"/variants/composition/{bundle}", f"/variants/{bundle}/composition", f"/composition?ids={bundle}"):
        assert shop.get(path) == {"composition": [row]}


def test_shippability_follows_the_stock_when_the_order_changes(shop: Shop) -> None:
    variant = shop.variant("S1")
    shippable = shop.order({"variant_id": variant, "quantity": 4})
    short = shop.order({"variant_id": variant, "quantity": 40})
    assert (shippable["shippability_status"], shippable["backordering_status"]) == ("shippable", "not_backordered")
    assert (short["shippability_status"], short["backordering_status"]) == ("not_shippable", "backordered")
