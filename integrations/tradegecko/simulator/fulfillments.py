"""Packing and shipping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from . import formats, orders, quantities
from .errors import invalid, missing_parameter
from .records import Record
from .resources import RESOURCES, check_references, take
from .world import Caller, World

_RESOURCE = RESOURCES["fulfillments"]
_ITEM = RESOURCES["fulfillment_line_items"]
_NO_LINES = "Cannot create or update a Fulfillment without line items"
_STATUSES = frozenset({"packed", "fulfilled"})


def create(world: World, caller: Caller, attributes: Any) -> Record:
    """``POST /fulfillments``, for some or all of what is not packed yet."""
    if not isinstance(attributes, dict):
        raise missing_parameter("fulfillment")
    order = world.records.get("orders", caller.account_id, formats.coerce("order_id", attributes.get("order_id")))
    if order is None:
        raise invalid(order="can't be blank")
    items = _wanted(world, order, attributes.get("fulfillment_line_items"))
    return _make(world, caller, order, items, take(_RESOURCE, attributes))


def _wanted(world: World, order: Record, nested: Any) -> list[tuple[Record, Decimal]]:
    """Each line with the quantity asked for, or 422."""
    if not nested or not isinstance(nested, list):
        raise invalid(base=_NO_LINES)
    wanted: dict[int, Decimal] = {}
    for item in nested:
        taken = take(_ITEM, item)
        line = orders.find_line(world, order, taken.get("order_line_item_id"))
        quantity = Decimal(taken.get("quantity") or 0)
        if quantity <= 0:
            raise invalid(fulfillment_line_items__quantity="must be greater than 0")
        wanted[line["id"]] = wanted.get(line["id"], Decimal(0)) + quantity
    items = [(orders.find_line(world, order, line_id), quantity) for line_id, quantity in wanted.items()]
    if any(quantity > unpacked(world, line) for line, quantity in items):
        raise invalid(fulfillment_line_items__quantity="is greater than the quantity left to pack")
    return items


def unpacked(world: World, line: Record) -> Decimal:
    if not quantities.needs_shipping(line):
        return Decimal(0)
    return Decimal(line["quantity"]) - quantities.in_fulfillments(world.records, line, quantities.OPEN)


def remainder(world: World, order: Record) -> list[tuple[Record, Decimal]]:
    """Each line that is not wholly packed, with what is left of it."""
    lines = world.records.where("order_line_items", order["_account"], order_id=order["id"])
    return [(line, left) for line in lines if (left := unpacked(world, line)) > 0]


def pack(world: World, caller: Caller, order: Record, attributes: Record) -> Record:
    """``actions/pack``: a packed fulfilment for everything that is not packed yet."""
    items = remainder(world, order)
    if not items:
        raise invalid(base="Order has nothing left to pack")
    return _make(world, caller, order, items, {**take(_RESOURCE, attributes), "status": "packed"})


def fulfil(world: World, caller: Caller, order: Record, attributes: Record) -> Record:
    """``actions/fulfil``: ship what is packed, and the remainder in one more fulfilment. The last one shipped is answered."""
    taken = {**take(_RESOURCE, attributes), "status": "fulfilled"}
    order = orders.finalize(world, order)
    shipped = None
    for fulfillment in world.records.where("fulfillments", order["_account"], order_id=order["id"]):
        if fulfillment["status"] == "packed":
            shipped = update(world, caller, fulfillment, taken)
    items = remainder(world, order)
    if items:
        shipped = _make(world, caller, order, items, taken)
    if shipped is None:
        raise invalid(base="Order has nothing left to ship")
    return shipped


def ship_lines(world: World, caller: Caller, order: Record, items: dict[int, Decimal], attributes: Record) -> Record:
    """One fulfilment of the quantities by line id."""
    nested = [{"order_line_item_id": line_id, "quantity": str(quantity)} for line_id, quantity in items.items()]
    return _make(world, caller, order, _wanted(world, order, nested), take(_RESOURCE, attributes))


def _make(world: World, caller: Caller, order: Record, items: list[tuple[Record, Decimal]], attributes: Record) -> Record:
    attributes = {name: value for name, value in attributes.items() if value is not None}
    status = attributes.pop("status", "packed")
    if status not in _STATUSES:
        raise invalid(status="is not included in the list")
    check_references(world, caller.account_id, attributes)
    order = orders.finalize(world, order)
    zone = ZoneInfo(orders.account_of(world, caller.account_id)["time_zone"])
    usual = {name: order[name] for name in ("shipping_address_id", "billing_address_id", "stock_location_id")}
    fulfillment = world.records.insert(
        "fulfillments",
        caller.account_id,
        {
            **usual,
            "packed_at": world.clock.now().astimezone(zone).date().isoformat(),
            **attributes,
            "order_id": order["id"],
            "order_number": order["order_number"],
            "company_id": order["company_id"],
        },
    )
    made = [_add_item(world, fulfillment, line, quantity, at) for at, (line, quantity) in enumerate(items)]
    fulfillment = world.records.change(
        "fulfillments", fulfillment["id"], {"fulfillment_line_item_ids": [item["id"] for item in made]}, touch=False
    )
    world.deliveries.announce(caller.account_id, "fulfillment.create", "fulfillments", fulfillment["id"], order_id=order["id"])
    if caller.application_id is not None:
        _tell_created(world, fulfillment, items)
    if status == "fulfilled":
        fulfillment = _ship(world, caller, fulfillment)
    orders.refresh(world, order)
    return fulfillment


def _add_item(world: World, fulfillment: Record, line: Record, quantity: Decimal, position: int) -> Record:
    variant = world.records.get("variants", line["_account"], line["variant_id"])
    item = world.records.insert(
        "fulfillment_line_items",
        line["_account"],
        {
            "fulfillment_id": fulfillment["id"],
            "order_line_item_id": line["id"],
            "position": position,
            "quantity": formats.money(quantity),
            "base_price": line["price"],
            "variant_id": line["variant_id"],
            "variant_sku": variant["sku"] if variant else None,
        },
    )
    item_ids = [*line["fulfillment_line_item_ids"], item["id"]]
    world.records.change("order_line_items", line["id"], {"fulfillment_line_item_ids": item_ids}, touch=False)
    return item


def _tell_created(world: World, fulfillment: Record, items: list[tuple[Record, Decimal]]) -> None:
    lines = {str(line["id"]): formats.plain(quantity) for line, quantity in items}
    contents = ",".join(f"{line_id}x{quantity}" for line_id, quantity in sorted(lines.items()))
    world.ledger.record(
        "fulfillment_created",
        f"{fulfillment['order_id']}/{fulfillment['tracking_number'] or ''}/{contents}",
        account_id=fulfillment["_account"],
        order_id=fulfillment["order_id"],
        fulfillment_id=fulfillment["id"],
        tracking_number=fulfillment["tracking_number"],
        tracking_company=fulfillment["tracking_company"],
        lines=lines,
    )


def _items(world: World, fulfillment: Record) -> list[Record]:
    return world.records.where("fulfillment_line_items", fulfillment["_account"], fulfillment_id=fulfillment["id"])


def _move_stock(world: World, fulfillment: Record, sign: int) -> None:
    for item in _items(world, fulfillment):
        if item["variant_id"] is not None:
            quantity = sign * Decimal(item["quantity"])
            world.stock.move(fulfillment["_account"], item["variant_id"], fulfillment["stock_location_id"], quantity)


def _ship(world: World, caller: Caller, fulfillment: Record) -> Record:
    changes: Record = {"status": "fulfilled"}
    if fulfillment["shipped_at"] is None and world.settings["shipped_at"] == "set":
        changes["shipped_at"] = formats.moment(world.clock.now())
    fulfillment = world.records.change("fulfillments", fulfillment["id"], changes)
    _move_stock(world, fulfillment, -1)
    world.ledger.record(
        "fulfillment_shipped",
        str(fulfillment["id"]),
        account_id=fulfillment["_account"],
        order_id=fulfillment["order_id"],
        fulfillment_id=fulfillment["id"],
        source_id=caller.application_id,
        tracking_number=fulfillment["tracking_number"],
        tracking_company=fulfillment["tracking_company"],
        lines={item["variant_sku"] or "": item["quantity"] for item in _items(world, fulfillment)},
    )
    world.deliveries.announce(
        fulfillment["_account"],
        "fulfillment.fulfilled",
        "fulfillments",
        fulfillment["id"],
        order_id=fulfillment["order_id"],
    )
    return fulfillment


def update(world: World, caller: Caller, fulfillment: Record, attributes: Any) -> Record:
    taken = take(_RESOURCE, attributes)
    _check_open(fulfillment)
    status = taken.pop("status", None) or fulfillment["status"]
    if status not in _STATUSES:
        raise invalid(status="is not included in the list")
    if fulfillment["status"] == "fulfilled" and status == "packed":
        raise invalid(status="can't be changed")
    check_references(world, caller.account_id, taken)
    before, fulfillment = fulfillment["status"], world.records.change("fulfillments", fulfillment["id"], taken)
    if status == "fulfilled" != before:
        fulfillment = _ship(world, caller, fulfillment)
    orders.refresh(world, _order(world, fulfillment))
    return fulfillment


def _check_open(fulfillment: Record) -> None:
    if fulfillment["status"] not in quantities.OPEN:
        raise invalid(base=f"Fulfillment is {fulfillment['status']} and can't be changed")


def _order(world: World, fulfillment: Record) -> Record:
    return world.records.one("orders", fulfillment["_account"], fulfillment["order_id"])


def delete(world: World, fulfillment: Record) -> None:
    """A packed one becomes deleted; a shipped one void, and its goods are on the shelf again. Not where some have come back."""
    _check_open(fulfillment)
    if world.records.where("fulfillment_returns", fulfillment["_account"], order_id=fulfillment["order_id"]):
        raise invalid(base="Fulfillment has returns and can't be deleted")
    if fulfillment["status"] == "fulfilled":
        _move_stock(world, fulfillment, 1)
        world.records.change("fulfillments", fulfillment["id"], {"status": "void"})
    else:
        world.records.change("fulfillments", fulfillment["id"], {"status": "deleted"})
    orders.refresh(world, _order(world, fulfillment))


def add_item(world: World, caller: Caller, attributes: Any) -> Record:
    """``POST /fulfillment_line_items``."""
    fulfillment = _packed(world, caller.account_id, take(_ITEM, attributes).get("fulfillment_id"))
    [(line, quantity)] = _wanted(world, _order(world, fulfillment), [attributes])
    item = _add_item(world, fulfillment, line, quantity, len(fulfillment["fulfillment_line_item_ids"]))
    return _settle_item(world, fulfillment, item)


def update_item(world: World, caller: Caller, item: Record, attributes: Any) -> Record:
    fulfillment = _packed(world, caller.account_id, item["fulfillment_id"])
    line = orders.find_line(world, _order(world, fulfillment), item["order_line_item_id"])
    quantity = Decimal(take(_ITEM, attributes).get("quantity") or item["quantity"])
    if not 0 < quantity <= unpacked(world, line) + Decimal(item["quantity"]):
        raise invalid(quantity="is greater than the quantity left to pack")
    item = world.records.change("fulfillment_line_items", item["id"], {"quantity": formats.money(quantity)})
    return _settle_item(world, fulfillment, item)


def delete_item(world: World, caller: Caller, item: Record) -> None:
    fulfillment = _packed(world, caller.account_id, item["fulfillment_id"])
    if len(fulfillment["fulfillment_line_item_ids"]) == 1:
        raise invalid(base=_NO_LINES)
    world.records.remove("fulfillment_line_items", item["id"])
    _settle_item(world, fulfillment, item)


def _packed(world: World, account_id: int, fulfillment_id: int | None) -> Record:
    fulfillment = world.records.get("fulfillments", account_id, fulfillment_id)
    if fulfillment is None or fulfillment["status"] != "packed":
        raise invalid(fulfillment="must be packed")
    return fulfillment


def _settle_item(world: World, fulfillment: Record, item: Record) -> Record:
    item_ids = [each["id"] for each in _items(world, fulfillment)]
    fulfillment = world.records.change("fulfillments", fulfillment["id"], {"fulfillment_line_item_ids": item_ids})
    orders.refresh(world, _order(world, fulfillment))
    return item
