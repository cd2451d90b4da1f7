"""TradeGecko as a warehouse, over real HTTP. What happened is read from the stand-in, never from our own answer."""

from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from typing import Any

import pytest

from integrations.contract import Delivery, DeliveryLine, RemoteOrder
from integrations.outcomes import Ambiguous, NeedsMerchant, Rejected, RetryLater
from integrations.tradegecko.warehouse import TradeGeckoWarehouse
from tests.contract.warehouse import of
from tests.tradegecko.scene import CART, PORTAL, Scene


def order_there(scene: Scene, made: RemoteOrder) -> dict[str, Any]:
    answer: dict[str, Any] = scene.get(f"orders/{made.remote_id}?include=order_line_items,shipping_address")
    return {**answer["order"], "lines": answer["order_line_items"], "address": answer["addresses"][0]}


# ------------------------------------------------------------------------------------------------------------------- customers


def test_a_cart_is_one_company_found_or_made_once(scene: Scene) -> None:
    warehouse = scene.warehouse()
    assert warehouse.find_customer(CART) is None
    made = warehouse.make_customer(CART, key="c1")
    assert warehouse.find_customer(CART) == made
    with pytest.raises(Ambiguous) as doubt:
        warehouse.make_customer(CART, key="c1")
    assert doubt.value.key_spent
    assert [company["name"] for company in scene.get("companies")["companies"]] == ["eBay US"]


def test_a_company_whose_code_only_resembles_the_carts_is_not_it(scene: Scene) -> None:
    warehouse = scene.warehouse()
    warehouse.make_customer(dataclasses.replace(CART, key="CR-EBAY-1"), key="c1")
    warehouse.make_customer(dataclasses.replace(CART, key="cr-ebay-11"), key="c2")
    assert warehouse.find_customer(CART) is None


# ------------------------------------------------------------------------------------------------------------------- an order


def test_an_order_arrives_as_it_was_delivered(scene: Scene) -> None:
    made = scene.warehouse().send_order(scene.delivery(), key="k1")
    order = order_there(scene, made)
    told = ("status", "issued_at", "order_number", "reference_number", "source_url", "tags", "total", "notes", "email")
    assert {name: order[name] for name in told} == {
        "status": "finalized",
        "issued_at": "2026-03-02",
        "order_number": "12-34567-89012",
        "reference_number": "A1B2C3",
        "source_url": f"{PORTAL}/o/1",
        "tags": ["cartrover"],
        "total": "37.48",
        "notes": "Ring twice\nIOSS: IM2760000742",
        "email": "ada@example.com",
    }
    assert [(line["variant_id"], line["label"], line["line_type"], line["price"]) for line in order["lines"]] == [
        (scene.variants["MUG-1"], None, "product", "10.0"),
        (scene.variants["HAT-1"], None, "product", "15.0"),
        (None, "USPS Ground", "shipping", "3.99"),
        (None, "Tax", "fee", "0.5"),
        (None, "Discount", "discount", "-2.0"),
        (None, "Rounding", "rounding", "-0.01"),
    ]
    address = order["address"]
    assert (address["label"], address["first_name"], address["last_name"]) == ("A1B2C3", "Ada King", "Lovelace")
    assert (address["address1"], address["address2"], address["city"]) == ("1 Main St", "Unit 2", "London")
    assert (address["state"], address["zip_code"], address["country_code"]) == ("England", "N1 9GU", "GB")
    assert made == RemoteOrder(
        remote_id=str(order["id"]),
        ref="A1B2C3",
        number="12-34567-89012",
        customer_id=str(order["company_id"]),
        status="finalized",
        total=Decimal("37.48"),
        lines=((str(scene.variants["MUG-1"]), 2), (str(scene.variants["HAT-1"]), 1)),
        ours=True,
        updated_at=made.updated_at,
        line_ids={"l1": str(order["lines"][0]["id"]), "l2": str(order["lines"][1]["id"])},
    )


