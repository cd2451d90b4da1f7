"""An order as eBay tells it, as our record. Pure: a dict in, a record out.

What the figures of ``pricingSummary`` mean was checked against recorded orders. Discounts are negative there but positive in a
line's promotions, and they are the same money: the sum of the lines' ``discountedLineItemCost`` is ``priceSubtotal`` less
``priceDiscount``. So a line's ``total`` is after its discount, the order's ``items`` are before it, and ``discount`` is not taken
off twice. What the seller is paid (``paymentSummary``) is net of fees and in a currency of its own: of it
only the refunds are read, which are the seller's part of what the buyer got.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from urllib.parse import unquote

from integrations.contract import (
    AddressRecord,
    Cancel,
    CartShipment,
    Fulfilment,
    LineRecord,
    MalformedRecord,
    OrderRecord,
    Payment,
    RefundRecord,
    ShipmentLine,
)
from integrations.ebay.reading import Malformed, Node, storable
from integrations.ebay.sites import WITH_TAX_NUMBERS

_PAYMENTS = {
    "PAID": Payment.PAID,
    "PENDING": Payment.PENDING,
    "FAILED": Payment.FAILED,
    "FULLY_REFUNDED": Payment.REFUNDED,
    "PARTIALLY_REFUNDED": Payment.PARTIALLY_REFUNDED,
}
READING = "2"  # another one makes every order read anew: raise it whenever records change
_NO_CANCEL = "NONE_REQUESTED"
_CANCELS = {_NO_CANCEL: Cancel.NONE, "IN_PROGRESS": Cancel.ASKED, "CANCELED": Cancel.CANCELED}
_FULFILMENTS = {"NOT_STARTED": Fulfilment.NONE, "IN_PROGRESS": Fulfilment.PARTIAL, "FULFILLED": Fulfilment.FULL}
_NOTHING_TO_SHIP = {
    "DIGITAL": "digital",
    "PREPARE_FOR_PICKUP": "picked up in person",
    "FULFILLED_BY_EBAY": "fulfilled by eBay",
}
_MARKETPLACES = ("listingMarketplaceId", "purchaseMarketplaceId")
_UNIT_PRICE = Decimal("0.000001")  # a cost of 10.00 for 3 has no exact unit price


def order(payload: Any, digest: bytes = b"") -> OrderRecord | MalformedRecord:
    """The record of one order of getOrders or getOrder, whatever it is. ``digest`` is of what the list told."""
    try:
        return _order(Node(payload), digest)
    except Malformed as trouble:
        raw = storable(payload) if isinstance(payload, Mapping) else {}
        return MalformedRecord(id_of(raw), trouble.path, trouble.why, raw, digest)


def id_of(payload: Any) -> str:
    """The order's id, empty where it has none."""
    order_id = payload.get("orderId") if isinstance(payload, dict) else None
    return order_id if isinstance(order_id, str) else ""


def has_more_to_tell(payload: Any) -> bool:
    """Whether getOrder would tell something of an open order that getOrders leaves out: cancel requests and tax numbers."""
    try:
        node = Node(payload)
        if node["orderFulfillmentStatus"].text() == "FULFILLED":
            return False
        sites = {line[name].text() for line in node["lineItems"].each() for name in _MARKETPLACES}
        return node["cancelStatus"]["cancelState"].text() != _NO_CANCEL or bool(sites & WITH_TAX_NUMBERS)
    except Malformed:
        return False


def package(payload: Any) -> CartShipment:
    """One shipping fulfillment. Raises Malformed."""
    node = Node(payload)
    return CartShipment(
        remote_id=node["fulfillmentId"].needed().text(),
        lines=tuple(_shipped(line) for line in node["lineItems"].each()),
        carrier=node["shippingCarrierCode"].text(),
        tracking=node["shipmentTrackingNumber"].text(),
    )


def _shipped(line: Node) -> ShipmentLine:
    quantity = line["quantity"].whole(least=1) if line["quantity"] else 1
    return ShipmentLine(line["lineItemId"].needed().text(), quantity)


