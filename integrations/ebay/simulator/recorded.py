"""Feeding the stand-in with orders that eBay really sent, moved to now and to a seller of ours."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from integrations.simulation import Document

from .formats import stamp, value
from .marketplaces import SITES
from .orderbook import Kept
from .world import World

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_APART = timedelta(minutes=1)
_IN_STOCK = 25


def feed(world: World, payloads: Any, seller: str, base_url: str) -> Document:
    """Take in pages, orders and lists of orders, wherever they lie in ``payloads``.

    Each order keeps its own distances and ends a minute before the next newer one, the newest about now. What it sells is
    listed, and packages that its fulfillmentHrefs name can be read. Returns ``{orders: [ids], skus: {sku: units sold}}``.
    """
    world.members.ensure(seller)
    found = {order["orderId"]: order for order in _orders(payloads)}
    newest_first = sorted(found.values(), key=lambda order: str(order["lastModifiedDate"]), reverse=True)
    skus: Counter[str] = Counter()
    for back, order in enumerate(newest_first, start=1):
        document = _moved(order, world.clock.now() - back * _APART)
        document["sellerId"] = seller
        _list(world, document, seller)
        _take_in(world, document, base_url)
        skus.update({line["sku"]: line["quantity"] for line in document["lineItems"] if line.get("sku")})
    return {"orders": [order["orderId"] for order in newest_first], "skus": dict(skus)}


def _orders(payload: Any) -> Iterator[Document]:
    if isinstance(payload, list):
        for each in payload:
            yield from _orders(each)
    elif isinstance(payload, dict):
        if "orderId" in payload and "lineItems" in payload:
            yield payload
        else:
            for each in payload.values():
                yield from _orders(each)


def _moved(order: Document, newest: datetime) -> Document:
    """The order with every moment shifted alike, its last change at ``newest``."""
    distance = newest - datetime.fromisoformat(order["lastModifiedDate"])

    def shift(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: shift(each) for name, each in part.items()}
        if isinstance(part, list):
            return [shift(each) for each in part]
        if isinstance(part, str) and _STAMP.fullmatch(part):
            return stamp(datetime.fromisoformat(part) + distance)
        return part

    moved: Document = shift(order)
    return moved


def _list(world: World, order: Document, seller: str) -> None:
    """Put what the order sold on sale, as it must have been."""
    for line in order["lineItems"]:
        sku = line.get("sku")
        if not sku or world.listings.find(seller, sku) is not None:
            continue
        unit_price = value(line["lineItemCost"]) / int(line["quantity"])
        marketplace = line["listingMarketplaceId"]
        unit = {
            "sku": sku,
            "price": str(unit_price.quantize(Decimal("0.01"), ROUND_HALF_UP)),
            "quantity": _IN_STOCK,
            "variation_id": line.get("legacyVariationId"),
            "aspects": {aspect["name"]: aspect["value"] for aspect in line.get("variationAspects", [])},
        }
        taken = world.listings.get(line["legacyItemId"])
        world.listings.create(
            {
                **unit,
                "seller": seller,
                "item_id": None if taken else line["legacyItemId"],
                "title": line["title"],
                "currency": line["lineItemCost"]["currency"],
                "marketplace": marketplace if marketplace in SITES else "EBAY_US",
                "variations": [unit] if "legacyVariationId" in line else [],
            }
        )


def _take_in(world: World, order: Document, base_url: str) -> None:
    ids = [href.rsplit("/", 1)[-1] for href in order["fulfillmentHrefs"]]
    path = f"{base_url}/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment"
    order["fulfillmentHrefs"] = [f"{path}/{fulfillment_id}" for fulfillment_id in ids]
    known = world.orders.get(order["orderId"])
    kept = world.orders.add(order)
    for fulfillment_id, lines in zip(ids, _shared_out(kept, len(ids)), strict=True):
        step = order["fulfillmentStartInstructions"][0].get("shippingStep", {})
        fulfillment = {
            "fulfillmentId": fulfillment_id,
            "lineItems": lines,
            "shipmentTrackingNumber": fulfillment_id,
            "shippedDate": order["lastModifiedDate"],
            "shippingCarrierCode": step.get("shippingCarrierCode", "Other"),
        }
        world.packages.remember(kept.id, fulfillment, f"{path}/{fulfillment_id}")
    if known is None:
        lines = [{"sku": line.get("sku", ""), "quantity": line["quantity"]} for line in order["lineItems"]]
        status = order["orderPaymentStatus"]
        world.ledger.record("order_created", kept.id, seller=order["sellerId"], status=status, lines=lines)


def _shared_out(kept: Kept, packages: int) -> list[list[Document]]:
    """The fulfilled units, dealt out to so many packages; the recording does not say which went where."""
    fulfilled = [line for line in kept.document["lineItems"] if line["lineItemFulfillmentStatus"] == "FULFILLED"]
    units = [line["lineItemId"] for line in fulfilled for _ in range(int(line["quantity"]))]
    shared: list[list[Document]] = []
    for number in range(packages):
        part = units[number * len(units) // packages : (number + 1) * len(units) // packages] or units[-1:]
        shared.append([{"lineItemId": line_id, "quantity": count} for line_id, count in Counter(part).items()])
    return shared
