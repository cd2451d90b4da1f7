"""The Trading API: one address, XML both ways, and HTTP 200 whatever happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import ceil
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from flask import Blueprint, Response, request

from integrations.simulation import Document

from .errors import Refusal
from .grants import DeadToken
from .here import world

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
VERSION = "1477"
MOST_ITEMS = 4
MOST_ENTRIES = 200
DEFAULT_ENTRIES = 25


@dataclass(frozen=True)
class Trouble:
    """One ``Errors`` element."""

    code: int
    short: str
    long: str
    parameter: str = ""
    severity: str = "Error"
    classification: str = "RequestError"


class Failed(Exception):
    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.short)
        self.trouble = trouble


NO_TOKEN = Trouble(930, "No XML <RequesterPassword> or <RequesterToken> was specified.", "Auth token is missing.")
DEAD = {
    "unknown": Trouble(931, "Auth token is invalid.", "Validation of the authentication token in API request failed."),
    "expired": Trouble(21917053, "Expired IAF token.", "IAF token supplied is expired."),
    "REVOKED_BY_EBAY": Trouble(17470, "Token has been revoked by eBay.", "Please have the user sign in again."),
}
REVOKED = Trouble(16110, "Token has been revoked by the user.", "Please have the user sign in again.")
SPENT = Trouble(518, "Call usage limit has been reached.", "Your application has exceeded usage limit on this call.")
UNREADABLE = Trouble(5, "XML Parse error.", "The request could not be parsed as XML.")
ELSEWHERE = (
    "Inventory-based listing management is not currently supported by this tool. "
    "Please refer to the tool used to create this listing."
)
SAME_QUANTITY = Trouble(
    21917092,
    "Requested Quantity revision is redundant.",
    "The existing quantity value is identical to the quantity specified in the request and, therefore, was not modified.",
    severity="Warning",
)
SAME_PRICE_AND_QUANTITY = Trouble(
    21917091,
    "Requested StartPrice and Quantity revision is redundant.",
    "The existing price and quantity values are identical to those specified in the request and, therefore, have not "
    "been modified.",
    severity="Warning",
)


@dataclass
class Call:
    """A call as it came, and the answer as it grows."""

    username: str
    body: Element
    answer: Element
    troubles: list[Trouble]


routes = Blueprint("trading", __name__)


@routes.post("/ws/api.dll")
def api() -> Response:
    name = request.headers.get("X-EBAY-API-CALL-NAME", "")
    world.calls[name or "trading"] += 1
    call = Call("", Element("none"), Element(f"{name or 'Trading'}Response", xmlns=NAMESPACE), [])
    done = False
    try:
        if name not in _CALLS:
            raise Failed(Trouble(2, "Unsupported API call.", f'API call "{name}" is unsupported.'))
        _headers()
        call.username = _username()
        call.body = _body()
        done = _CALLS[name](call)
    except Failed as failed:
        call.troubles.append(failed.trouble)
    return _answered(call, done)


def _username() -> str:
    token = request.headers.get("X-EBAY-API-IAF-TOKEN", "")
    if not token:
        raise Failed(NO_TOKEN)
    try:
        username = world.grants.access(token).username
        world.quotas.take("trading", username)
    except DeadToken as dead:
        raise Failed(DEAD.get(dead.why, REVOKED)) from dead
    except Refusal as refusal:
        raise Failed(SPENT) from refusal
    if not username:
        raise Failed(DEAD["unknown"])
    return username


def _headers() -> None:
    for name in ("X-EBAY-API-SITEID", "X-EBAY-API-COMPATIBILITY-LEVEL"):
        if not request.headers.get(name, "").isdigit():
            raise Failed(Trouble(37, "Input data is invalid.", f"The HTTP header {name} is missing or invalid."))


def _body() -> Element:
    try:
        parsed: Element = fromstring(request.get_data())
    except (ParseError, DefusedXmlException) as error:
        raise Failed(UNREADABLE) from error
    return parsed


def _answered(call: Call, done: bool) -> Response:
    """The envelope round what the call left in ``answer``: time, Ack, errors, version."""
    errors = any(trouble.severity == "Error" for trouble in call.troubles)
    acks = {(True, True): "PartialFailure", (True, False): "Failure"}
    ack = acks.get((errors, done), "Warning" if call.troubles else "Success")
    head = [_element("Timestamp", world.now()), _element("Ack", ack), *map(_errors, call.troubles)]
    head += [_element("Version", VERSION), _element("Build", f"E{VERSION}_CORE_API_00000000_R1")]
    for position, element in enumerate(head):
        call.answer.insert(position, element)
    xml = b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(call.answer, encoding="utf-8")
    return Response(xml, 200, {"Content-Type": "text/xml;charset=utf-8"})


def _errors(trouble: Trouble) -> Element:
    errors = Element("Errors")
    _add(errors, "ShortMessage", trouble.short)
    _add(errors, "LongMessage", trouble.long)
    _add(errors, "ErrorCode", trouble.code)
    _add(errors, "SeverityCode", trouble.severity)
    if trouble.parameter:
        _add(SubElement(errors, "ErrorParameters", ParamID="0"), "Value", trouble.parameter)
    _add(errors, "ErrorClassification", trouble.classification)
    return errors


def _official_time(call: Call) -> bool:
    return True


def _get_user(call: Call) -> bool:
    member = world.members.ensure(call.username)
    user = SubElement(call.answer, "User")
    _add(user, "EIASToken", member["eiasToken"])
    _add(user, "UserID", member["username"])
    _add(user, "Site", "US")
    _add(user, "Status", "Confirmed")
    return True


def _get_my_ebay_selling(call: Call) -> bool:
    listings = [listing for listing in world.listings.of(call.username) if listing["status"] == "ACTIVE"]
    size = min(_whole(_text(call.body, "ActiveList/Pagination/EntriesPerPage")) or DEFAULT_ENTRIES, MOST_ENTRIES)
    number = _whole(_text(call.body, "ActiveList/Pagination/PageNumber")) or 1
    pages = ceil(len(listings) / size)
    if number > max(pages, 1):
        raise Failed(Trouble(340, "Page number is out of range.", "Page number is out of range."))
    active = SubElement(call.answer, "ActiveList")
    items = SubElement(active, "ItemArray")
    for listing in listings[(number - 1) * size : number * size]:
        _item(listing, SubElement(items, "Item"))
    result = SubElement(active, "PaginationResult")
    _add(result, "TotalNumberOfPages", pages)
    _add(result, "TotalNumberOfEntries", len(listings))
    return True


def _item(listing: Document, item: Element) -> None:
    units = listing["units"]
    available = sum(world.listings.available(listing, unit) for unit in units)
    _money(item, "BuyItNowPrice", units[0]["price"], listing["currency"])
    _add(item, "ItemID", listing["item_id"])
    details = SubElement(item, "ListingDetails")
    _add(details, "StartTime", listing["started_at"])
    _add(details, "ViewItemURL", f"https://www.ebay.com/itm/{listing['item_id']}")
    _add(item, "ListingDuration", "GTC")
    _add(item, "ListingType", listing["format"])
    _add(item, "Quantity", available + sum(unit["sold"] for unit in units))
    _money(SubElement(item, "SellingStatus"), "CurrentPrice", units[0]["price"], listing["currency"])
    _add(item, "Title", listing["title"])
    if listing["has_variations"]:
        variations = SubElement(item, "Variations")
        for unit in units:
            _variation(listing, unit, SubElement(variations, "Variation"))
    elif units[0]["sku"]:
        _add(item, "SKU", units[0]["sku"])
    _add(item, "QuantityAvailable", available)


def _variation(listing: Document, unit: Document, variation: Element) -> None:
    _add(variation, "SKU", unit["sku"])
    _money(variation, "StartPrice", unit["price"], listing["currency"])
    _add(variation, "Quantity", world.listings.available(listing, unit) + unit["sold"])
    specifics = SubElement(variation, "VariationSpecifics")
    for name, text in unit["aspects"].items():
        pair = SubElement(specifics, "NameValueList")
        _add(pair, "Name", name)
        _add(pair, "Value", text)
    _add(SubElement(variation, "SellingStatus"), "QuantitySold", unit["sold"])


def _revise_inventory_status(call: Call) -> bool:
    """Each entry on its own: some may fail while others are done."""
    entries = call.body.findall(f"{{{NAMESPACE}}}InventoryStatus")
    if not 1 <= len(entries) <= MOST_ITEMS:
        problem = f"Between 1 and {MOST_ITEMS} InventoryStatus are allowed."
        raise Failed(Trouble(37, "Input data is invalid.", problem, "InventoryStatus"))
    done = False
    for entry in entries:
        try:
            _revise(call, entry)
            done = True
        except Failed as failed:
            call.troubles.append(failed.trouble)
    return done


def _revise(call: Call, entry: Element) -> None:
    item_id, sku = _text(entry, "ItemID"), _text(entry, "SKU")
    listing = world.listings.get(item_id)
    if listing is None or listing["seller"] != call.username:
        raise Failed(Trouble(231, "Item not found.", f'The item "{item_id}" cannot be accessed.', item_id))
    unit = _revisable(listing, item_id, sku)
    quantity, price = _whole(_text(entry, "Quantity")), _decimal(_text(entry, "StartPrice"))
    if world.listings.revise(listing) > int(world.settings["revisions_per_day"]):
        raise Failed(Trouble(240, "The item cannot be listed or modified.", "Revised too often today.", item_id))
    same_quantity = quantity is None or quantity == unit["quantity"]
    same_price = price is None or price == Decimal(unit["price"])
    if same_quantity and same_price:
        call.troubles.append(SAME_QUANTITY if price is None else SAME_PRICE_AND_QUANTITY)
    if quantity is not None:
        world.listings.set_quantity(listing, unit, quantity, "ReviseInventoryStatus")
    if price is not None:
        world.listings.set_price(listing, unit, str(price))
    _revised(call.answer, listing, unit)


def _revisable(listing: Document, item_id: str, sku: str) -> Document:
    """The unit that an entry means. Failed where it may not be revised in this way."""
    if listing["status"] != "ACTIVE":
        problem = f'You are not allowed to revise an ended item "{item_id}".'
        raise Failed(Trouble(21916750, "FixedPrice item ended.", problem, item_id))
    if listing["format"] != "FixedPriceItem":
        problem = "Valid Listing type for fixedprice apis are FixedPriceItem and StoresFixedPrice."
        raise Failed(Trouble(21916286, "Unsupported ListingType.", problem, item_id))
    if listing["managed_by"] == "inventory":
        raise Failed(Trouble(21919474, ELSEWHERE, ELSEWHERE, item_id))
    units: list[Document] = listing["units"]
    if listing["has_variations"]:
        units = [unit for unit in units if unit["sku"] == sku]
    if not units:
        problem = f'The SKU "{sku}" does not name a variation of item "{item_id}".'
        raise Failed(Trouble(21916799, "SKU Mismatch.", problem, item_id))
    return units[0]


def _revised(answer: Element, listing: Document, unit: Document) -> None:
    status = SubElement(answer, "InventoryStatus")
    _add(status, "SKU", unit["sku"])
    _add(status, "ItemID", listing["item_id"])
    _money(status, "StartPrice", unit["price"], listing["currency"])
    _add(status, "Quantity", unit["quantity"])
    if not any(fees.findtext("ItemID") == listing["item_id"] for fees in answer.findall("Fees")):
        fees = SubElement(answer, "Fees")
        fee = SubElement(fees, "Fee")
        _add(fee, "Name", "ListingFee")
        _money(fee, "Fee", "0.0", listing["currency"])
        _add(fees, "ItemID", listing["item_id"])


def _whole(text: str) -> int | None:
    if text and not text.isdigit():
        raise Failed(Trouble(37, "Input data is invalid.", f'"{text}" is not a whole number.'))
    return int(text) if text else None


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation as error:
        raise Failed(Trouble(37, "Input data is invalid.", f'"{text}" is not a price.')) from error


def _text(element: Element, path: str) -> str:
    qualified = "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
    return (element.findtext(qualified) or "").strip()


def _element(name: str, text: Any) -> Element:
    element = Element(name)
    element.text = str(text)
    return element


def _add(parent: Element, name: str, text: Any) -> None:
    parent.append(_element(name, text))


def _money(parent: Element, name: str, text: str, currency: str) -> None:
    element = _element(name, text)
    element.set("currencyID", currency)
    parent.append(element)


_CALLS: dict[str, Callable[[Call], bool]] = {  # each answers whether it did anything
    "GetMyeBaySelling": _get_my_ebay_selling,
    "ReviseInventoryStatus": _revise_inventory_status,
    "GetUser": _get_user,
    "GeteBayOfficialTime": _official_time,
}