def _order(node: Node, digest: bytes) -> OrderRecord:
    number = node["orderId"].needed().text()
    currency = _currency(node["pricingSummary"])
    where, reason = _destination(node)
    step = where["shippingStep"]
    buyer, registration = node["buyer"], node["buyer"]["buyerRegistrationAddress"]
    ship_to = _address(step["shipTo"], step["shipToReferenceId"].text()) if step["shipTo"] else None
    return OrderRecord(
        external_id=number,
        number=number,
        placed_at=node["creationDate"].moment(),
        modified_at=node["lastModifiedDate"].moment(),
        payment=node["orderPaymentStatus"].one_of(_PAYMENTS),
        cancel=node["cancelStatus"]["cancelState"].one_of(_CANCELS),
        fulfilment=node["orderFulfillmentStatus"].one_of(_FULFILMENTS),
        currency=currency,
        **_totals(node["pricingSummary"], currency),
        lines=_lines(node["lineItems"], currency),
        ship_to=ship_to,
        marketplace=node["lineItems"].each()[0]["purchaseMarketplaceId"].text(),
        unshippable=reason,
        buyer_id=buyer["username"].text(),
        buyer_name=registration["fullName"].text() or step["shipTo"]["fullName"].text(),
        buyer_email=step["shipTo"]["email"].text() or registration["email"].text(),
        bill_to=_address(registration) if registration else None,
        shipping_method=step["shippingServiceCode"].text(),
        shipping_carrier=step["shippingCarrierCode"].text(),
        note=node["buyerCheckoutNotes"].text(),
        ship_by=min((by.moment() for by in _ship_by(node) if by), default=None),
        references=tuple(dict.fromkeys(_references(node))),
        shipments=tuple(unquote(href.text().rstrip("/").rpartition("/")[2]) for href in node["fulfillmentHrefs"].each()),
        refunds=tuple(_refunds(node, currency)),
        raw=node.value,
        digest=digest,
    )


# ----------------------------------------------------------------------------------------------------------------------- money


def _money(node: Node, currency: str) -> Decimal:
    """Zero where it is absent. Where eBay has converted it for the seller, what it was before counts."""
    if not node:
        return Decimal(0)
    if node["currency"].needed().text() == currency:
        return node["value"].decimal()
    if node["convertedFromCurrency"].text() == currency:
        return node["convertedFromValue"].decimal()
    raise Malformed(f"{node.path}.currency", f"is not {currency}, the currency of the order")


def _currency(pricing: Node) -> str:
    total = pricing["total"].needed()
    return (total["convertedFromCurrency"] or total["currency"]).needed().text()


def _totals(pricing: Node, currency: str) -> dict[str, Any]:
    """``fee`` is told with the tax breakdown only. The sign of ``adjustment`` is not documented: it is the one that adds up.

    Where nothing adds up the figures stay as they are told, and the order is held further on.
    """

    def money(name: str) -> Decimal:
        return _money(pricing[name], currency)

    items, whole = _money(pricing["priceSubtotal"].needed(), currency), money("total")
    discount, shipping, tax = -money("priceDiscount"), money("deliveryCost") + money("deliveryDiscount"), money("tax")
    adjustment, fee = money("adjustment"), money("fee")
    missing = whole - (items - discount + shipping + tax + fee)
    return {
        "items": items,
        "discount": discount,
        "shipping": shipping,
        "tax": tax,
        "total": whole,
        "adjustment": fee + (missing if abs(missing) == abs(adjustment) else adjustment),
    }


def _refunds(node: Node, currency: str) -> Iterator[RefundRecord]:
    """Each refund once. eBay tells one of the order there and one of lines at each of them, and some in both places.

    What is told twice has the same id, or the same time where it has none; then the order's amount is the one given.
    """
    seen: set[str] = set()
    for refund in node["paymentSummary"]["refunds"].each():
        yield _refund(refund, currency)
        seen |= _names(refund)
    of_lines: dict[str, RefundRecord] = {}
    for refund in (each for line in node["lineItems"].each() for each in line["refunds"].each()):
        if not _names(refund) & seen:
            told = _refund(refund, currency)
            before = of_lines.get(told.external_id)
            amount = (told.amount or Decimal(0)) + (before.amount or Decimal(0)) if before else told.amount
            of_lines[told.external_id] = replace(told, amount=amount)
    yield from of_lines.values()


def _names(refund: Node) -> set[str]:
    return {refund[name].text() for name in ("refundId", "refundReferenceId", "refundDate")} - {""}


def _refund(node: Node, currency: str) -> RefundRecord:
    name = node["refundId"].text() or node["refundReferenceId"].text() or node["refundDate"].text()
    status, at = node["refundStatus"].text(), node["refundDate"]
    return RefundRecord(
        name,
        _given_back(node["amount"], currency),
        at.moment() if at else None,
        reason="failed at eBay" if status == "FAILED" else "",
        done=status == "REFUNDED" or (not status and bool(at)),
    )


def _given_back(amount: Node, currency: str) -> Decimal | None:
    """None for an amount in another currency, which may not stop the order."""
    try:
        return _money(amount.needed(), currency)
    except Malformed:
        return None


