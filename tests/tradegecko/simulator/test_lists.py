from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Shop


def page(shop: Shop, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    answer = shop.call("GET", path)
    assert answer.status_code == 200, answer.text
    body: Any = answer.json
    return body, json.loads(answer.headers["X-Pagination"])


@pytest.fixture
def seven(shop: Shop) -> list[int]:
    return [shop.variant(f"S{number}") for number in range(7)]


def test_a_list_is_compact_and_escapes_as_rails_does(shop: Shop) -> None:
    shop.variant("S1", name="Salt & <Pepper>")
    text = shop.call("GET", "/variants").text
    assert "Salt \\u0026 \\u003cPepper\\u003e" in text
    assert '": ' not in text
    assert not text.endswith("\n")


def test_pages_tell_where_they_stand(shop: Shop, seven: list[int]) -> None:
    body, told = page(shop, "/variants?limit=3&page=2")
    assert [variant["id"] for variant in body["variants"]] == seven[::-1][3:6]
    assert told == {
        "total_records": 7,
        "total_pages": 3,
        "first_page": False,
        "last_page": False,
        "out_of_bounds": False,
        "offset": 3,
    }
    assert body["meta"] == {"total": 7}


def test_link_points_at_an_internal_path(shop: Shop, seven: list[int]) -> None:
    link = shop.call("GET", "/variants?limit=3").headers["Link"]
    assert link == (
        '<http://localhost/ajax/variants?limit=3&page=2>; rel="next", <http://localhost/ajax/variants?limit=3&page=3>; rel="last"'
    )
    assert shop.call("GET", "/ajax/variants").status_code == 404


def test_limit_0_counts_only(shop: Shop, seven: list[int]) -> None:
    body, told = page(shop, "/variants?limit=0")
    assert body["variants"] == []
    assert (told["total_records"], told["total_pages"], told["first_page"], told["last_page"]) == (7, 1, True, True)


def test_past_the_end_is_empty_and_out_of_bounds(shop: Shop, seven: list[int]) -> None:
    body, told = page(shop, "/variants?limit=3&page=4")
    assert body["variants"] == []
    assert told["out_of_bounds"] is True


def test_a_page_has_50_unless_asked_and_250_at_most(shop: Shop) -> None:
    shop.control("POST", "variants", [{"sku": f"S{number}"} for number in range(251)])
    assert len(shop.ids("/variants")) == 50
    assert len(shop.ids("/variants?limit=250")) == 250
    refused = shop.call("GET", "/variants?limit=251")
    assert refused.status_code == 400
    assert refused.json is not None
    assert refused.json["type"] == "Bad Request"
    shop.control("PATCH", "settings", {"over_limit": "clamp"})
    assert len(shop.ids("/variants?limit=251")) == 250


def test_ids_come_in_both_spellings_and_blanks_mean_nothing(shop: Shop, seven: list[int]) -> None:
    first, second = seven[1], seven[4]
    assert shop.ids(f"/variants?ids={first},{second}") == [second, first]
    assert shop.ids(f"/variants?ids[]={first}&ids[]={second}") == [second, first]
    assert len(shop.ids("/variants?ids=&sku=")) == 7


def test_sku_and_search_find_their_variant(shop: Shop, seven: list[int]) -> None:
    assert shop.ids("/variants?sku=S3") == [seven[3]]
    assert shop.ids("/variants?q=s3") == [seven[3]]
    assert shop.ids("/variants?sku[]=S3&sku[]=S5") == [seven[5], seven[3]]


def test_the_time_window_is_closed_at_both_ends(shop: Shop) -> None:
    first = shop.order(reference_number="A")
    shop.control("POST", "clock", {"skew": 3600})
    second = shop.order(reference_number="B")
    assert shop.ids(f"/orders?updated_at_min={second['updated_at']}") == [second["id"]]
    assert shop.ids(f"/orders?updated_at_max={first['updated_at']}") == [first["id"]]
    assert shop.ids(f"/orders?created_at_min={first['created_at']}&created_at_max={first['created_at']}") == [first["id"]]


def test_a_window_takes_any_zone(shop: Shop) -> None:
    order = shop.order()
    moment = order["updated_at"].replace("Z", "")
    assert shop.ids(f"/orders?updated_at_min={moment}%2B00:00") == [order["id"]]
    assert shop.ids(f"/orders?updated_at_min={moment}-02:00") == []


def test_a_window_that_is_no_time_is_refused(shop: Shop) -> None:
    assert shop.call("GET", "/orders?updated_at_min=yesterday-ish").status_code == 400


def test_order_sorts(shop: Shop) -> None:
    first, second = shop.order(), shop.order()
    shop.control("POST", "clock", {"skew": 60})
    shop.call("PUT", f"/orders/{first['id']}", {"order": {"notes": "touched"}})
    assert shop.ids("/orders") == [second["id"], first["id"]]
    assert shop.ids("/orders?order=updated_at asc") == [second["id"], first["id"]]
    assert shop.ids("/orders?order=updated_at desc") == [first["id"], second["id"]]
    assert shop.ids("/orders?order=created_at asc") == [first["id"], second["id"]]


def test_orders_are_found_by_their_numbers_exactly(shop: Shop) -> None:
    order = shop.order(order_number="1001", reference_number="R-1")
    shop.order(order_number="10011", reference_number="R-11")
    assert shop.ids("/orders?order_number=1001") == [order["id"]]
    assert shop.ids("/orders?reference_number=R-1") == [order["id"]]
    shop.control("PATCH", "settings", {"order_number_match": "contains"})
    assert len(shop.ids("/orders?order_number=1001")) == 2


def test_statuses_combine_and_the_default_scope_is_a_setting(shop: Shop) -> None:
    draft, final = shop.order(status="draft"), shop.order()
    shop.call("DELETE", f"/orders/{draft['id']}")
    assert shop.ids("/orders") == [final["id"]]
    assert shop.ids("/orders?status=deleted,finalized") == [final["id"], draft["id"]]
    shop.control("PATCH", "settings", {"default_scope": "shown"})
    assert shop.ids("/orders") == [final["id"], draft["id"]]


def test_tags_filter(shop: Shop) -> None:
    order = shop.order(tags=["cartrover", "ebay"])
    shop.order(tags=["other"])
    assert shop.ids("/orders?tags=ebay") == [order["id"]]


def test_a_single_order_brings_what_it_is_asked_to_and_before_itself(shop: Shop) -> None:
    variant = shop.variant("S1")
    order = shop.order({"variant_id": variant, "quantity": 1})
    text = shop.call("GET", f"/orders/{order['id']}?include=order_line_items,shipping_address,billing_address,company").text
    body = json.loads(text)
    assert list(body) == ["order_line_items", "addresses", "companies", "order"]
    assert [line["variant_id"] for line in body["order_line_items"]] == [variant]
    assert len(body["addresses"]) == 1
    assert list(shop.get("/orders?include=company")) == ["orders", "meta"]


def test_products_bring_their_variants(shop: Shop) -> None:
    variant = shop.variant("S1")
    body = shop.get("/products?include=variants")
    assert [one["id"] for one in body["variants"]] == [variant]
    assert body["products"][0]["variant_ids"] == [variant]


def test_fulfillments_and_invoices_always_bring_their_lines(shop: Shop) -> None:
    order = shop.order({"variant_id": shop.variant("S1"), "quantity": 1})
    shop.call("POST", f"/orders/{order['id']}/actions/invoice")
    shop.call("POST", f"/orders/{order['id']}/actions/pack")
    assert list(shop.get("/fulfillments")) == ["fulfillment_line_items", "fulfillments", "meta"]
    assert list(shop.get("/invoices")) == ["invoice_line_items", "invoices"]
    assert list(shop.get("/tax_types")) == ["tax_components", "tax_types"]


def test_lines_come_by_position(shop: Shop) -> None:
    order = shop.order(*({"label": name, "freeform": True, "price": 1} for name in "abc"))
    lines = shop.get(f"/order_line_items?order_id={order['id']}")["order_line_items"]
    assert [line["label"] for line in lines] == ["a", "b", "c"]
    assert shop.ids("/order_line_items?order_status=draft") == []


def test_too_many_filters_are_414(shop: Shop) -> None:
    many = "&".join(f"ids[]={number}" for number in range(1000))
    assert shop.call("GET", f"/variants?{many}").status_code == 414


def test_slashes_and_json_at_the_end_mean_nothing(shop: Shop) -> None:
    order = shop.order()
    assert shop.get("/orders/")["orders"] == shop.get("/orders.json")["orders"]
    assert shop.get(f"/orders/{order['id']}.json")["order"]["id"] == order["id"]


def test_resources_that_nothing_fills_are_empty_lists(shop: Shop) -> None:
    assert shop.get("/channels") == {"channels": []}
    assert shop.call("GET", "/purchase_orders?limit=5").headers["X-Pagination"]


def test_one_account_never_sees_another_s(shop: Shop, others_shop: Shop) -> None:
    order = shop.order({"variant_id": shop.variant("S1"), "quantity": 1}, reference_number="R1")
    for path in ("/orders", "/variants", "/companies", "/addresses", "/order_line_items", "/stock_levels"):
        assert others_shop.get(path)[path[1:]] == []
    assert others_shop.call("GET", f"/orders/{order['id']}").status_code == 404
    assert others_shop.call("PUT", f"/orders/{order['id']}", {"order": {"notes": "x"}}).status_code == 404
    assert others_shop.ids("/orders?reference_number=R1") == []
    assert others_shop.call("DELETE", f"/orders/{order['id']}").status_code == 404


def test_headers_are_those_of_the_recordings(shop: Shop) -> None:
    headers = shop.call("GET", "/locations").headers
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["ETag"].startswith('W/"')
    assert len(headers["ETag"]) == 36
    for name in ("X-Request-Id", "X-Runtime", "X-Frame-Options", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining"):
        assert name in headers
    assert int(headers["X-Rate-Limit-Reset"]) % 300 == 0


def test_date_follows_the_stand_in_s_clock(shop: Shop) -> None:
    shop.control("POST", "clock", {"skew": 366 * 86400})
    year = shop.world.clock.now().strftime("%Y")
    assert year in shop.call("GET", "/locations").headers["Date"]