def test_an_order_takes_one_call(scene: Scene) -> None:
    delivery = scene.delivery()
    scene.wire.permitted.clear()
    scene.warehouse().send_order(delivery, key="k1")
    assert scene.wire.permitted == [("orders", True)]


@pytest.mark.parametrize("treatment", ["inclusive", "exclusive"])
@pytest.mark.parametrize("account_treatment", ["inclusive", "exclusive"])
def test_the_total_there_is_what_the_buyer_paid_in_a_country_with_tax(gecko: Any, treatment: str, account_treatment: str) -> None:
    scene = Scene.set_up(gecko, f"{treatment}-{account_treatment}@example.com", tax_treatment=account_treatment)
    made = scene.warehouse(tax_treatment=treatment).send_order(scene.delivery(), key="k1")
    order = order_there(scene, made)
    assert (order["total"], order["tax_treatment"]) == ("37.48", treatment)
    assert made.remark == ""


def test_a_total_that_turned_out_otherwise_is_remarked_and_not_paid(scene: Scene) -> None:
    scene.gecko.fault(
        "effect_then_status",
        method="POST",
        path="^/orders$",
        status=201,
        body='{"order":{"id":5,"total":"43.1","reference_number":"A1B2C3","updated_at":"2026-03-01T23:31:00.000Z"}}',
    )
    made = scene.warehouse(pay=True).send_order(scene.delivery(), key="k1")
    assert made.total == Decimal("43.1")
    assert made.remark == "TradeGecko shows a total of 43.1; the order came to 37.48 USD."
    assert scene.get("invoices")["invoices"] == []


def test_the_settings_choose_status_location_and_number(scene: Scene) -> None:
    overflow = scene.account["location_ids"][1]
    settings = {"status": "draft", "ship_from": overflow, "order_number": "ref"}
    order = order_there(scene, scene.warehouse(**settings).send_order(scene.delivery(), key="k1"))
    assert (order["status"], order["stock_location_id"], order["order_number"]) == ("draft", overflow, "A1B2C3")


def test_an_order_in_another_currency_of_the_account_is_in_that_currency(scene: Scene) -> None:
    order = order_there(scene, scene.warehouse().send_order(scene.delivery(currency="EUR"), key="k1"))
    assert order["currency_id"] == scene.account["currency_ids"]["EUR"]


def test_a_currency_that_the_account_lacks_is_the_merchants_to_add(scene: Scene) -> None:
    delivery = scene.delivery(currency="GBP")
    scene.wire.permitted.clear()
    with pytest.raises(NeedsMerchant) as trouble:
        scene.warehouse().send_order(delivery, key="k1")
    assert (trouble.value.fix, trouble.value.subject, trouble.value.scope) == ("currency", "GBP", "record")
    assert scene.wire.permitted == []


def test_a_location_that_is_gone_is_the_merchants_to_change(scene: Scene) -> None:
    delivery = scene.delivery()
    with pytest.raises(NeedsMerchant) as trouble:
        scene.warehouse(ship_from="999999").check(delivery)
    assert (trouble.value.fix, trouble.value.subject) == ("location", "999999")


def test_an_order_whose_parts_do_not_add_up_is_not_sent(scene: Scene) -> None:
    with pytest.raises(Rejected):
        scene.warehouse().send_order(scene.delivery(total=Decimal("30.00")), key="k1")
    assert scene.ledger("order_created") == []


def test_a_refusal_is_in_tradegeckos_words(scene: Scene) -> None:
    lines = (DeliveryLine("l1", "GONE", "999999", "Gone", 1, Decimal(5), Decimal(5)),)
    nothing = Decimal(0)
    delivery = scene.delivery(lines=lines, total=Decimal(5), shipping=nothing, discount=nothing, tax=nothing)
    with pytest.raises(Rejected, match="variant") as refused:
        scene.warehouse().send_order(delivery, key="k1")
    assert refused.value.code == "422"
    assert scene.ledger("order_created") == []


