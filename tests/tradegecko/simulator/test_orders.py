from __future__ import annotations

from typing import Any

import pytest

from .conftest import Shop, open_shop


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422, answer.text
    found: dict[str, list[str]] = answer.json["errors"]
    return found


def post(shop: Shop, **attributes: Any) -> Any:
    return shop.call("POST", "/orders", {"order": attributes})


@pytest.fixture
def company(shop: Shop) -> dict[str, Any]:
    made: Any = shop.call("POST", "/companies", {"company": {"name": "Bill's Boots", "company_type": "business"}}).json
    found: dict[str, Any] = made["company"]
    return found


@pytest.fixture
def address(shop: Shop, company: dict[str, Any]) -> dict[str, Any]:
    given = {"company_id": company["id"], "address1": "123 Cross St", "label": "Head Office"}
    made: Any = shop.call("POST", "/addresses", {"address": given}).json
    found: dict[str, Any] = made["address"]
    return found


def test_the_three_documented_ways_to_create_work(shop: Shop, company: dict[str, Any], address: dict[str, Any]) -> None:
    lines = [{"variant_id": shop.variant("S1"), "quantity": 1}]
    usual = {"status": "active", "issued_at": "21-02-2018", "order_line_items": lines}
    nested = {"address1": "123 Cross St", "city": "Springfield", "country": "United States of America"}
    known = post(
        shop, company_id=company["id"], shipping_address_id=address["id"], billing_address_id=address["id"], **usual
    ).json["order"]
    second = post(shop, company_id=company["id"], shipping_address={**nested, "label": "New"}, **usual).json["order"]
    third = post(
        shop,
        company={"name": "B", "company_code": "BB-123", "company_type": "business"},
        shipping_address={**nested, "label": "Head Office"},
        **usual,
    ).json["order"]
    assert known["shipping_address_id"] == address["id"]
    assert second["company_id"] == company["id"]
    assert second["billing_address_id"] == second["shipping_address_id"] != address["id"]
    assert third["company_id"] != company["id"]
    assert [known["status"], known["issued_at"]] == ["active", "2018-02-21"]


def test_an_order_takes_the_account_s_defaults(shop: Shop) -> None:
    order = shop.call("POST", "/orders", shop.draft()).json
    assert order is not None
    order = order["order"]
    assert order["status"] == "draft"
    assert order["stock_location_id"] == shop.main
    assert order["currency_id"] == shop.account["currency_ids"]["USD"]
    assert order["order_number"] == "SO0001"
    assert order["source_id"] == 24
    assert order["total"] == 0
    assert order["tax_treatment"] == "exclusive"


def test_blank_numbers_are_counted_on(shop: Shop) -> None:
    shop.order()
    assert shop.get("/orders/available_identifiers?type=order_number") == {"identifier": "SO0002"}
    assert shop.order()["order_number"] == "SO0002"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"company": None}, "company_id"),
        ({"company": None, "company_id": 999}, "company_id"),
        ({"company": {"company_type": "business"}}, "name"),
        ({"shipping_address": None}, "shipping_address_id"),
        ({"shipping_address": {"label": "x"}}, "address1"),
        ({"status": "fulfilled"}, "status"),
        ({"tax_treatment": "none"}, "tax_treatment"),
        ({"currency_iso": "DOLLARS"}, "currency"),
        ({"stock_location_id": 1}, "stock_location_id"),
        ({"issued_at": "soon"}, "issued_at"),
        ({"order_line_items": [{"quantity": 1}]}, "order_line_items.variant_id"),
        ({"order_line_items": [{"variant_id": 7, "quantity": 1}]}, "variant_id"),
        ({"order_line_items": [{"freeform": True}]}, "order_line_items.label"),
        ({"order_line_items": [{"freeform": True, "label": "x", "quantity": 0}]}, "order_line_items.quantity"),
        ({"order_line_items": [{"freeform": True, "label": "x", "line_type": "gift"}]}, "order_line_items.line_type"),
        ({"order_line_items": [{"freeform": True, "label": "x", "price": "abc"}]}, "price"),
        ({"order_line_items": [{"freeform": True, "label": "x", "discount": 101}]}, "order_line_items.discount"),
    ],
)
def test_a_wrong_order_is_refused_whole(shop: Shop, changed: dict[str, Any], field: str) -> None:
    answer = shop.call("POST", "/orders", shop.draft(**changed))
    assert list(errors(answer)) == [field]
    assert shop.get("/orders?status=draft")["orders"] == []
    assert shop.get("/companies")["companies"] == []
    assert shop.get("/addresses")["addresses"] == []


