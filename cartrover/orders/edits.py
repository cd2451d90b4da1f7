"""What a person changed of an order, laid over what the cart tells.

The cart's own values stay in their columns and follow each reading, so a reading never undoes an edit, and taking an edit back
shows what the cart says by then. ``Order.edits`` holds ``ship_to`` (by field), ``shipping_method`` and ``note``, each only where
it differs from the cart's.
"""

from __future__ import annotations

from cartrover.orders.models import Order

Address = dict[str, str]

FIELDS = {
    "name": "name",
    "company": "company",
    "line1": "street",
    "line2": "second line",
    "city": "city",
    "region": "region",
    "postal_code": "postcode",
    "country": "country",
    "phone": "phone",
}
WORDS = {"shipping_method": "shipping method", "note": "note"}
_NOWHERE = dict.fromkeys((*FIELDS, "county", "email", "reference"), "")


def ship_to(order: Order) -> Address | None:
    """Where it goes."""
    edited = order.edits.get("ship_to")
    return {**_NOWHERE, **(order.ship_to or {}), **edited} if edited else order.ship_to


def shipping_method(order: Order) -> str:
    """What a person says that the warehouse is told, in the warehouse's own word; empty where nobody has."""
    return str(order.edits.get("shipping_method", ""))


def note(order: Order) -> str:
    return str(order.edits.get("note", order.note))


def edited(order: Order) -> list[str]:
    """What of it a person changed, in words. No value stands in them: they are kept longer than addresses."""
    address = [words for name, words in FIELDS.items() if name in order.edits.get("ship_to", {})]
    return [*address, *(words for name, words in WORDS.items() if name in order.edits)]
