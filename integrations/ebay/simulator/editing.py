"""Changing an order after checkout, as support does for a buyer who asks: where it goes, how, and how many of what."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from integrations.simulation import Document

from .formats import amount, value

_CENT = Decimal("0.01")
_PLACE = {
    "street": "addressLine1",
    "city": "city",
    "state": "stateOrProvince",
    "postcode": "postalCode",
    "country": "countryCode",
}


def edit(order: Document, wanted: Document) -> None:
    """``{ship_to: {name, street, city, state, postcode, country}, service, note, quantities: {sku: units}, skus: {old: new},
    add: [{sku, title, quantity, price}]}``, all as wanted.

    A quantity of 0 takes the line away. What a line costs and the order's sums follow.
    """
    step = order["fulfillmentStartInstructions"][0]["shippingStep"]
    moved = wanted.get("ship_to") or {}
    address = step["shipTo"]["contactAddress"]
    step["shipTo"] |= {
        "fullName": moved.get("name", step["shipTo"]["fullName"]),
        "contactAddress": {**address, **{_PLACE[part]: text for part, text in moved.items() if part in _PLACE}},
    }
    if "service" in wanted:
        step["shippingServiceCode"] = wanted["service"]
    if "note" in wanted:
        order["buyerCheckoutNotes"] = wanted["note"]
    for sku, units in (wanted.get("quantities") or {}).items():
        _set_quantity(order, sku, int(units))
    for old, new in (wanted.get("skus") or {}).items():
        _line_of(order, old).update(sku=new, title=f"Item {new}")
    for line in wanted.get("add") or ():
        _add(order, line)


def _line_of(order: Document, sku: str) -> Document:
    line: Document = next(each for each in order["lineItems"] if each.get("sku") == sku)
    return line


def _add(order: Document, wanted: Document) -> None:
    """A line like the first of the order, of another product."""
    like = order["lineItems"][0]
    currency = like["lineItemCost"]["currency"]
    cost = Decimal(str(wanted.get("price", "10.00"))) * int(wanted.get("quantity", 1))
    number = max(int(line["lineItemId"]) for line in order["lineItems"]) + 50
    added = {name: value for name, value in like.items() if name not in ("discountedLineItemCost", "ebayCollectAndRemitTaxes")}
    order["lineItems"].append(
        {
            **added,
            "lineItemId": str(number),
            "legacyItemId": str(number),
            "sku": wanted["sku"],
            "title": wanted.get("title", f"Item {wanted['sku']}"),
            "quantity": int(wanted.get("quantity", 1)),
            "lineItemCost": amount(cost, currency),
            "total": amount(cost, currency),
            "deliveryCost": {"shippingCost": amount(Decimal(0), currency)},
            "lineItemFulfillmentStatus": "NOT_STARTED",
        }
    )
    _add_to_sums(order, cost)


def _set_quantity(order: Document, sku: str, units: int) -> None:
    line = _line_of(order, sku)
    before = _cost(line)
    if units:
        currency = line["lineItemCost"]["currency"]
        each = value(line["lineItemCost"]) / line["quantity"]
        line["quantity"] = units
        line["lineItemCost"] = amount((each * units).quantize(_CENT, ROUND_HALF_UP), currency)
        line["total"] = amount(value(line["total"]) + _cost(line) - before, currency)
    else:
        order["lineItems"].remove(line)
    _add_to_sums(order, (_cost(line) if units else Decimal(0)) - before)


def _add_to_sums(order: Document, more: Decimal) -> None:
    pricing = order["pricingSummary"]
    for name in ("priceSubtotal", "total"):
        pricing[name] = amount(value(pricing[name]) + more, pricing[name]["currency"])


def _cost(line: Document) -> Decimal:
    return value(line["lineItemCost"])
