"""Stock adjustments: the only way for an application to change what is on hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import formats
from .errors import invalid, missing_parameter
from .records import Record
from .resources import RESOURCES, check_references, take
from .world import Caller, World

REASONS = ("supplier", "customer", "damaged", "shrinkage", "promotion", "production")
_RESOURCE = RESOURCES["stock_adjustments"]


def create(world: World, caller: Caller, attributes: Any) -> Record:
    if not isinstance(attributes, dict):
        raise missing_parameter("stock_adjustment")
    taken = take(_RESOURCE, attributes)
    if taken.get("reason") not in REASONS:
        raise invalid(reason="is not included in the list")
    if taken.get("stock_location_id") is None:
        raise invalid(stock_location="can't be blank")
    check_references(world, caller.account_id, taken)
    lines = [_line(world, caller, line, at) for at, line in enumerate(attributes.get("stock_adjustment_line_items") or [])]
    return _make(world, caller, taken, lines)


def _line(world: World, caller: Caller, attributes: Record, position: int) -> Record:
    line = {name: attributes.get(name) for name in ("variant_id", "quantity", "price")}
    try:
        line = {name: formats.coerce(name, value) for name, value in line.items()}
    except ValueError as reason:
        raise invalid(stock_adjustment_line_items__quantity=str(reason)) from None
    if world.records.get("variants", caller.account_id, line["variant_id"]) is None:
        raise invalid(stock_adjustment_line_items__variant="can't be blank")
    if line["quantity"] is None:
        raise invalid(stock_adjustment_line_items__quantity="can't be blank")
    if Decimal(line["quantity"]) > 0 and line["price"] is None:
        raise invalid(stock_adjustment_line_items__price="can't be blank")
    return {**line, "price": line["price"] or "0.0", "position": position}


def _make(world: World, caller: Caller, taken: Record, lines: list[Record]) -> Record:
    total = sum((Decimal(line["quantity"]) * Decimal(line["price"]) for line in lines), Decimal(0))
    quantity = sum((Decimal(line["quantity"]) for line in lines), Decimal(0))
    reasons = world.records.all("stock_adjustment_reasons", caller.account_id)
    reason = next((each for each in reasons if each["reason_code"] == taken["reason"]), None)
    adjustment = world.records.insert(
        "stock_adjustments",
        caller.account_id,
        {
            **taken,
            "stock_adjustment_reason_id": reason["id"] if reason else None,
            "reason_label": reason["name"] if reason else None,
            "cached_quantity": formats.money(quantity),
            "cached_total": formats.money(total),
            "total": formats.money(total),
        },
    )
    made = [
        world.records.insert("stock_adjustment_line_items", caller.account_id, {**line, "stock_adjustment_id": adjustment["id"]})
        for line in lines
    ]
    for line in made:
        world.stock.move(caller.account_id, line["variant_id"], taken["stock_location_id"], Decimal(line["quantity"]))
    world.deliveries.announce(caller.account_id, "stock_adjustment.create", "stock_adjustments", adjustment["id"])
    number = adjustment["adjustment_number"] or f"SA{adjustment['id']:04d}"
    changes = {"adjustment_number": number, "stock_adjustment_line_item_ids": [line["id"] for line in made]}
    return world.records.change("stock_adjustments", adjustment["id"], changes, touch=False)


def void(world: World, adjustment: Record) -> None:
    """DELETE: the goods go back to where they were."""
    if adjustment["status"] == "void":
        raise invalid(base="Stock adjustment is void")
    account_id = adjustment["_account"]
    for line in world.records.where("stock_adjustment_line_items", account_id, stock_adjustment_id=adjustment["id"]):
        world.stock.move(account_id, line["variant_id"], adjustment["stock_location_id"], -Decimal(line["quantity"]))
    world.records.change("stock_adjustments", adjustment["id"], {"status": "void"})
