"""Goods that come back. Nothing is said of how the API takes them, so only people make returns here; everybody reads them."""

from __future__ import annotations

from decimal import Decimal

from . import formats, orders, quantities
from .errors import invalid
from .records import Record
from .world import World

_LIVE = frozenset({"returning", "received"})
_LINE = "fulfillment_return_line_items"


def begin(world: World, order: Record, wanted: Record) -> Record:
    """All that has left comes back, or ``lines`` (``{order_line_item_id: quantity}``). ``received``: it is there already."""
    given = wanted.get("lines") or {line["id"]: left for line in _lines(world, order) if (left := _out(world, line)) > 0}
    if not given:
        raise invalid(base="Order has nothing to return")
    items = [(orders.find_line(world, order, int(line_id)), Decimal(str(units))) for line_id, units in given.items()]
    if any(not 0 < units <= _out(world, line) for line, units in items):
        raise invalid(fulfillment_return_line_items__quantity="is greater than the quantity shipped")
    names = {name: order[name] for name in ("order_number", "company_id")}
    made = world.records.insert(
        "fulfillment_returns", order["_account"], {**names, "order_id": order["id"], "location_id": order["stock_location_id"]}
    )
    for position, (line, units) in enumerate(items):
        _add(world, made, line, units, position)
    world.ledger.record("return_created", str(made["id"]), account_id=order["_account"], order_id=order["id"])
    world.deliveries.announce(order["_account"], "fulfillment_return.create", "fulfillment_returns", made["id"])
    orders.refresh(world, order)
    return receive(world, made) if wanted.get("received") else made


def _add(world: World, made: Record, line: Record, units: Decimal, position: int) -> None:
    item = world.records.insert(
        _LINE,
        made["_account"],
        {
            "fulfillment_return_id": made["id"],
            "order_line_item_id": line["id"],
            "position": position,
            "quantity": formats.money(units),
        },
    )
    ids = [*line["fulfillment_return_line_item_ids"], item["id"]]
    world.records.change("order_line_items", line["id"], {"fulfillment_return_line_item_ids": ids}, touch=False)


def receive(world: World, made: Record) -> Record:
    """The goods are on the shelf again."""
    if made["status"] != "returning":
        raise invalid(base=f"Return is {made['status']} and can't be received")
    changes = {"status": "received", "received_at": formats.moment(world.clock.now())}
    made = world.records.change("fulfillment_returns", made["id"], changes)
    for item in world.records.where(_LINE, made["_account"], fulfillment_return_id=made["id"]):
        line = world.records.one("order_line_items", made["_account"], item["order_line_item_id"])
        if line["variant_id"] is not None:
            world.stock.move(made["_account"], line["variant_id"], made["location_id"], Decimal(item["quantity"]))
    world.ledger.record("return_received", str(made["id"]), account_id=made["_account"], order_id=made["order_id"])
    world.deliveries.announce(made["_account"], "fulfillment_return.received", "fulfillment_returns", made["id"])
    orders.refresh(world, world.records.one("orders", made["_account"], made["order_id"]))
    return made


def _lines(world: World, order: Record) -> list[Record]:
    return world.records.where("order_line_items", order["_account"], order_id=order["id"])


def _out(world: World, line: Record) -> Decimal:
    """Units that have left and are not coming back."""
    shipped = quantities.in_fulfillments(world.records, line, quantities.SHIPPED)
    return shipped - quantities.in_returns(world.records, line, _LIVE)
