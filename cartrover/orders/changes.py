"""What a newer reading of an order changed, in words. Nothing personal stands in them: events are kept longer than addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

SHOWN = {
    "number": "order number",
    "payment": "payment",
    "cancel": "cancellation",
    "fulfilment": "shipping at the cart",
    "unshippable": "what there is to ship",
    "filtered": "the cart's filter",
    "marketplace": "marketplace",
    "location": "location",
    "currency": "currency",
    "items": "price of the items",
    "discount": "discount",
    "shipping": "shipping charge",
    "tax": "tax",
    "adjustment": "adjustment",
    "total": "total",
    "shipping_method": "shipping method",
    "shipping_carrier": "carrier",
    "ship_by": "ship-by date",
}
HIDDEN = {
    "buyer_id": "buyer",
    "buyer_name": "buyer's name",
    "buyer_email": "buyer's e-mail address",
    "ship_to": "shipping address",
    "bill_to": "billing address",
    "note": "buyer's note",
    "references": "tax and customs numbers",
    "marks": "marks of its maker",
}
LINE = {"sku": "SKU", "title": "title", "quantity": "quantity", "unit_price": "price", "total": "total", "tax": "tax"}


def of_order(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name, label in SHOWN.items():
        if before[name] != after[name]:
            yield f"{label}: {_plain(before[name])} → {_plain(after[name])}"
    for name, label in HIDDEN.items():
        if before[name] != after[name]:
            yield f"{label} changed"


def of_lines(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Lines by their id at the cart."""
    for key in after.keys() - before.keys():
        yield f"line added: {after[key]['quantity']} x {_named(after[key])}"
    for key in before.keys() - after.keys():
        yield f"line removed: {before[key]['quantity']} x {_named(before[key])}"
    for key in before.keys() & after.keys():
        for name, label in LINE.items():
            if before[key][name] != after[key][name]:
                yield f"{label} of {_named(after[key])}: {_plain(before[key][name])} → {_plain(after[key][name])}"
        if before[key]["fulfilled"] != after[key]["fulfilled"]:
            yield f"{_named(after[key])} {'was shipped at the cart' if after[key]['fulfilled'] else 'is no longer shipped'}"


def of_refunds(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], currency: str) -> Iterator[str]:
    """What went back since: a refund or a return is told when it is new, and when it is done."""
    known = {each["id"]: each for each in before}
    for each in after:
        told = known.get(each["id"])
        if told is None or (each["done"] and not told["done"]):
            yield went_back(each, currency)


def went_back(refund: Mapping[str, Any], currency: str) -> str:
    """One refund or return, in words."""
    amount = f" of {Decimal(refund['amount']):.2f} {currency}" if refund["amount"] else ""
    what = f"goods came back{amount}" if refund["goods"] else f"refunded{amount or ' some of it'}"
    begun = f"return{amount} is on its way" if refund["goods"] else f"refund{amount} is under way"
    told = what if refund["done"] else f"refund{amount} did not go through" if refund["reason"] else begun
    return f"{told} ({refund['reason']})" if refund["reason"] else told


def _named(line: Mapping[str, Any]) -> str:
    return str(line["sku"] or line["title"] or "a line")


def _plain(value: Any) -> str:
    return "none" if value in (None, "") else f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "strftime") else f"{value}"
