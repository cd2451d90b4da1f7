"""The lines of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import quantities
from .errors import invalid, missing_parameter
from .records import Record
from .resources import RESOURCES, check_references, take
from .world import World

LINE_TYPES = frozenset({"product", "discount", "shipping", "rounding", "fee", "gift_wrap"})
_RESOURCE = RESOURCES["order_line_items"]


def prepare(world: World, order: Record, attributes: Any, position: int) -> Record:
    """A line that may be inserted, or 422. ``order`` needs its account, company and price list only."""
    taken = _checked(world, order["_account"], attributes)
    taken.setdefault("position", position)
    if taken.get("quantity") is None:
        taken["quantity"] = "1.0"
    if taken.get("freeform"):
        if not taken.get("label"):
            raise invalid(order_line_items__label="can't be blank")
    elif taken.get("variant_id") is None:
        raise invalid(order_line_items__variant_id="can't be blank")
    if taken.get("price") is None:
        taken["price"] = _listed_price(world, order, taken.get("variant_id"))
    if taken.get("tax_type_id") is None:
        taken["tax_type_id"] = _usual_tax_type(world, order)
    return taken


def insert(world: World, order: Record, prepared: Record) -> Record:
    hidden_until = {"_visible_at": order["_visible_at"]} if "_visible_at" in order else {}
    line = {"_discount_amount": None, **prepared, "order_id": order["id"], **hidden_until}
    return world.records.insert("order_line_items", order["_account"], line)


def change(world: World, line: Record, attributes: Any) -> Record:
    """No fewer units than are in packages, or 422."""
    taken = _checked(world, line["_account"], attributes)
    packed = quantities.in_fulfillments(world.records, line, quantities.OPEN)
    if taken.get("quantity") is not None and Decimal(taken["quantity"]) < packed:
        raise invalid(order_line_items__quantity="is less than the quantity packed")
    return world.records.change("order_line_items", line["id"], taken)


def _checked(world: World, account_id: int, attributes: Any) -> Record:
    if not isinstance(attributes, dict):
        raise missing_parameter("order_line_item")
    taken = take(_RESOURCE, attributes)
    taken.pop("order_id", None)
    if "discount_amount" in taken:
        taken["_discount_amount"] = taken.pop("discount_amount")
    if taken.get("line_type") and taken["line_type"] not in LINE_TYPES:
        raise invalid(order_line_items__line_type="is not included in the list")
    if taken.get("quantity") is not None and Decimal(taken["quantity"]) <= 0:
        raise invalid(order_line_items__quantity="must be greater than 0")
    if taken.get("discount") is not None and abs(Decimal(taken["discount"])) > 100:
        raise invalid(order_line_items__discount="must be between -100 and 100")
    check_references(world, account_id, taken)
    return taken


def _listed_price(world: World, order: Record, variant_id: int | None) -> str:
    variant = world.records.get("variants", order["_account"], variant_id)
    name = f"{order['default_price_list_id']}_price"
    return (variant and (variant.get(name) or variant["retail_price"])) or "0.0"


def _usual_tax_type(world: World, order: Record) -> int | None:
    account_id = order["_account"]
    company = world.records.get("companies", account_id, order["company_id"])
    own: int | None = company["default_tax_type_id"] if company else None
    usual: int | None = world.records.one("accounts", account_id, account_id)["default_sales_order_tax_type_id"]
    return own or usual