def test_an_address_label_is_unique_within_its_company(shop: Shop, company: dict[str, Any], address: dict[str, Any]) -> None:
    nested = {"address1": "x", "label": "Head Office"}
    assert errors(post(shop, company_id=company["id"], shipping_address=nested)) == {"label": ["has already been taken"]}
    other = post(shop, company={"name": "Other", "company_type": "business"}, shipping_address=nested)
    assert other.status_code == 201


def test_an_address_of_another_company_is_refused_unless_allowed(shop: Shop, address: dict[str, Any]) -> None:
    given = {"company": {"name": "Other", "company_type": "business"}, "shipping_address_id": address["id"]}
    assert "shipping_address_id" in errors(post(shop, **given))
    shop.control("PATCH", "settings", {"foreign_addresses": "allow"})
    assert post(shop, **given).status_code == 201


def test_duplicate_order_numbers_are_taken_unless_refused(shop: Shop) -> None:
    shop.order(order_number="1001")
    assert shop.order(order_number="1001")["order_number"] == "1001"
    shop.control("PATCH", "settings", {"duplicate_order_number": "refuse"})
    answer = shop.call("POST", "/orders", shop.draft(order_number="1001"))
    assert errors(answer) == {"order_number": ["has already been taken"]}


def test_issued_at_defaults_to_the_account_s_day(shop: Shop) -> None:
    there = open_shop(shop.browser, "bob@example.com", time_zone="Pacific/Kiritimati")
    here = open_shop(shop.browser, "eve@example.com", time_zone="Pacific/Pago_Pago")
    assert there.order()["issued_at"] > here.order()["issued_at"]
    shop.control("PATCH", "settings", {"issued_at_required": True})
    assert "issued_at" in errors(shop.call("POST", "/orders", shop.draft()))


@pytest.mark.parametrize(
    "written", ["21-02-2018", "2018-02-21", "2018-02-21T23:59:59+14:00", "Wed, 21 Feb 2018 09:50:56 GMT", "21 Feb 2018"]
)
def test_dates_come_in_many_forms(shop: Shop, written: str) -> None:
    assert shop.order(issued_at=written)["issued_at"] == "2018-02-21"


def test_an_order_may_be_in_any_currency_of_the_account(shop: Shop) -> None:
    assert shop.order(currency_iso="EUR")["currency_id"] == shop.account["currency_ids"]["EUR"]


@pytest.fixture
def taxed(shop: Shop) -> Shop:
    taxes = [{"name": "Sales Tax", "code": "SALES", "rate": "15"}, {"name": "Exempt", "code": "EXEMPT", "rate": 0}]
    return open_shop(shop.browser, "bob@example.com", tax_types=taxes)


@pytest.mark.parametrize(
    ("treatment", "line", "total"),
    [
        ("exclusive", {"price": "10", "quantity": 3}, "34.5"),
        ("inclusive", {"price": "10", "quantity": 3}, "30.0"),
        ("exclusive", {"price": "10", "quantity": 3, "discount": "10"}, "31.05"),
        ("exclusive", {"price": "10", "quantity": 3, "discount_amount": "5"}, "28.75"),
        ("exclusive", {"price": "10", "quantity": 3, "tax_rate_override": "20"}, "36.0"),
        ("exclusive", {"price": "9.99", "quantity": 1, "tax_type_id": "exempt"}, "9.99"),
        ("inclusive", {"price": "-2.5", "line_type": "discount"}, "-2.5"),
        ("exclusive", {"price": "0.3333", "quantity": 1}, "0.38"),
    ],
)
def test_totals_follow_from_lines_discounts_and_tax(taxed: Shop, treatment: str, line: dict[str, Any], total: str) -> None:
    if line.get("tax_type_id") == "exempt":
        line = {**line, "tax_type_id": taxed.account["tax_type_ids"]["EXEMPT"]}
    order = taxed.order({"label": "x", "freeform": True, **line}, tax_treatment=treatment)
    assert order["total"] == total
    assert order["cached_total"] == total


