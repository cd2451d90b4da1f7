from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shop, open_shop


def test_without_a_token_nothing_is_told(shop: Shop) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Basic {shop.token}"}):
        answer = shop.browser.get("/orders", headers=headers)
        assert answer.status_code == 401
        assert answer.json is not None
        assert answer.json["type"] == "unauthorized"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "X-Rate-Limit-Limit" not in answer.headers


def test_a_lapsed_subscription_is_402(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"lapsed_accounts": [shop.account["account_id"]]})
    assert shop.call("GET", "/orders").status_code == 402


def test_what_a_user_may_not_write_is_403(shop: Shop) -> None:
    weak = {"email": "bob@example.com", "permissions": ["write_companies"]}
    bob = open_shop(shop.browser, "bob@example.com", users=[weak])
    assert bob.call("POST", "/orders", bob.draft()).status_code == 403
    assert bob.call("POST", "/companies", {"company": {"name": "B", "company_type": "business"}}).status_code == 201
    assert bob.call("GET", "/orders").status_code == 200
    assert bob.get("/users/current")["user"]["permissions"] == ["write_companies"]


def test_the_words_of_an_unknown_answer_are_a_setting(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"error_bodies": {"401": {"type": "Unauthorized"}}, "www_authenticate": ""})
    answer = shop.browser.get("/orders")
    assert answer.json == {"type": "Unauthorized"}
    assert "WWW-Authenticate" not in answer.headers


def test_what_is_not_there_is_404_by_its_name(shop: Shop) -> None:
    answer = shop.call("GET", "/orders/12345")
    assert (answer.status_code, answer.json) == (404, {"type": "Not Found", "message": "Couldn't find order with id 12345"})
    for path in ("/orders/abc", "/nothing", "/orders/1/2/3"):
        assert shop.call("GET", path).status_code == 404


@pytest.mark.parametrize("body", [{}, {"order_id": 1}, {"invoice": {"order_id": 1}}])
def test_a_missing_root_is_400_and_so_is_an_invoice_without_lines(shop: Shop, body: dict[str, Any]) -> None:
    answer = shop.call("POST", "/invoices", body)
    assert answer.status_code == 400
    assert answer.json == {"type": "Bad Request", "message": "Required parameter missing: invoice"}


def test_an_invoice_without_an_order_is_404(shop: Shop) -> None:
    given = {"invoice": {"invoice_line_items": [{"quantity": "0.3", "order_line_item_id": "2361192"}]}}
    assert shop.call("POST", "/invoices", given).status_code == 404


def test_json_that_does_not_parse_is_400(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {shop.token}", "Content-Type": "application/json"}
    assert shop.browser.post("/orders", data=b'{"order": ', headers=headers).status_code == 400


def test_what_can_not_be_written_is_not_found(shop: Shop) -> None:
    assert shop.call("POST", "/tax_types", {"tax_type": {}}).status_code == 404
    assert shop.call("DELETE", "/accounts/current").status_code == 404


def test_required_attributes_are_named(shop: Shop) -> None:
    answer = shop.call("POST", "/companies", {"company": {}})
    assert answer.status_code == 422
    assert answer.json == {"errors": {"name": ["can't be blank"], "company_type": ["can't be blank"]}}


def test_a_deleted_company_is_archived_and_hidden(shop: Shop) -> None:
    made: Any = shop.call("POST", "/companies", {"company": {"name": "B", "company_type": "business"}}).json
    path = f"/companies/{made['company']['id']}"
    assert shop.call("DELETE", path).status_code == 204
    assert shop.ids("/companies") == []
    assert shop.ids("/companies?status=archived") == [made["company"]["id"]]


def test_an_address_answers_put_with_its_body(shop: Shop) -> None:
    address = shop.order()["shipping_address_id"]
    answer: Any = shop.call("PUT", f"/addresses/{address}", {"address": {"city": "Leeds"}})
    assert answer.status_code == 200
    assert answer.json["address"]["city"] == "Leeds"


def test_a_created_object_says_where_an_internal_path_has_it(shop: Shop) -> None:
    answer = shop.call("POST", "/products", {"product": {"name": "Gary"}})
    assert answer.json is not None
    assert answer.headers["Location"].endswith(f"/ajax/products/{answer.json['product']['id']}")


def test_an_unknown_setting_is_refused(shop: Shop) -> None:
    assert shop.browser.patch("/_control/settings", json={"rate_limits": 1}).status_code == 400