def test_an_order_number_that_must_be_unique_there_is_a_refusal(scene: Scene) -> None:
    warehouse = scene.warehouse()
    warehouse.send_order(scene.delivery(), key="k1")
    scene.gecko.set(duplicate_order_number="refuse")
    with pytest.raises(Rejected, match="order number"):
        warehouse.send_order(scene.delivery(ref="D4E5F6"), key="k2")
    assert [entry["reference_number"] for entry in scene.ledger("order_created")] == ["A1B2C3"]


# ------------------------------------------------------------------------------------------------------------------------ doubt


@pytest.mark.parametrize("status", [400, 409, 422])
def test_the_same_key_makes_no_second_order(scene: Scene, status: int) -> None:
    scene.gecko.set(idempotency_status=status)
    delivery = scene.delivery()
    made = scene.warehouse().send_order(delivery, key="k1")
    with pytest.raises(Ambiguous) as doubt:
        scene.warehouse().send_order(delivery, key="k1")
    assert doubt.value.key_spent
    assert [found.remote_id for found in scene.warehouse().find_orders("A1B2C3")] == [made.remote_id]
    assert len(scene.ledger("order_created")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "effect_then_status", "status": 500},
        {"kind": "effect_then_status", "status": 503, "headers": {"Content-Type": "text/html"}, "body": "<h1>Sorry</h1>"},
        {"kind": "effect_then_reset"},
        {"kind": "truncate"},
        {"kind": "html"},
        {"kind": "malformed"},
        {"kind": "effect_then_status", "status": 201, "body": "{}"},
        {"kind": "effect_then_status", "status": 201, "body": '{"order":{"id":1,"total":"1.0","updated_at":null}}'},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}",
)
def test_an_answer_that_says_nothing_leaves_the_order_in_doubt_and_a_look_finds_it(scene: Scene, fault: dict[str, Any]) -> None:
    delivery = scene.delivery()
    scene.gecko.fault(**fault, method="POST", path="^/orders$")
    with pytest.raises(Ambiguous):
        scene.warehouse().send_order(delivery, key="k1")
    happened = len(scene.ledger("order_created"))
    found = scene.warehouse().find_orders("A1B2C3")
    assert len(found) == happened
    assert all(one.ours and one.total == delivery.total for one in found)


def test_a_spent_budget_sends_nothing_and_waits_for_the_window(scene: Scene) -> None:
    delivery = scene.delivery()
    scene.gecko.set(rate_limit=0)
    with pytest.raises(RetryLater) as wait:
        scene.warehouse().send_order(delivery, key="k1")
    assert not isinstance(wait.value, Ambiguous)
    assert wait.value.after is not None
    assert 1 <= wait.value.after <= 301
    assert scene.ledger("order_created") == []


def test_the_budget_is_told_with_each_call(scene: Scene) -> None:
    scene.warehouse().item("MUG-1")
    budget = scene.wire.exchanges[-1].budget
    assert budget is not None
    remaining, reset = budget
    assert 0 < remaining < 300
    assert reset.timestamp() % 300 == 0


# ---------------------------------------------------------------------------------------------------------------------- look-up


def test_orders_are_found_by_exactly_their_reference_with_their_products(scene: Scene) -> None:
    warehouse = scene.warehouse()
    made = warehouse.send_order(scene.delivery(), key="k1")
    warehouse.send_order(scene.delivery(ref="A1B2C3X"), key="k2")
    assert warehouse.find_orders("A1B2C3") == (dataclasses.replace(made, line_ids={}),)
    assert warehouse.find_orders("A1B2") == ()


def test_no_reference_finds_no_order(scene: Scene) -> None:
    scene.warehouse().send_order(scene.delivery(), key="k1")
    assert scene.warehouse().find_orders("") == ()