def test_a_price_that_is_left_out_comes_from_the_price_list(shop: Shop) -> None:
    variant = shop.variant("S1", retail_price="12", wholesale_price="8")
    assert shop.order({"variant_id": variant})["total"] == "12.0"
    assert shop.order({"variant_id": variant}, default_price_list_id="wholesale")["total"] == "8.0"


def test_put_changes_what_is_sent_and_adds_lines_without_ids(shop: Shop) -> None:
    variant = shop.variant("S1")
    order = shop.order({"variant_id": variant, "quantity": 1, "price": 10}, notes="keep")
    change = {"order_line_items": [{"variant_id": variant, "quantity": 2, "price": 5}], "email": "a@example.com"}
    answer = shop.call("PUT", f"/orders/{order['id']}", {"order": change})
    assert (answer.status_code, answer.data) == (204, b"")
    now = shop.order_now(order)
    assert (now["total"], now["notes"], now["email"]) == ("20.0", "keep", "a@example.com")
    assert len(now["order_line_item_ids"]) == 2
    first = now["order_line_item_ids"][0]
    shop.call("PUT", f"/orders/{order['id']}", {"order": {"order_line_items": [{"id": first, "quantity": 4}]}})
    assert shop.order_now(order)["total"] == "50.0"


def test_put_bumps_updated_at_and_ignores_what_it_does_not_know(shop: Shop) -> None:
    order = shop.order()
    shop.control("POST", "clock", {"skew": 5})
    answer = shop.call("PUT", f"/orders/{order['id']}", {"order": {"total": "99", "payment_status": "paid"}})
    assert answer.status_code == 204
    now = shop.order_now(order)
    assert (now["total"], now["payment_status"]) == (0, "unpaid")
    assert now["updated_at"] > order["updated_at"]


def test_changes_to_a_finalized_order_may_be_refused(shop: Shop) -> None:
    order = shop.order()
    shop.control("PATCH", "settings", {"put_finalized": "refuse"})
    assert "base" in errors(shop.call("PUT", f"/orders/{order['id']}", {"order": {"email": "a@example.com"}}))
    change = {"order": {"notes": "n", "tags": ["t"], "reference_number": "R"}}
    assert shop.call("PUT", f"/orders/{order['id']}", change).status_code == 204


def test_a_draft_is_deleted_and_anything_later_is_void(shop: Shop) -> None:
    draft, final, voided = shop.order(status="draft"), shop.order(), shop.order(status="active")
    assert shop.call("DELETE", f"/orders/{draft['id']}").status_code == 204
    assert shop.call("DELETE", f"/orders/{final['id']}").status_code == 204
    assert shop.call("POST", f"/orders/{voided['id']}/actions/void").status_code == 201
    assert [shop.order_now(order)["status"] for order in (draft, final, voided)] == ["deleted", "void", "void"]
    assert [entry["order_id"] for entry in shop.ledger("order_voided")] == [draft["id"], final["id"], voided["id"]]
    assert "base" in errors(shop.call("PUT", f"/orders/{final['id']}", {"order": {"email": "x"}}))


