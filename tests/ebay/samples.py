"""eBay's recorded payloads, read from the reference data; nothing of them is copied here."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.contracts import CONTRACTS

EBAY = CONTRACTS / "ebay"


@cache
def _sample(name: str) -> str:
    return (EBAY / "samples" / name).read_text()


def sample(name: str) -> Any:
    """One sample file as JSON, a fresh copy each time."""
    return json.loads(_sample(name))


def recorded_orders() -> Iterator[dict[str, Any]]:
    """Every order that was recorded, from getOrder and getOrders alike."""
    for path in sorted((EBAY / "samples").glob("getOrder*.json")):
        payload = sample(path.name)
        yield from copy.deepcopy(payload.get("orders", [payload]))


def recorded(order_id: str) -> dict[str, Any]:
    return next(order for order in recorded_orders() if order["orderId"] == order_id)


def an_order(**overrides: Any) -> dict[str, Any]:
    """A small order with all that eBay always sends; ``overrides`` replace whole members, and None takes one away."""
    order: dict[str, Any] = {
        "orderId": "12-34567-89012",
        "creationDate": "2026-11-20T10:00:00.000Z",
        "lastModifiedDate": "2026-11-20T10:01:00.000Z",
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "buyer": {"username": "charlie_buys"},
        "pricingSummary": {"priceSubtotal": eur("20.0"), "deliveryCost": eur("4.5"), "total": eur("24.5")},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "fulfillmentStartInstructions": [instruction()],
        "fulfillmentHrefs": [],
        "lineItems": [a_line()],
    }
    return {name: value for name, value in {**order, **overrides}.items() if value is not None}


def a_line(**overrides: Any) -> dict[str, Any]:
    line = {
        "lineItemId": "10085010063106",
        "legacyItemId": "406355941732",
        "sku": "RED-01",
        "title": "A red mug",
        "quantity": 2,
        "lineItemCost": eur("20.0"),
        "listingMarketplaceId": "EBAY_DE",
        "purchaseMarketplaceId": "EBAY_AT",
        "lineItemFulfillmentStatus": "NOT_STARTED",
    }
    return {name: value for name, value in {**line, **overrides}.items() if value is not None}


def instruction(**overrides: Any) -> dict[str, Any]:
    return {
        "fulfillmentInstructionsType": "SHIP_TO",
        "shippingStep": {
            "shipTo": {
                "fullName": "Ada Lovelace",
                "companyName": "Analytical Engines",
                "contactAddress": {
                    "addressLine1": "Hauptstr. 1",
                    "addressLine2": "Hinterhaus",
                    "city": "Wien",
                    "county": "Wien",
                    "stateOrProvince": "W",
                    "postalCode": "1010",
                    "countryCode": "AT",
                },
                "primaryPhone": {"phoneNumber": "+43 1 0000"},
                "email": "ada@members.ebay.com",
            },
            "shippingServiceCode": "DE_DHLPaketInternational",
            "shippingCarrierCode": "DHL",
        },
        **overrides,
    }


def eur(value: str) -> dict[str, str]:
    return {"value": value, "currency": "EUR"}
