"""One order as different calls show it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from integrations.simulation import Document

from .formats import amount, value


class View(NamedTuple):
    single: bool  # getOrder tells more than getOrders
    tax_breakdown: bool
    blanked: bool  # personal data is gone after 90 days


def seen_as(view: View, order: Document) -> Document:
    seen = dict(order)
    if not view.single:
        seen["cancelStatus"] = {**order["cancelStatus"], "cancelRequests": []}
        seen["buyer"] = {name: part for name, part in order["buyer"].items() if name != "taxIdentifier"}
    if view.tax_breakdown:
        seen = _with_taxes(seen)
    return _without_personal_data(seen) if view.blanked else seen


def _with_taxes(order: Document) -> Document:
    """eBay's own taxes become part of each line's taxes and of the total."""
    lines: list[Document] = []
    collected = Decimal(0)
    for line in order["lineItems"]:
        taxes = line.get("ebayCollectAndRemitTaxes", [])
        collected += sum((value(tax["amount"]) for tax in taxes), Decimal(0))
        shown = [{"amount": tax["amount"], "taxType": tax["taxType"]} for tax in taxes]
        lines.append({**line, "taxes": shown or line["taxes"]})
    pricing = dict(order["pricingSummary"])
    if collected:
        currency = pricing["total"]["currency"]
        pricing["tax"] = amount(collected, currency)
        pricing["total"] = amount(value(pricing["total"]) + collected, currency)
    return {**order, "lineItems": lines, "pricingSummary": pricing}


def _without_personal_data(order: Document) -> Document:
    buyer = dict(order["buyer"])
    if "buyerRegistrationAddress" in buyer:
        buyer["buyerRegistrationAddress"] = _place_only(buyer["buyerRegistrationAddress"])
    instructions: list[Document] = []
    for instruction in order["fulfillmentStartInstructions"]:
        step = instruction.get("shippingStep")
        if step and "shipTo" in step:
            instruction = {**instruction, "shippingStep": {**step, "shipTo": _place_only(step["shipTo"])}}
        instructions.append(instruction)
    return {**order, "buyer": buyer, "fulfillmentStartInstructions": instructions}


def _place_only(person: Document) -> dict[str, Any]:
    address = person.get("contactAddress", {})
    return {"contactAddress": {part: text for part, text in address.items() if not part.startswith("addressLine")}}