def test_pay_invoices_the_rest_and_pays_it(shop: Shop) -> None:
    order = shop.order({"variant_id": shop.variant("S1"), "quantity": 2, "price": "10"})
    line = order["order_line_item_ids"][0]
    invoice: Any = shop.call(
        "POST",
        "/invoices",
        {"invoice": {"order_id": order["id"], "invoice_line_items": [{"order_line_item_id": line, "quantity": 1}]}},
    ).json
    assert invoice["invoice"]["cached_total"] == "10.0"
    now = shop.order_now(order)
    assert (now["invoice_status"], now["payment_status"]) == ("partial", "unpaid")
    body = {"payment": {"payment_method_name": "Credit Card", "paid_at": "2015-11-12T08:06:01.561Z"}}
    assert shop.call("POST", f"/orders/{order['id']}/actions/pay", body).status_code == 201
    now = shop.order_now(order)
    assert (now["invoice_status"], now["payment_status"], len(now["invoice_ids"])) == ("invoiced", "paid", 2)
    assert list(now["invoice_numbers"]) == [str(number) for number in now["invoice_ids"]]
    assert len(shop.get("/payments")["payments"]) == 2


def test_a_part_payment_leaves_the_order_partial(shop: Shop) -> None:
    order = shop.order({"variant_id": shop.variant("S1"), "price": "10"})
    shop.call("POST", f"/orders/{order['id']}/actions/invoice")
    invoice = shop.order_now(order)["invoice_ids"][0]
    shop.call("POST", "/payments", {"payment": {"invoice_id": invoice, "amount": 4, "paid_at": "30 Mar 2015"}})
    assert shop.order_now(order)["payment_status"] == "partial"
    assert shop.get("/payments")["payments"][0]["paid_at"] == "2015-03-30T00:00:00.000Z"


def test_the_status_of_an_action_is_a_setting(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"action_status": 200})
    order = shop.order({"variant_id": shop.variant("S1")})
    assert shop.call("POST", f"/orders/{order['id']}/actions/invoice").status_code == 200
    assert shop.call("POST", f"/orders/{order['id']}/actions/fulfill").status_code == 404


def test_a_draft_can_be_neither_invoiced_nor_packed(shop: Shop) -> None:
    order = shop.order({"variant_id": shop.variant("S1")}, status="draft")
    for action in ("invoice", "pay", "pack", "fulfil"):
        assert "base" in errors(shop.call("POST", f"/orders/{order['id']}/actions/{action}"))
    assert shop.order_now(order)["invoice_ids"] == []


def test_a_new_order_is_not_seen_while_it_is_processed(shop: Shop) -> None:
    shop.control("PATCH", "settings", {"processing_delay": 60})
    order = shop.order(reference_number="R1")
    assert shop.ids("/orders?reference_number=R1") == []
    assert shop.call("GET", f"/orders/{order['id']}").status_code == 404
    shop.control("POST", "clock", {"skew": 61})
    assert shop.ids("/orders?reference_number=R1") == [order["id"]]


def test_the_ledger_counts_a_second_order_for_the_same_reference(shop: Shop, others_shop: Shop) -> None:
    shop.order(reference_number="R1")
    others_shop.order(reference_number="R1")
    assert shop.control("GET", "ledger")["duplicates"] == {}
    shop.order(reference_number="R1")
    assert shop.control("GET", "ledger")["duplicates"] == {"order_created": 1}


def test_an_order_by_a_person_has_no_source_and_is_nobody_s_duplicate(shop: Shop) -> None:
    shop.variant("S1")
    wanted = {"lines": [{"sku": "S1", "quantity": 2, "price": "5"}], "paid": True, "reference_number": "R1"}
    order = shop.control("POST", "orders", wanted)
    shop.control("POST", "orders", wanted)
    assert (order["source_id"], order["status"], order["payment_status"], order["total"]) == (None, "finalized", "paid", "10.0")
    assert shop.control("GET", "ledger")["duplicates"] == {}


def test_forms_make_orders_too(shop: Shop) -> None:
    variant = shop.variant("S1")
    answer: Any = shop.browser.post(
        "/orders",
        data={
            "order[company][name]": "B",
            "order[company][company_type]": "business",
            "order[shipping_address][address1]": "x",
            "order[order_line_items][][variant_id]": str(variant),
            "order[order_line_items][][quantity]": "2",
        },
        headers={"Authorization": f"Bearer {shop.token}"},
    )
    assert answer.status_code == 201
    assert answer.json["order"]["total"] == "20.0"
