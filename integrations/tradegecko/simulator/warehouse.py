"""The people who work in the account: they place orders, and they ship what waits."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from . import fulfillments, invoices, orders, quantities
from .errors import invalid
from .formats import plain
from .records import Record
from .world import Caller, World

_CARRIERS = (("UPS", "1Z", 16), ("FedEx", "7", 11), ("USPS", "9400", 18), ("DHL", "JD", 18))
_ADDRESS = {
    "first_name": "Bob",
    "last_name": "Rogers",
    "address1": "121 Telok Ayer Street",
    "city": "Singapore",
    "country": "Singapore",
    "country_code": "SG",
    "zip_code": "068590",
}


def person(account_id: int) -> Caller:
    return Caller(account_id, None)


def place_order(world: World, account_id: int, wanted: Record) -> Record:
    """An order as a person enters it, finalized unless said.

    ``lines`` of ``sku`` or ``variant_id`` (or ``label`` and ``line_type``), ``quantity`` and ``price``; ``paid``; ``company``
    (its name) and ``shipping_address`` as wanted; the other attributes as in the API.
    """
    wanted = {"status": "finalized", **wanted}
    company = _company(world, account_id, wanted.pop("company", "Walk-in"))
    address = {**_ADDRESS, **wanted.pop("shipping_address", {})}
    address.setdefault("label", f"Order {world.store.next_id('person orders')}")
    items = [_line(world, account_id, line) for line in wanted.pop("lines", [])]
    paid = wanted.pop("paid", False)
    wanted.pop("account", None)
    order = orders.create(
        world,
        person(account_id),
        {**wanted, "company_id": company["id"], "shipping_address": address, "order_line_items": items},
    )
    if paid:
        invoices.pay_order(world, person(account_id), order, {"payment_method_name": "Cash"})
    return world.records.get("orders", account_id, order["id"]) or order


def _company(world: World, account_id: int, name: str) -> Record:
    for company in world.records.where("companies", account_id, name=name):
        return company
    return world.records.insert("companies", account_id, {"name": name, "company_type": "consumer"})


def _line(world: World, account_id: int, wanted: Record) -> Record:
    line = dict(wanted)
    sku = line.pop("sku", None)
    if sku is not None:
        line["variant_id"] = variant_by_sku(world, account_id, sku)["id"]
    elif line.get("variant_id") is None:
        line["freeform"] = True
    return line


def variant_by_sku(world: World, account_id: int, sku: str) -> Record:
    for variant in world.records.where("variants", account_id, sku=sku):
        return variant
    raise invalid(sku=f"{sku} is not in the catalogue")


def lose(world: World, order: Record) -> Record:
    """Forget an order, its lines with it, as if it had never been made. Its goods are free again."""
    lost = orders.void(world, order)
    for line in world.records.where("order_line_items", order["_account"], order_id=order["id"]):
        world.records.remove("order_line_items", line["id"])
    world.records.remove("orders", order["id"])
    return lost


def ship(world: World, order: Record, wanted: Record) -> Record:
    """Ship all that is left, or ``lines`` (``{order_line_item_id: quantity}``); ``pack_only``; tracking as given."""
    caller = person(order["_account"])
    details = {name: value for name, value in wanted.items() if name not in ("lines", "pack_only")}
    status = "packed" if wanted.get("pack_only") else "fulfilled"
    if wanted.get("lines"):
        items = {int(line_id): Decimal(str(quantity)) for line_id, quantity in wanted["lines"].items()}
        return fulfillments.ship_lines(world, caller, order, items, {**details, "status": status})
    carry_out = fulfillments.pack if wanted.get("pack_only") else fulfillments.fulfil
    return carry_out(world, caller, order, details)


def ship_waiting(world: World, wanted: Record) -> list[Record]:
    """Work through the orders that wait, oldest first, with generated tracking.

    ``account``; ``count`` (all unless given); ``share_partial`` from 0 to 1: of the orders with more than one unit, how many
    get only some of it; ``only`` ``"partial"`` or ``"unshipped"``; ``leave``, the numbers of orders that are put aside; ``seed``.
    """
    chance = random.Random(wanted.get("seed"))
    aside = set(wanted.get("leave") or ())
    found = _waiting(world, wanted.get("account"), wanted.get("only"))
    waiting = [order for order in found if order["order_number"] not in aside]
    shipped = []
    for order in waiting[: int(wanted["count"])] if "count" in wanted else waiting:
        details = tracking(chance)
        part = _part(world, order, chance) if chance.random() < float(wanted.get("share_partial", 0)) else None
        shipped.append(ship(world, order, {**details, "lines": part} if part else details))
    return shipped


def _waiting(world: World, account_id: int | None, only: str | None) -> list[Record]:
    states = {only} if only else {"partial", "unshipped"}
    accounts = [account_id] if account_id is not None else world.records.accounts()
    return [
        order
        for each in accounts
        for order in world.records.all("orders", each)
        if order["status"] in ("active", "finalized")
        and order["fulfillment_status"] in states
        and order["order_line_item_ids"]
        and (fulfillments.remainder(world, order) or order["packed_status"] != "unpacked")
    ]


def _part(world: World, order: Record, chance: random.Random) -> dict[int, Decimal] | None:
    """Some of the units that are left, but never all of them; None for an order that can't be divided or was begun."""
    left = fulfillments.remainder(world, order)
    units = int(sum(quantity for _, quantity in left))
    if order["packed_status"] != "unpacked" or units < 2:
        return None
    wanted = chance.randint(1, units - 1)
    part: dict[int, Decimal] = {}
    for line, quantity in left:
        taken = min(Decimal(wanted), quantity)
        if taken > 0:
            part[line["id"]] = taken
            wanted -= int(taken)
    return part