@pytest.mark.parametrize("scope", ["hidden", "shown"])
def test_void_orders_are_found_too(scene: Scene, scope: str) -> None:
    scene.gecko.set(default_scope=scope)
    warehouse = scene.warehouse()
    made = warehouse.send_order(scene.delivery(), key="k1")
    warehouse.void_order(made.remote_id, key="v1")
    assert [(one.remote_id, one.status) for one in warehouse.find_orders("A1B2C3")] == [(made.remote_id, "void")]


def test_a_persons_order_with_our_reference_is_not_ours(scene: Scene) -> None:
    line = {"sku": "MUG-1", "quantity": 1, "price": "5"}
    order = {"account": scene.account_id, "reference_number": "A1B2C3", "source_url": f"{PORTAL}/o/1", "lines": [line]}
    scene.gecko.control("POST", "orders", order)
    found = scene.warehouse().find_orders("A1B2C3")
    assert [one.ours for one in found] == [False]


def test_what_changed_there_names_ours_with_lines_and_others_without(scene: Scene) -> None:
    made = scene.warehouse().send_order(scene.delivery(), key="k1")
    scene.gecko.control("POST", "orders", {"account": scene.account_id, "lines": [{"sku": "MUG-1", "quantity": 1, "price": "5"}]})
    page = scene.warehouse().orders_changed_in(scene.window())
    assert page.complete
    assert {(one.ours, one.remote_id == made.remote_id, bool(one.lines)) for one in page.records} == {
        (True, True, True),
        (False, False, False),
    }


# ------------------------------------------------------------------------------------------------------------ void, invoice, pay


def test_voiding_twice_is_voiding_once(scene: Scene) -> None:
    warehouse = scene.warehouse()
    made = warehouse.send_order(scene.delivery(), key="k1")
    warehouse.void_order(made.remote_id, key="v1")
    warehouse.void_order(made.remote_id, key="v2")
    assert [entry["status"] for entry in scene.ledger("order_voided")] == ["void"]


def test_a_draft_is_gone_after_its_void(scene: Scene) -> None:
    warehouse = scene.warehouse(status="draft")
    made = warehouse.send_order(scene.delivery(), key="k1")
    warehouse.void_order(made.remote_id, key="v1")
    assert scene.get(f"orders/{made.remote_id}")["order"]["status"] in ("void", "deleted")


def test_a_shipped_order_cannot_be_voided(scene: Scene) -> None:
    made = scene.warehouse().send_order(scene.delivery(), key="k1")
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", {})
    with pytest.raises(Rejected, match="shipped"):
        scene.warehouse().void_order(made.remote_id, key="v1")


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("settings", "invoice", "payment"),
    [
        ({}, "uninvoiced", "unpaid"),
        ({"invoice": True}, "invoiced", "unpaid"),
        ({"pay": True, "payment_method": "PayPal"}, "invoiced", "paid"),
        ({"pay": True, "invoice": True}, "invoiced", "paid"),
        ({"pay": True, "status": "draft"}, "uninvoiced", "unpaid"),
    ],
)
def test_invoice_and_payment_follow_where_they_are_set(
    scene: Scene, status: int, settings: dict[str, Any], invoice: str, payment: str
) -> None:
    scene.gecko.set(action_status=status)
    made = scene.warehouse(**settings).send_order(scene.delivery(), key="k1")
    order = order_there(scene, made)
    assert (order["invoice_status"], order["payment_status"], made.remark) == (invoice, payment, "")


@pytest.mark.parametrize(
    ("settings", "statuses"),
    [({}, ("uninvoiced", "unpaid")), ({"invoice": True}, ("invoiced", "unpaid")), ({"pay": True}, ("invoiced", "paid"))],
)
def test_what_comes_to_an_order_is_invoiced_and_paid_as_the_rest_of_it_was(
    scene: Scene, settings: dict[str, Any], statuses: tuple[str, str]
) -> None:
    warehouse = scene.warehouse(**settings)
    made = warehouse.send_order(of(scene.delivery(), 2, 0), key="k1")
    for key in ("c1", "c2"):
        changed = warehouse.change_order(made.remote_id, of(scene.delivery(), 3, 1), key=key)
        assert changed.remark == ""
        order = order_there(scene, made)
        assert (order["invoice_status"], order["payment_status"]) == statuses


