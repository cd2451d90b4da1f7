"""Every REST answer of a call that eBay's specifications describe is as they describe it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from tests.ebay.simulator.conftest import ALICE, ORDER, SCOPE, Here

SEEN_LIVE = {"Order": {"legacyOrderId"}}  # keys that eBay sends though its specification has dropped them


class Specification:
    """One OpenAPI document, read so that a key it does not name is an error."""

    def __init__(self, folder: Path, name: str) -> None:
        self.document = json.loads((folder / "specs" / f"{name}_oas3.json").read_text())
        for schema_name, schema in self.document["components"]["schemas"].items():
            if "properties" in schema:
                schema["properties"] |= {key: {"type": "string"} for key in SEEN_LIVE.get(schema_name, ())}
                schema["additionalProperties"] = False

    def check(self, answer: TestResponse, method: str, path: str) -> None:
        responses = self.document["paths"][path][method.lower()]["responses"]
        assert str(answer.status_code) in responses, f"{method} {path} may not answer {answer.status_code}"
        shaped = responses["200" if answer.status_code == 207 else str(answer.status_code)]
        if not shaped.get("content") or answer.status_code >= 400:
            return
        schema = next(iter(shaped["content"].values()))["schema"]
        validator = Draft202012Validator({**schema, "components": self.document["components"]})
        found = [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in validator.iter_errors(answer.json)]
        assert not found, found


@pytest.fixture
def busy(here: Here) -> Here:
    """Everything that an order or a listing can have, somewhere."""
    shirt = [{"sku": "SHIRT-M", "quantity": 5, "price": "15", "aspects": {"Size": "M"}}]
    here.control("listings", seller=ALICE, sku="RED-01", quantity=50, managed_by="inventory")
    here.control("listings", seller=ALICE, variations=shirt)
    here.control("orders/generate", seller=ALICE, count=40, marketplaces=["EBAY_US", "EBAY_GB", "EBAY_DE", "EBAY_IT"])
    here.order(lines=[{"sku": "SHIRT-M", "quantity": 2}], discount="3", shipping="4.5", note="Hi", collect_and_remit=True)
    here.order(marketplace="EBAY_US", gsp=True, country="AU", collect_and_remit=True)
    here.order(payment="PENDING")
    for act in ("cancel", "request-cancel", "reject-cancel", "refund", "ship"):
        here.control(f"orders/{here.order()['orderId']}/{act}")
    return here


def test_the_fulfillment_api(busy: Here, contracts: Path) -> None:
    specification = Specification(contracts, "sell_fulfillment_v1")
    for query in ({"limit": 200}, {"fieldGroups": "TAX_BREAKDOWN", "limit": 200}, {"limit": 5, "offset": 5}):
        specification.check(busy.orders(**query), "GET", "/order")
    specification.check(busy.orders(limit=201), "GET", "/order")
    for kept in busy.world.orders.all():
        specification.check(busy.get(f"{ORDER}/{kept.id}"), "GET", "/order/{orderId}")
    specification.check(busy.get(f"{ORDER}/00-00000-00000"), "GET", "/order/{orderId}")
    order = busy.order()
    path = f"{ORDER}/{order['orderId']}/shipping_fulfillment"
    several, one = "/order/{orderId}/shipping_fulfillment", "/order/{orderId}/shipping_fulfillment/{fulfillmentId}"
    specification.check(busy.post(path, json={"trackingNumber": "1Z9", "shippingCarrierCode": "UPS"}), "POST", several)
    specification.check(busy.post(path, json={"trackingNumber": "1Z9"}), "POST", several)
    specification.check(busy.get(path), "GET", several)
    specification.check(busy.get(f"{path}/1Z9"), "GET", one)
    specification.check(busy.get(f"{path}/none"), "GET", one)


def test_old_orders_too(here: Here, contracts: Path) -> None:
    order = here.order(created_at="2026-01-01T10:00:00.000Z", gsp=True)
    Specification(contracts, "sell_fulfillment_v1").check(here.get(f"{ORDER}/{order['orderId']}"), "GET", "/order/{orderId}")


def test_the_inventory_api(busy: Here, contracts: Path) -> None:
    specification = Specification(contracts, "sell_inventory_v1")
    offer = busy.get("/sell/inventory/v1/offer?sku=RED-01").json
    assert offer is not None
    offer_id = offer["offers"][0]["offerId"]
    entries = [
        {
            "sku": "RED-01",
            "shipToLocationAvailability": {"quantity": 3},
            "offers": [{"offerId": offer_id, "availableQuantity": 3}],
        },
        {"sku": "NOPE", "shipToLocationAvailability": {"quantity": 3}},
    ]
    for method, path, template, body in (
        ("GET", "/inventory_item", "/inventory_item", None),
        ("GET", "/inventory_item/RED-01", "/inventory_item/{sku}", None),
        ("GET", "/inventory_item/NOPE", "/inventory_item/{sku}", None),
        ("GET", "/offer?sku=RED-01", "/offer", None),
        ("GET", "/offer?sku=NOPE", "/offer", None),
        ("GET", f"/offer/{offer_id}", "/offer/{offerId}", None),
        ("GET", "/location", "/location", None),
        ("GET", "/location/default", "/location/{merchantLocationKey}", None),
        ("GET", "/location/nowhere", "/location/{merchantLocationKey}", None),
        ("POST", "/bulk_update_price_quantity", "/bulk_update_price_quantity", {"requests": entries}),
        ("POST", "/bulk_update_price_quantity", "/bulk_update_price_quantity", {"requests": entries[:1]}),
        ("POST", "/bulk_update_price_quantity", "/bulk_update_price_quantity", {}),
        ("POST", "/bulk_get_inventory_item", "/bulk_get_inventory_item", {"requests": [{"sku": "RED-01"}, {"sku": "NOPE"}]}),
    ):
        specification.check(busy.call(method, f"/sell/inventory/v1{path}", json=body), method, template)


def test_identity_and_analytics(here: Here, contracts: Path) -> None:
    identity = Specification(contracts, "commerce_identity_v1")
    identity.check(here.get("/commerce/identity/v1/user/", door="apiz"), "GET", "/user/")
    analytics = Specification(contracts, "developer_analytics_v1_beta")
    application = here.world.grants.application([SCOPE])["access_token"]
    here.orders()
    path = "/developer/analytics/v1_beta"
    limits = here.get(f"{path}/rate_limit/?api_context=sell&api_name=fulfillment", application)
    analytics.check(limits, "GET", "/rate_limit/")
    assert limits.json is not None
    rate = limits.json["rateLimits"][0]["resources"][0]["rates"][0]
    assert (rate["count"], rate["limit"], rate["remaining"]) == (1, 100_000, 99_999)
    analytics.check(here.get(f"{path}/user_rate_limit/"), "GET", "/user_rate_limit/")
    analytics.check(here.get(f"{path}/rate_limit/?api_name=nothing", application), "GET", "/rate_limit/")


def test_the_notification_api(here: Here, contracts: Path) -> None:
    specification = Specification(contracts, "commerce_notification_v1")
    application = here.world.grants.application([SCOPE])["access_token"]
    kid = json.loads(base64.b64decode(here.app.extensions["notifier"].signer.signature(b"")))["kid"]
    for method, path, template, body in (
        ("GET", "/config", "/config", None),
        ("PUT", "/config", "/config", {"alertEmail": "nobody"}),
        ("PUT", "/config", "/config", {"alertEmail": "ops@example.com"}),
        ("GET", "/config", "/config", None),
        ("GET", "/topic", "/topic", None),
        ("GET", "/topic/ORDER_CONFIRMATION", "/topic/{topic_id}", None),
        ("GET", "/topic/ITEM_SOLD", "/topic/{topic_id}", None),
        ("GET", "/destination", "/destination", None),
        ("POST", "/destination", "/destination", {}),
        ("GET", "/subscription", "/subscription", None),
        ("POST", "/subscription", "/subscription", {}),
        ("GET", f"/public_key/{kid}", "/public_key/{public_key_id}", None),
        ("GET", "/public_key/none", "/public_key/{public_key_id}", None),
    ):
        answer = here.call(method, f"/commerce/notification/v1{path}", application, json=body)
        specification.check(answer, method, template)


def test_recorded_orders_stay_what_they_were(here: Here, contracts: Path) -> None:
    """What eBay sent, read back from the stand-in, has no key more and none less."""
    recorded = sorted((contracts / "samples").glob("getOrders*.json"))
    assert recorded
    for path in recorded:
        page = json.loads(path.read_text())
        here.control("recorded", payloads=[page], seller=ALICE)
        for order in page["orders"]:
            read = here.get(f"{ORDER}/{order['orderId']}").json
            assert read is not None
            assert read.keys() == order.keys()
            assert [line.keys() for line in read["lineItems"]] == [line.keys() for line in order["lineItems"]]


def test_a_plain_order_has_every_key_that_real_ones_have(here: Here, contracts: Path) -> None:
    recorded = json.loads((contracts / "samples" / "getOrder_EBAY_US_2026_collect_and_remit.json").read_text())
    made = here.order(collect_and_remit=True)
    assert set(recorded) <= set(made)
    assert set(recorded["lineItems"][0]) <= set(made["lineItems"][0])
    assert set(recorded["buyer"]) <= set(made["buyer"])
    ours, theirs = (each["fulfillmentStartInstructions"][0] for each in (made, recorded))
    assert set(theirs) <= set(ours)
    assert set(theirs["shippingStep"]) <= set(ours["shippingStep"])
