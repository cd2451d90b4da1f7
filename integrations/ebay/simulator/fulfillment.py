"""createShippingFulfillment and its two readers."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, request

from integrations.simulation import Document

from .access import ORDERS, caller, guarded
from .answers import as_json, empty
from .carriers import CARRIERS
from .errors import Refusal
from .formats import moment, stamp
from .here import world
from .orderbook import Kept
from .orders import READING, own_order

CONFLICT = 409


routes = Blueprint("fulfillment", __name__, url_prefix="/sell/fulfillment/v1/order/<order_id>")


@routes.post("/shipping_fulfillment")
@guarded("createShippingFulfillment", "order", ORDERS)
def create(order_id: str) -> Any:
    kept = _order(order_id)
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise Refusal(32600)
    with world.store.lock:
        _allowed(kept)
        fulfillment = _fulfillment(kept, body)
        base_url = request.host_url.rstrip("/")
        ship(kept, fulfillment, base_url, "shipping_fulfillment", float(world.settings["processing_delay"]))
    return as_json({}, 201, {"Location": f"{request.base_url}/{fulfillment['fulfillmentId']}"})


@routes.get("/shipping_fulfillment")
@guarded("getShippingFulfillments", "order", *READING)
def several(order_id: str) -> Any:
    kept = _order(order_id)
    found = [package["fulfillment"] for package in world.packages.of(kept.id)]
    return as_json({"fulfillments": found, "total": len(found), "warnings": []})


@routes.get("/shipping_fulfillment/<fulfillment_id>")
@guarded("getShippingFulfillment", "order", *READING)
def one(order_id: str, fulfillment_id: str) -> Any:
    kept = _order(order_id)
    for package in world.packages.of(kept.id):
        if package["fulfillment"]["fulfillmentId"] == fulfillment_id:
            return as_json(package["fulfillment"])
    return empty(404)


def ship(kept: Kept, fulfillment: Document, base_url: str, kind: str, seconds: float = 0.0) -> None:
    """A package leaves: one line in the ledger, whose key is the same for the same package told twice."""
    lines = sorted((line["lineItemId"], line["quantity"]) for line in fulfillment["lineItems"])
    tracking = fulfillment.get("shipmentTrackingNumber", "")
    told = ",".join(f"{line_id}x{quantity}" for line_id, quantity in lines)
    world.ledger.record(
        kind,
        f"{kept.id}/{tracking}/{told}",
        seller=kept.document["sellerId"],
        order=kept.id,
        tracking=tracking,
        carrier=fulfillment.get("shippingCarrierCode", ""),
        lines=fulfillment["lineItems"],
    )
    world.packages.add(kept.id, fulfillment, base_url, seconds)


def _order(order_id: str) -> Kept:
    kept = own_order(order_id)
    if kept is None:
        raise Refusal(32100, orderId=order_id)
    return kept


def _allowed(kept: Kept) -> None:
    member = world.members.get(caller().username)
    if member is not None and member["suspended"]:
        raise Refusal(32400)
    cancelled = kept.document["cancelStatus"]["cancelState"] == "CANCELED"
    if cancelled and world.settings["ship_cancelled"] == "refuse":
        raise Refusal(32600, CONFLICT)


def _fulfillment(kept: Kept, body: Document) -> Document:
    lines = _lines(kept, body.get("lineItems"))
    shipped = _shipped_date(kept, body.get("shippedDate"))
    tracking, carrier = body.get("trackingNumber"), body.get("shippingCarrierCode")
    if tracking is None and carrier is None:
        number = str(world.store.next_id("untracked", 999))
        return {"fulfillmentId": number, "lineItems": lines, "shippedDate": shipped}
    _tracking(kept, tracking, carrier)
    return {
        "fulfillmentId": tracking,
        "lineItems": lines,
        "shipmentTrackingNumber": tracking,
        "shippedDate": shipped,
        "shippingCarrierCode": carrier,
    }


def _lines(kept: Kept, given: Any) -> list[Document]:
    """The lines of the package; without any, all of the order."""
    ordered = {line["lineItemId"]: int(line["quantity"]) for line in kept.document["lineItems"]}
    if given is None:
        given = [{"lineItemId": line_id, "quantity": quantity} for line_id, quantity in ordered.items()]
    if not isinstance(given, list) or not given or not all(isinstance(line, dict) for line in given):
        raise Refusal(32600)
    lines = [{"lineItemId": line.get("lineItemId"), "quantity": line.get("quantity", 1)} for line in given]
    for line in lines:
        if line["lineItemId"] not in ordered:
            raise Refusal(32200, lineItemId=line["lineItemId"])
        quantity = line["quantity"]
        if type(quantity) is not int or not 1 <= quantity <= ordered[line["lineItemId"]]:
            raise Refusal(32600)
    if len({line["lineItemId"] for line in lines}) < len(lines):
        raise Refusal(32210)
    if len(lines) > 1 and _global_shipping(kept):
        raise Refusal(34300)
    return lines


def _global_shipping(kept: Kept) -> bool:
    """Whether the parcel goes by the Global Shipping Program; eBay International Shipping has a reference, too."""
    if "ebayInternationalShipping" in kept.document.get("program", {}):
        return False
    steps = (instruction.get("shippingStep", {}) for instruction in kept.document["fulfillmentStartInstructions"])
    return any("shipToReferenceId" in step for step in steps)


def _shipped_date(kept: Kept, given: Any) -> str:
    now = world.clock.now()
    if given is None:
        return stamp(now)
    try:
        shipped = moment(str(given))
    except ValueError as error:
        raise Refusal(32500) from error
    if not moment(kept.document["creationDate"]) <= shipped <= now:
        raise Refusal(32500)
    return stamp(shipped)


def _tracking(kept: Kept, tracking: Any, carrier: Any) -> None:
    if not isinstance(tracking, str) or not re.fullmatch(r"[A-Za-z0-9]+", tracking):
        raise Refusal(32300)
    if not isinstance(carrier, str) or not carrier:
        raise Refusal(32300)
    if not world.settings["free_text_carriers"] and carrier.lower() not in CARRIERS:
        raise Refusal(32300)
    if tracking in world.settings["refused_tracking"] or carrier in world.settings["refused_carriers"]:
        raise Refusal(32300)
    if world.settings["duplicate_tracking"] == "refuse" and world.packages.carries(kept.id, tracking):
        raise Refusal(34500)
    if world.packages.tracking_numbers(kept.id) >= int(world.settings["max_tracking_numbers"]):
        raise Refusal(34100)
