"""The Trading API: XML both ways, and status 200 whatever happens.

https://developer.ebay.com/devzone/xml/docs/reference/ebay/index.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from integrations.contract import ListingRecord, StockUpdate
from integrations.http import Reply
from integrations.outcomes import RetryLater

COMPATIBILITY_LEVEL = "1477"
ENTRIES_PER_PAGE = 200
ITEMS_AT_ONCE = 4

_NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
_FAILURES = (b"<Ack>Failure</Ack>", b"<Ack>PartialFailure</Ack>")


@dataclass(frozen=True, slots=True)
class TradingError:
    """``parameters`` may name the item or the SKU that is meant. ``system`` says that eBay itself is at fault."""

    code: str
    message: str
    warning: bool
    system: bool
    parameters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """``ok`` holds with warnings, too."""

    root: Element
    ok: bool
    errors: tuple[TradingError, ...]


def failed(reply: Reply) -> bool:
    """Whether a reply is of this API and says that something was not done."""
    return "xml" in reply.headers.get("Content-Type", "").lower() and any(ack in reply.body for ack in _FAILURES)


def read(reply: Reply) -> Answer:
    """The answer, without its namespace. RetryLater when it is none; every call here may be repeated."""
    try:
        root: Element = fromstring(reply.body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        detail = f"unreadable XML of {len(reply.body)} bytes: {type(error).__name__}"
        raise RetryLater("eBay did not answer.", detail=detail) from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    ack = _text(root, "Ack")
    if ack not in ("Success", "Warning", "Failure", "PartialFailure"):
        raise RetryLater("eBay did not answer.", detail=f"an XML answer with Ack {ack[:50]!r}")
    return Answer(root, ack in ("Success", "Warning"), tuple(_error(each) for each in root.findall("Errors")))


def _error(element: Element) -> TradingError:
    return TradingError(
        code=_text(element, "ErrorCode"),
        message=_text(element, "LongMessage") or _text(element, "ShortMessage"),
        warning=_text(element, "SeverityCode") == "Warning",
        system=_text(element, "ErrorClassification") == "SystemError",
        parameters=frozenset((value.text or "").strip() for value in element.findall("ErrorParameters/Value")),
    )


def headers(call: str, site_id: int = 0) -> Mapping[str, str]:
    """Site 0 answers in English, and every listing can be revised by way of it."""
    return {
        "X-EBAY-API-CALL-NAME": call,
        "X-EBAY-API-SITEID": str(site_id),
        "X-EBAY-API-COMPATIBILITY-LEVEL": COMPATIBILITY_LEVEL,
        "Content-Type": "text/xml",
    }


# -------------------------------------------------------------------------------------------------------------------- listings


def listings_request(page: int) -> bytes:
    """GetMyeBaySelling: every active listing, on all sites."""
    request = Element("GetMyeBaySellingRequest", xmlns=_NAMESPACE)
    active = SubElement(request, "ActiveList")
    _add(active, "Include", "true")
    pagination = SubElement(active, "Pagination")
    _add(pagination, "EntriesPerPage", str(ENTRIES_PER_PAGE))
    _add(pagination, "PageNumber", str(page))
    _add(request, "DetailLevel", "ReturnAll")
    return _written(request)


def listings(answer: Answer) -> tuple[tuple[ListingRecord, ...], int]:
    """The page's listings, variations each on their own, and how many there are in all. An auction has no figure to set."""
    total = _text(answer.root, "ActiveList/PaginationResult/TotalNumberOfEntries")
    items = answer.root.findall("ActiveList/ItemArray/Item")
    records = (record for item in items if _text(item, "ListingType") != "Chinese" for record in _records(item))
    return tuple(records), int(total) if total.isdigit() else len(items)


def _records(item: Element) -> Iterator[ListingRecord]:
    item_id, title, currency = _text(item, "ItemID"), _text(item, "Title"), _currency(item)
    variations = item.findall("Variations/Variation")
    for variation in variations:
        sku = _text(variation, "SKU")
        if sku:  # without one, nothing tells it from its sisters
            yield ListingRecord(f"{item_id}:{sku}", sku, _available(variation), _named(title, variation), currency=currency)
    if not variations:
        yield ListingRecord(item_id, _text(item, "SKU"), _available(item), title, currency=currency)


def _currency(item: Element) -> str:
    """The list names no site. What a listing is priced in leaves few of them."""
    price = item.find("SellingStatus/CurrentPrice")
    return "" if price is None else price.get("currencyID", "")


def _available(element: Element) -> int:
    """``Quantity`` counts what was sold, too."""
    available = _text(element, "QuantityAvailable")
    if available.isdigit():
        return int(available)
    return max(_whole(element, "Quantity") - _whole(element, "SellingStatus/QuantitySold"), 0)


def _named(title: str, variation: Element) -> str:
    values = [_text(pair, "Value") for pair in variation.findall("VariationSpecifics/NameValueList")]
    return f"{title} ({', '.join(values)})" if values else title


# ----------------------------------------------------------------------------------------------------------------------- stock


def item_of(update: StockUpdate) -> tuple[str, str]:
    """(item id, SKU of the variation, which is empty where the listing has none)."""
    item_id, _, sku = update.external_id.partition(":")
    return item_id, sku


def stock_request(updates: Sequence[StockUpdate]) -> bytes:
    """ReviseInventoryStatus: the quantity that is available, of at most four."""
    request = Element("ReviseInventoryStatusRequest", xmlns=_NAMESPACE)
    for update in updates:
        item_id, variation = item_of(update)
        status = SubElement(request, "InventoryStatus")
        _add(status, "ItemID", item_id)
        if variation:
            _add(status, "SKU", variation)
        _add(status, "Quantity", str(update.quantity))
    return _written(request)


def revised(answer: Answer) -> frozenset[tuple[str, str]]:
    """(item id, SKU) of what the answer says was revised."""
    return frozenset((_text(each, "ItemID"), _text(each, "SKU")) for each in answer.root.findall("InventoryStatus"))


def _written(request: Element) -> bytes:
    body: bytes = tostring(request, encoding="utf-8", xml_declaration=True)
    return body


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _whole(element: Element, path: str) -> int:
    text = _text(element, path)
    return int(text) if text.isdigit() else 0
