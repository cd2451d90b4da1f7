"""Which module carries out a write to which resource. What is not named here has no rules of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import adjustments, catalog, companies, fulfillments, invoices, lines, orders
from .errors import invalid
from .records import Record
from .resources import RESOURCES, check_required, create_plain, take, update_plain
from .webhooks import EVENTS
from .world import Caller, World

Create = Callable[[World, Caller, Any], Record]
Update = Callable[[World, Caller, Record, Any], Record]
Delete = Callable[[World, Caller, Record], object]
Act = Callable[[World, Caller, Record, Record], Record]


def _create_line(world: World, caller: Caller, attributes: Any) -> Record:
    order_id = take(RESOURCES["order_line_items"], attributes).get("order_id")
    order = world.records.get("orders", caller.account_id, order_id)
    if order is None:
        raise invalid(order="can't be blank")
    orders.check_lines_editable(world, order)
    line = lines.insert(world, order, lines.prepare(world, order, attributes, len(order["order_line_item_ids"])))
    orders.refresh(world, order)
    _tell_line(world, "order_line_added", line)
    return line


def _tell_line(world: World, kind: str, line: Record) -> None:
    variant = world.records.get("variants", line["_account"], line["variant_id"])
    world.ledger.record(
        kind,
        str(line["id"]),
        account_id=line["_account"],
        order_id=line["order_id"],
        sku=variant["sku"] if variant else None,
        line_type=line["line_type"],
        quantity=line["quantity"],
    )


def _order_of(world: World, line: Record) -> Record:
    return world.records.one("orders", line["_account"], line["order_id"])


def _update_line(world: World, caller: Caller, line: Record, attributes: Any) -> Record:
    order = _order_of(world, line)
    orders.check_lines_editable(world, order)
    line = lines.change(world, line, attributes)
    orders.refresh(world, order)
    return line


def _delete_line(world: World, caller: Caller, line: Record) -> None:
    order = _order_of(world, line)
    orders.check_lines_editable(world, order)
    if line["fulfillment_line_item_ids"] or line["invoice_line_item_ids"]:
        raise invalid(base="Line is packed or invoiced and can't be removed")
    world.records.remove("order_line_items", line["id"])
    orders.refresh(world, order)
    _tell_line(world, "order_line_removed", line)


def _create_webhook(world: World, caller: Caller, attributes: Any) -> Record:
    resource = RESOURCES["webhooks"]
    taken = take(resource, attributes)
    check_required(resource, taken)
    if taken["event"] not in EVENTS:
        raise invalid(event="is not included in the list")
    return world.records.insert("webhooks", caller.account_id, {**taken, "oauth_application_id": caller.application_id})


def _create_location(world: World, caller: Caller, attributes: Any) -> Record:
    label = take(RESOURCES["locations"], attributes).get("label")
    active = [each["label"] for each in world.records.all("locations", caller.account_id) if each["status"] == "active"]
    if label in active:
        raise invalid(label="has already been taken")
    location = create_plain(world, caller, RESOURCES["locations"], attributes)
    world.deliveries.announce(caller.account_id, "location.create", "locations", location["id"])
    return location


def _create_contact(world: World, caller: Caller, attributes: Any) -> Record:
    contact = create_plain(world, caller, RESOURCES["contacts"], attributes)
    world.deliveries.announce(caller.account_id, "contact.create", "contacts", contact["id"])
    return contact


def _create_note(world: World, caller: Caller, attributes: Any) -> Record:
    note = create_plain(world, caller, RESOURCES["notes"], attributes)
    return world.records.change("notes", note["id"], {"user_id": caller.user_id}, touch=False)


_CREATES: dict[str, Create] = {
    "addresses": companies.create_address,
    "companies": companies.create_company,
    "contacts": _create_contact,
    "fulfillment_line_items": fulfillments.add_item,
    "fulfillments": fulfillments.create,
    "invoices": invoices.create,
    "locations": _create_location,
    "notes": _create_note,
    "order_line_items": _create_line,
    "orders": orders.create,
    "payments": invoices.pay,
    "products": catalog.create_product,
    "stock_adjustments": adjustments.create,
    "variants": catalog.create_variant,
    "webhooks": _create_webhook,
}

_UPDATES: dict[str, Update] = {
    "addresses": companies.update_address,
    "companies": companies.update_company,
    "fulfillment_line_items": fulfillments.update_item,
    "fulfillments": fulfillments.update,
    "order_line_items": _update_line,
    "orders": orders.update,
}

_DELETES: dict[str, Delete] = {
    "fulfillment_line_items": fulfillments.delete_item,
    "fulfillments": lambda world, caller, record: fulfillments.delete(world, record),
    "invoices": lambda world, caller, record: invoices.delete(world, record),
    "order_line_items": _delete_line,
    "orders": lambda world, caller, record: orders.delete(world, record),
    "stock_adjustments": lambda world, caller, record: adjustments.void(world, record),
}

# Action -> what it answers with, the root key of its body, and who carries it out.
ACTIONS: dict[str, tuple[str, str, Act]] = {
    "invoice": ("invoices", "invoice", invoices.invoice_rest),
    "pay": ("payments", "payment", invoices.pay_order),
    "pack": ("fulfillments", "fulfillment", fulfillments.pack),
    "fulfil": ("fulfillments", "fulfillment", fulfillments.fulfil),
    "void": ("orders", "order", lambda world, caller, order, body: orders.void(world, order)),
}


def create(world: World, caller: Caller, name: str, attributes: Any) -> Record:
    make = _CREATES.get(name)
    return make(world, caller, attributes) if make else create_plain(world, caller, RESOURCES[name], attributes)


def update(world: World, caller: Caller, name: str, record: Record, attributes: Any) -> Record:
    change = _UPDATES.get(name)
    if change is not None:
        return change(world, caller, record, attributes)
    return update_plain(world, caller, RESOURCES[name], record, attributes)


def delete(world: World, caller: Caller, name: str, record: Record) -> None:
    end = _DELETES.get(name)
    if end is not None:
        end(world, caller, record)
    elif "status" in record:  # others may still point at it
        world.records.change(name, record["id"], {"status": "archived"})
        world.deliveries.announce(caller.account_id, f"{RESOURCES[name].singular}.destroy", name, record["id"])
    else:
        world.records.remove(name, record["id"])