def test_an_invoice_that_fails_is_a_remark_and_no_second_order(scene: Scene) -> None:
    delivery = scene.delivery()
    scene.gecko.fault("status", method="POST", path="/actions/", status=422, body='{"errors":{"base":["Closed period"]}}')
    made = scene.warehouse(invoice=True).send_order(delivery, key="k1")
    assert made.remark == "Invoice: TradeGecko refused this: Closed period"
    assert len(scene.ledger("order_created")) == 1


def test_finishing_an_order_again_pays_it_once(scene: Scene) -> None:
    delivery = scene.delivery()
    warehouse = scene.warehouse(pay=True)
    assert isinstance(warehouse, TradeGeckoWarehouse)
    made = warehouse.send_order(delivery, key="k1")
    assert warehouse.finish_order(made.remote_id, delivery, key="k1") == ""
    assert len(scene.get("payments")["payments"]) == 1


# --------------------------------------------------------------------------------------------------------------------- shipments


def sent(scene: Scene) -> tuple[Delivery, RemoteOrder]:
    delivery = scene.delivery()
    return delivery, scene.warehouse().send_order(delivery, key="k1")


def test_shipments_are_told_line_by_line_in_every_state(scene: Scene) -> None:
    _, made = sent(scene)
    line = next(one for one in order_there(scene, made)["lines"] if one["variant_id"] == scene.variants["MUG-1"])
    first = {"lines": {line["id"]: 1}, "tracking_company": "UPS", "tracking_number": "1Z1"}
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", first)
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", {"pack_only": True})
    page = scene.warehouse().shipments_in(scene.window())
    left, packed = sorted(page.records, key=lambda one: not one.shipped)
    assert (left.shipped, left.void, left.carrier, left.tracking) == (True, False, "UPS", "1Z1")
    assert [(one.order_line, one.quantity, one.sku) for one in left.lines] == [(str(line["id"]), 1, "MUG-1")]
    assert (packed.shipped, packed.void, packed.tracking, packed.shipped_at) == (False, False, "", None)
    assert sorted((one.sku, one.quantity) for one in packed.lines) == [("HAT-1", 1), ("MUG-1", 1)]
    assert {left.order_id, packed.order_id} == {made.remote_id}


def test_a_shipment_without_a_date_has_left_all_the_same(scene: Scene) -> None:
    scene.gecko.set(shipped_at="null")
    _, made = sent(scene)
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", {})
    (shipment,) = scene.warehouse().shipments_in(scene.window()).records
    assert (shipment.shipped, shipment.shipped_at, shipment.tracking) == (True, None, "")


def test_a_packed_shipment_of_a_void_order_is_void(scene: Scene) -> None:
    _, made = sent(scene)
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", {"pack_only": True})
    scene.gecko.control("POST", f"orders/{made.remote_id}/void")
    (shipment,) = scene.warehouse().shipments_in(scene.window()).records
    assert (shipment.shipped, shipment.void) == (False, True)


def test_the_skus_of_an_old_answer_are_looked_up(scene: Scene) -> None:
    _, made = sent(scene)
    line = next(one for one in order_there(scene, made)["lines"] if one["variant_id"] == scene.variants["HAT-1"])
    old_line = {"id": 2, "fulfillment_id": 1, "order_line_item_id": line["id"], "quantity": "1.0", "base_price": None}
    old = {"id": 1, "order_id": int(made.remote_id), "status": "fulfilled", "updated_at": "2014-02-17T03:01:47.495Z"}
    body = json.dumps({"fulfillments": [old], "fulfillment_line_items": [old_line], "meta": {"total": 1}})
    scene.gecko.fault("status", method="GET", path="^/fulfillments$", status=200, body=body)
    (shipment,) = scene.warehouse().shipments_in(scene.window()).records
    assert [(one.sku, one.quantity) for one in shipment.lines] == [("HAT-1", 1)]


