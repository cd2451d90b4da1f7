"""Every object has all keys of its newest recording, else of its documented sample, with their types."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.contracts import CONTRACTS, NEEDS_CONTRACTS

from .conftest import Shop

RECORDED = CONTRACTS / "tradegecko" / "samples" / "recorded"
DOCUMENTED = CONTRACTS / "tradegecko" / "samples" / "docs-samples"
# Recorded in a way that its own note calls a fake, or edited by hand: not evidence of a shape.
NOT_EVIDENCE = {"pull-88--fulfillment_returns.json"}
# The documentation's invoice sample shows the body of a create where the ids stand.
SLIPS = {("invoices", "invoice_line_item_ids")}

Samples = dict[str, list[dict[str, Any]]]


def recorded() -> Samples:
    """The newest recording's objects, by plural name."""
    newest: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for file in sorted(RECORDED.glob("*.json")):
        document = json.loads(file.read_text())
        if file.name in NOT_EVIDENCE or "HAND-EDITED" in document["_note"]:
            continue
        moment = parsedate_to_datetime(document["recorded_at"])
        for name, value in document["response"]["body"].items():
            plural, objects = (name, value) if isinstance(value, list) else (f"{name}s", [value])
            known = newest.get(plural)
            if objects and name not in ("meta", "errors") and (known is None or moment > known[0]):
                newest[plural] = (moment, objects)
    return {plural: objects for plural, (_, objects) in newest.items()}


def documented() -> Samples:
    found = {}
    for file in sorted(DOCUMENTED.glob("*.json")):
        document = json.loads(file.read_text())
        found[document["plural"]] = document["samples"]
    return found


SAMPLES: Samples = {**documented(), **recorded()} if CONTRACTS.is_dir() else {}


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def kinds(objects: list[dict[str, Any]], name: str) -> set[str]:
    return {kind(one[name]) for one in objects if one.get(name) is not None}


@pytest.fixture
def full(shop: Shop) -> Shop:
    """An account in which every list that the stand-in fills has something."""
    part = shop.variant("PART")
    variant = shop.variant("S1", name="Gobstopper", components=[{"variant_id": part, "quantity": 2}], buy_price="2")
    shop.call("POST", "/webhooks", {"webhook": {"event": "product.create", "address": "http://127.0.0.1:1/"}})
    order = shop.order(
        {"variant_id": variant, "quantity": 2, "price": "12.5", "discount": 10},
        {"label": "UPS", "freeform": True, "line_type": "shipping", "price": 4},
        tags=["ebay"],
        email="hello@example.com",
        phone_number="1",
        source_url="https://portal.example/1",
        reference_number="R1",
        notes="n",
        ship_at="2026-01-02",
    )
    shop.order()
    details = {"tracking_number": "1Z", "tracking_company": "UPS", "tracking_url": "u", "delivery_type": "Courier"}
    shop.call("POST", f"/orders/{order['id']}/actions/pay", {"payment": {"reference": "x"}})
    shop.call("POST", f"/orders/{order['id']}/actions/fulfil", {"fulfillment": details})
    shop.control("POST", f"orders/{order['id']}/return", {"received": True})
    company = order["company_id"]
    shop.call("POST", "/contacts", {"contact": {"company_id": company, "first_name": "Carlos"}})
    shop.call("POST", "/notes", {"note": {"company_id": company, "body": "Cupcakes"}})
    shop.call(
        "POST",
        "/stock_adjustments",
        {
            "stock_adjustment": {
                "stock_location_id": shop.main,
                "reason": "damaged",
                "stock_adjustment_line_items": [{"variant_id": variant, "quantity": -1}],
            }
        },
    )
    return shop


def objects_of(shop: Shop, plural: str) -> list[dict[str, Any]]:
    if plural in ("accounts", "users"):
        return [shop.get(f"/{plural}/current")[plural[:-1]], *shop.get(f"/{plural}")[plural]]
    found: list[dict[str, Any]] = shop.get(f"/{plural}")[plural]
    return found


FILLED = [
    "accounts",
    "addresses",
    "companies",
    "composition",
    "contacts",
    "currencies",
    "fulfillment_line_items",
    "fulfillment_return_line_items",
    "fulfillment_returns",
    "fulfillments",
    "invoice_line_items",
    "invoices",
    "locations",
    "notes",
    "order_line_items",
    "orders",
    "payment_methods",
    "payment_terms",
    "price_lists",
    "products",
    "stock_adjustment_line_items",
    "stock_adjustment_reasons",
    "stock_adjustments",
    "stock_levels",
    "tax_components",
    "tax_types",
    "users",
    "variants",
    "webhooks",
]


@NEEDS_CONTRACTS
@pytest.mark.parametrize("plural", FILLED)
def test_an_object_has_all_keys_of_its_sample_with_their_types(full: Shop, plural: str) -> None:
    samples, ours = SAMPLES[plural], objects_of(full, plural)
    assert ours, f"the stand-in shows no {plural}"
    names = set().union(*samples)
    for one in ours:
        assert names <= one.keys(), f"{plural} lack {names - one.keys()}"
        for name in names:
            allowed = kinds(samples, name)
            right = one[name] is None or not allowed or kind(one[name]) in allowed or (plural, name) in SLIPS
            assert right, f"{plural}.{name} is {one[name]!r}, sampled as {allowed}"


@NEEDS_CONTRACTS
@pytest.mark.parametrize("plural", FILLED)
def test_what_is_documented_is_there_too(full: Shop, plural: str) -> None:
    for one in objects_of(full, plural):
        for sample in documented()[plural]:
            assert sample.keys() <= one.keys(), f"{plural} lack {sample.keys() - one.keys()}"


@NEEDS_CONTRACTS
def test_every_sampled_resource_is_filled_or_an_empty_list(full: Shop) -> None:
    for plural in SAMPLES.keys() - set(FILLED):
        assert full.get(f"/{plural}")[plural] == []


@NEEDS_CONTRACTS
def test_the_recorded_refusal_of_a_blank_product_comes_out_byte_for_byte(shop: Shop) -> None:
    recording = json.loads((RECORDED / "products_new_invalid.json").read_text())
    answer = shop.browser.post(
        "/products",
        data=recording["request"]["body"],
        headers={"Authorization": f"Bearer {shop.token}", "Content-Type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == recording["response"]["status"]["code"]
    assert answer.json == recording["response"]["body"]


def test_the_four_shapes_of_a_number_are_all_there(shop: Shop) -> None:
    variant = shop.variant("S1", stock={shop.main: "1.5", shop.second: "0"})
    shop.order({"variant_id": variant, "quantity": 3})
    seen = shop.get(f"/variants/{variant}")["variant"]
    assert seen["stock_on_hand"] == "1.5"
    assert seen["available_stock"] == "-1.5"
    levels = {level["location_id"]: level for level in seen["locations"]}
    assert levels[shop.main]["committed"] == "3"
    assert levels[shop.second]["committed"] is None
    assert levels[shop.second]["incoming"] == 0
    assert shop.level(variant)["locations"][1]["committed"] == 0