# ----------------------------------------------------------------------------------------------------------------------- lines


def _lines(node: Node, currency: str) -> tuple[LineRecord, ...]:
    lines = tuple(_line(line, currency) for line in node.needed().each())
    if not lines:
        raise Malformed(node.path, "is empty")
    if len({line.external_id for line in lines}) < len(lines):
        raise Malformed(node.path, "names a line twice")
    return lines


def _line(node: Node, currency: str) -> LineRecord:
    quantity = node["quantity"].whole(least=1)
    cost = _money(node["lineItemCost"].needed(), currency)
    discounted = node["discountedLineItemCost"]
    taxes = (tax for tax in node["taxes"].each() if not tax["taxType"].text().endswith("_FEE"))
    return LineRecord(
        external_id=node["lineItemId"].needed().text(),
        sku=node["sku"].text(),
        title=node["title"].text(),
        quantity=quantity,
        unit_price=_unit_price(cost, quantity),
        total=_money(discounted, currency) if discounted else cost,
        tax=sum((_money(tax["amount"], currency) for tax in taxes), Decimal(0)),
        listing_id=node["legacyItemId"].text(),
        variation_id=node["legacyVariationId"].text(),
        marketplace=node["listingMarketplaceId"].text(),
        fulfilled=node["lineItemFulfillmentStatus"].one_of(_FULFILMENTS) is not Fulfilment.NONE,
    )


def _unit_price(cost: Decimal, quantity: int) -> Decimal:
    exact = cost / quantity
    return exact if exact * quantity == cost else exact.quantize(_UNIT_PRICE, ROUND_HALF_EVEN)


def _ship_by(node: Node) -> Iterator[Node]:
    for line in node["lineItems"].each():
        yield line["lineItemFulfillmentInstructions"]["shipByDate"]


def _references(node: Node) -> Iterator[tuple[str, str]]:
    """Numbers for customs and tax offices: eBay's own (IOSS, VOEC...) where it has collected the tax, then the buyer's."""
    for line in node["lineItems"].each():
        for tax in line["ebayCollectAndRemitTaxes"].each():
            number = tax["ebayReference"]
            if number:
                yield number["name"].text(), number["value"].text()
    buyers = node["buyer"]["taxIdentifier"]
    if buyers["taxpayerId"]:
        yield buyers["taxIdentifierType"].text(), buyers["taxpayerId"].text()


# ----------------------------------------------------------------------------------------------------------------- destination


def _destination(node: Node) -> tuple[Node, str]:
    """The instruction to follow, and why there is nothing for a warehouse to ship, if so.

    For the Global Shipping Program, eBay International Shipping and Authenticity Guarantee ``shipTo`` is the hub already.
    """
    instructions = node["fulfillmentStartInstructions"].each()
    program = node["program"]
    if program["fulfillmentProgram"]["fulfilledBy"].text() == "EBAY":
        return _first(instructions, node), _NOTHING_TO_SHIP["FULFILLED_BY_EBAY"]
    if program["ebayVault"]["fulfillmentType"].text().upper().replace(" ", "_").startswith("VAULT_TO"):
        return _first(instructions, node), "shipped from the eBay vault"
    first = _first(instructions, node)
    return next(((each, "") for each in instructions if not _reason(each)), (first, _reason(first)))


def _first(instructions: list[Node], node: Node) -> Node:
    return instructions[0] if instructions else Node(None, node, "fulfillmentStartInstructions[0]")


def _reason(instruction: Node) -> str:
    """Why nothing of this instruction is shipped; empty where it is. Click and Collect parcels are shipped, to a store."""
    kind, delivered = instruction["fulfillmentInstructionsType"].text(), bool(instruction["shippingStep"]["shipTo"])
    if kind == "PREPARE_FOR_PICKUP" and delivered and not instruction["pickupStep"]:
        return ""
    return _NOTHING_TO_SHIP.get(kind, "" if delivered else "no delivery address")


def _address(person: Node, reference: str = "") -> AddressRecord:
    """After 90 days eBay tells neither name nor street, so both may be empty."""
    address = person["contactAddress"]
    return AddressRecord(
        name=person["fullName"].text(),
        company=person["companyName"].text(),
        line1=address["addressLine1"].text(),
        line2=address["addressLine2"].text(),
        city=address["city"].text(),
        county=address["county"].text(),
        region=address["stateOrProvince"].text(),
        postal_code=address["postalCode"].text(),
        country=address["countryCode"].text(),
        phone=person["primaryPhone"]["phoneNumber"].text(),
        email=person["email"].text(),
        reference=f"Reference #{reference}" if reference else "",
    )