def tracking(chance: random.Random) -> Record:
    company, prefix, digits = chance.choice(_CARRIERS)
    number = prefix + "".join(chance.choice("0123456789") for _ in range(digits))
    return {
        "tracking_company": company,
        "tracking_number": number,
        "tracking_url": f"https://track.example/{number}",
        "delivery_type": "Courier",
    }


def summary(world: World, account_id: int | None) -> dict[str, Any]:
    """What a check needs to compare with: every order with its shipments, and what is available."""
    accounts = [account_id] if account_id is not None else world.records.accounts()
    return {
        "orders": [_told(world, order) for each in accounts for order in world.records.all("orders", each)],
        "stock": [_level(world, variant) for each in accounts for variant in world.records.all("variants", each)],
    }


def _sku(world: World, account_id: int, variant_id: int | None) -> str | None:
    variant = world.records.get("variants", account_id, variant_id)
    return variant["sku"] if variant else None


def _told(world: World, order: Record) -> Record:
    account_id = order["_account"]
    lines = world.records.where("order_line_items", account_id, order_id=order["id"])
    names = ("id", "order_number", "reference_number", "source_id", "source_url", "status", "total", "created_at")
    states = ("fulfillment_status", "packed_status", "payment_status", "invoice_status")
    return {
        "account": account_id,
        **{name: order[name] for name in (*names, *states)},
        "lines": [
            {
                "id": line["id"],
                "sku": _sku(world, account_id, line["variant_id"]),
                "label": line["label"],
                "line_type": line["line_type"],
                "quantity": line["quantity"],
            }
            for line in lines
        ],
        "fulfillments": [
            {
                **{name: one[name] for name in ("id", "status", "tracking_number", "tracking_company")},
                "lines": [
                    {"sku": item["variant_sku"], "quantity": item["quantity"]}
                    for item in world.records.where("fulfillment_line_items", account_id, fulfillment_id=one["id"])
                ],
            }
            for one in world.records.where("fulfillments", account_id, order_id=order["id"])
            if one["status"] in quantities.OPEN
        ],
    }


def _level(world: World, variant: Record) -> Record:
    places = {*world.stock.on_hand(variant), *world.stock.committed(variant["id"])}
    return {
        "account": variant["_account"],
        "variant_id": variant["id"],
        "sku": variant["sku"],
        "available": plain(world.stock.available(variant)),
        "locations": {str(place): plain(world.stock.available_at(variant, place)) for place in sorted(places)},
    }