# ------------------------------------------------------------------------------------------------------------------------- stock


def test_an_item_is_found_by_exactly_its_sku(scene: Scene) -> None:
    main = str(scene.account["location_ids"][0])
    (mug,) = scene.warehouse().item("MUG-1")
    assert (mug.item_id, mug.sku, mug.available[main]) == (str(scene.variants["MUG-1"]), "MUG-1", Decimal(10))
    assert scene.warehouse().item("mug-1") == ()
    assert scene.warehouse().item("") == ()


def test_a_sku_that_two_items_have_is_told_twice(scene: Scene) -> None:
    scene.gecko.add_variants({"account": scene.account_id, "sku": "MUG-1", "name": "Other mug"})
    assert len(scene.warehouse().item("MUG-1")) == 2


def test_the_catalogue_tells_skus_caps_and_what_is_not_counted(scene: Scene) -> None:
    scene.gecko.add_variants({"account": scene.account_id, "sku": "PDF-1", "name": "Manual", "manage_stock": False})
    items = {one.sku: one for one in scene.warehouse().items().records}
    assert set(items) == {"MUG-1", "HAT-1", "PDF-1"}
    assert (items["HAT-1"].max_online, items["MUG-1"].max_online) == (3, None)
    assert (items["PDF-1"].tracked, items["MUG-1"].tracked) == (False, True)


def test_stock_falls_by_what_was_ordered_before_anything_ships(scene: Scene) -> None:
    main = str(scene.account["location_ids"][0])
    sent(scene)
    levels = {one.item_id: one.available.get(main) for one in scene.warehouse().stock().records}
    assert levels[str(scene.variants["MUG-1"])] == Decimal(8)
    assert levels[str(scene.variants["HAT-1"])] == Decimal("3.5")


# -------------------------------------------------------------------------------------------------- what the contract leaves open


@pytest.mark.parametrize(
    "settings",
    [
        {"default_scope": "shown", "keep_void_fulfillment_ids": True, "default_order": "updated_at desc"},
        {"idempotency_status": 400, "idempotency_spent_by": "success", "action_status": 200},
        {"order_number_match": "contains", "put_finalized": "refuse", "issued_at_required": True},
        {"list_meta": False, "over_limit": "clamp", "put_fulfillment": 200, "shipped_at": "null"},
        {"www_authenticate": "", "retry_after": True, "error_bodies": {"422": {}}, "stock_bumps_variant": True},
    ],
    ids=lambda settings: ", ".join(settings),
)
def test_a_delivery_goes_its_way_whatever_the_contract_leaves_open(scene: Scene, settings: dict[str, Any]) -> None:
    scene.gecko.set(**settings)
    warehouse, delivery = scene.warehouse(pay=True), scene.delivery()
    made = warehouse.send_order(delivery, key="k1")
    with pytest.raises(Ambiguous):
        warehouse.send_order(delivery, key="k1")
    assert [one.remote_id for one in warehouse.find_orders(delivery.ref)] == [made.remote_id]
    scene.gecko.control("POST", f"orders/{made.remote_id}/ship", {"tracking_number": "1Z1"})
    (shipment,) = warehouse.shipments_in(scene.window()).records
    assert (shipment.shipped, shipment.tracking, shipment.order_id) == (True, "1Z1", made.remote_id)
    (changed,) = warehouse.orders_changed_in(scene.window()).records
    assert (changed.status, changed.ours) == ("fulfilled", True)
    unwanted = warehouse.send_order(scene.delivery(ref="D4E5F6"), key="k2")
    warehouse.void_order(unwanted.remote_id, key="v2")
    assert [one.status for one in warehouse.find_orders("D4E5F6")] == ["void"]
    assert len(scene.ledger("order_created")) == 2
