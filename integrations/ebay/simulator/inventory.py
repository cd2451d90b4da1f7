"""The Inventory API, as far as quantities need it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, Response, request

from integrations.simulation import Document

from .access import INVENTORY, caller, guarded
from .answers import as_json
from .errors import Refusal
from .formats import amount, value
from .here import world
from .marketplaces import LOCALES, SITES

READING = (INVENTORY, f"{INVENTORY}.readonly")
BULK_GET_LIMIT = 25


routes = Blueprint("inventory", __name__, url_prefix="/sell/inventory/v1")


@routes.before_request
def a_language() -> None:
    """Unlike every other API this one insists on a language it knows."""
    language = request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip()
    if language not in LOCALES:
        raise Refusal(25709, detail="header Accept-Language")


@routes.post("/bulk_update_price_quantity")
@guarded("bulkUpdatePriceQuantity", "inventory", INVENTORY)
def update() -> Any:
    entries = _entries()
    if len(entries) > int(world.settings["bulk_limit"]):
        raise Refusal(25709, detail="requests")
    results = [result for entry in entries for result in _update(entry)]
    return _several(results)


@routes.post("/bulk_get_inventory_item")
@guarded("bulkGetInventoryItem", "inventory", *READING)
def bulk_get() -> Any:
    skus = [str(entry.get("sku", "")) for entry in _entries()]
    if len(skus) > BULK_GET_LIMIT:
        raise Refusal(25727, detail=BULK_GET_LIMIT)
    if len(set(skus)) < len(skus):
        raise Refusal(25734)
    return _several([_got(sku) for sku in skus])


@routes.get("/inventory_item")
@guarded("getInventoryItems", "inventory", *READING)
def items() -> Any:
    mine = [_item(item) for item in world.listings.items(caller().username)]
    return as_json(_numbered_page("inventoryItems", mine, default=25, most=200))


@routes.get("/inventory_item/<path:sku>")
@guarded("getInventoryItem", "inventory", *READING)
def item(sku: str) -> Any:
    found = world.listings.item(caller().username, sku)
    if found is None:
        raise Refusal(25702, detail=sku)
    return as_json(_item(found))


@routes.get("/offer")
@guarded("getOffers", "inventory", *READING)
def offers() -> Any:
    sku = request.args.get("sku", "")
    if not sku:
        raise Refusal(25709, detail="sku")
    marketplace = request.args.get("marketplace_id", "")
    found = [
        _offer(listing, unit)
        for listing, unit in world.listings.with_sku(caller().username, sku)
        if unit["offer_id"] and marketplace in ("", listing["marketplace"])
    ]
    if not found:
        raise Refusal(25713, detail=sku)
    return as_json(_numbered_page("offers", found, default=100, most=100))


@routes.get("/offer/<offer_id>")
@guarded("getOffer", "inventory", *READING)
def offer(offer_id: str) -> Any:
    found = world.listings.offer(caller().username, offer_id)
    if found is None:
        raise Refusal(25713, detail=offer_id)
    return as_json(_offer(*found))


@routes.get("/location")
@guarded("getInventoryLocations", "inventory", *READING)
def locations() -> Any:
    here = _location(caller().username)
    return as_json({"href": request.url, "limit": 100, "offset": 0, "total": 1, "locations": [here]})


@routes.get("/location/<key>")
@guarded("getInventoryLocation", "inventory", *READING)
def location(key: str) -> Any:
    here = _location(caller().username)
    if key != here["merchantLocationKey"]:
        raise Refusal(25805, detail="merchantLocationKey")
    return as_json(here)


def _got(sku: str) -> Document:
    found = world.listings.item(caller().username, sku)
    if found is None:
        return _failed(Refusal(25702, detail=sku), sku)
    return {"statusCode": 200, "sku": sku, "inventoryItem": _item(found), "errors": [], "warnings": []}


def _entries() -> list[Document]:
    body = request.get_json(force=True, silent=True)
    entries = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise Refusal(25709, detail="requests")
    return entries


def _update(entry: Document) -> list[Document]:
    """What became of one entry: a result for its SKU, or for each of its offers."""
    sku = str(entry.get("sku", ""))
    results: list[Document] = []
    if "shipToLocationAvailability" in entry:
        results.append(_tried(partial(_update_item, sku, entry["shipToLocationAvailability"]), sku))
    for wanted in entry.get("offers") or []:
        offer_id = str(wanted.get("offerId", ""))
        results.append(_tried(partial(_update_offer, wanted), sku, offer_id))
    if not results:
        return [_failed(Refusal(25709, detail="shipToLocationAvailability"), sku)]
    with_offer = [result for result in results if "offerId" in result]
    failed = [result for result in results if result["statusCode"] != 200 and result not in with_offer]
    return failed + with_offer if with_offer else results


def _tried(effect: Callable[[], None], sku: str, offer_id: str = "") -> Document:
    try:
        effect()
    except Refusal as refusal:
        return _failed(refusal, sku, offer_id)
    return {"statusCode": 200, **_named(sku, offer_id), "errors": [], "warnings": []}


def _failed(refusal: Refusal, sku: str, offer_id: str = "") -> Document:
    return {"statusCode": refusal.status, **_named(sku, offer_id), "errors": [refusal.error], "warnings": []}


def _named(sku: str, offer_id: str) -> Document:
    return {name: text for name, text in (("sku", sku), ("offerId", offer_id)) if text}


def _update_item(sku: str, wanted: Document) -> None:
    item = world.listings.item(caller().username, sku)
    if item is None:
        raise Refusal(25702, detail=sku)
    world.listings.set_item_quantity(item, _quantity(wanted.get("quantity")))


def _update_offer(wanted: Document) -> None:
    found = world.listings.offer(caller().username, str(wanted.get("offerId", "")))
    if found is None:
        raise Refusal(25713, detail=wanted.get("offerId", ""))
    listing, unit = found
    if world.listings.revise(listing) > int(world.settings["revisions_per_day"]):
        raise Refusal(25002, detail="The listing has been revised too often today.")
    if "availableQuantity" in wanted:
        world.listings.set_offer_quantity(listing, unit, _quantity(wanted["availableQuantity"]))
    if "price" in wanted:
        world.listings.set_price(listing, unit, str(value(wanted["price"])))


def _quantity(given: Any) -> int:
    if type(given) is not int or given < 0:
        raise Refusal(25709, detail="quantity")
    return given


def _several(results: list[Document]) -> Response:
    """200 when all went well, else 207: whoever looks at the status alone misses what failed."""
    fine = all(result["statusCode"] == 200 for result in results)
    return as_json({"responses": results}, 200 if fine else 207)


def _numbered_page(name: str, rows: list[Document], default: int, most: int) -> Document:
    """A page whose ``offset`` is its number, not a count of rows."""
    limit, number = request.args.get("limit", str(default)), request.args.get("offset", "0")
    if not limit.isdigit() or not number.isdigit() or not 1 <= int(limit) <= most:
        raise Refusal(25706, detail="limit, offset")
    size, at = int(limit), int(number)
    page = rows[at * size : (at + 1) * size]
    answer: Document = {"href": request.full_path, "total": len(rows), "size": len(page), "limit": size, name: page}
    if (at + 1) * size < len(rows):
        answer["next"] = f"{request.path}?limit={size}&offset={at + 1}"
    return answer


def _item(item: Document) -> Document:
    return {
        "sku": item["sku"],
        "locale": item["locale"].replace("-", "_"),
        "product": {"title": item["title"], "description": item["title"]},
        "condition": "NEW",
        "availability": {
            "shipToLocationAvailability": {
                "quantity": item["quantity"],
                "allocationByFormat": {"auction": 0, "fixedPrice": item["quantity"]},
            }
        },
    }


def _offer(listing: Document, unit: Document) -> Document:
    active = listing["status"] == "ACTIVE"
    return {
        "offerId": unit["offer_id"],
        "sku": unit["sku"],
        "marketplaceId": listing["marketplace"],
        "format": "FIXED_PRICE",
        "availableQuantity": unit["offer_quantity"],
        "pricingSummary": {"price": amount(value({"value": unit["price"]}), listing["currency"])},
        "status": "PUBLISHED",
        "merchantLocationKey": "default",
        "listing": {
            "listingId": listing["item_id"],
            "listingStatus": "ACTIVE" if active else "ENDED",
            "soldQuantity": unit["sold"],
        },
    }


def _location(username: str) -> Document:
    member = world.members.ensure(username)
    site = SITES[member["marketplace"]]
    street, city, state, postcode = site.places[0]
    address = {"addressLine1": street, "city": city, "postalCode": postcode, "country": site.country}
    if state:
        address["stateOrProvince"] = state
    return {
        "merchantLocationKey": "default",
        "name": "Main warehouse",
        "location": {"address": address},
        "locationTypes": ["WAREHOUSE"],
        "merchantLocationStatus": "ENABLED",
    }
