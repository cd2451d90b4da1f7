"""Sales orders: what may be asked of one, and how its statuses and totals follow from its lines, shipments and payments."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from . import companies, formats, lines, quantities, totals
from .errors import invalid
from .records import Record
from .resources import RESOURCES, check_references, take
from .world import Caller, World

_RESOURCE = RESOURCES["orders"]
_SETTABLE = ("draft", "active", "finalized")
_OVER = frozenset({"void", "deleted"})
_ALWAYS_EDITABLE = frozenset({"notes", "tags", "reference_number"})
_ZERO = Decimal(0)


def create(world: World, caller: Caller, attributes: Any) -> Record:
    """``POST /orders``: everything is checked before anything is made."""
    taken = take(_RESOURCE, attributes)
    account = account_of(world, caller.account_id)
    order = {**_usual(world, caller, account), **{name: value for name, value in taken.items() if value is not None}}
    order.update(_checked(world, caller, order, attributes))
    company, addresses = _parties(world, caller.account_id, order, attributes)
    prepared = [lines.prepare(world, order, line, place) for place, line in enumerate(_nested_lines(attributes))]

    if company is not None:
        order["company_id"] = companies.insert_company(world, caller.account_id, company)["id"]
    for name, address in addresses.items():
        made = companies.insert_address(world, caller.account_id, {**address, "company_id": order["company_id"]})
        order[name] = made["id"]
    order["billing_address_id"] = order.get("billing_address_id") or order["shipping_address_id"]
    if caller.application_id is not None and world.settings["processing_delay"]:
        seen = world.clock.now() + timedelta(seconds=float(world.settings["processing_delay"]))
        order["_visible_at"] = formats.moment(seen)
    order["order_number"] = order.get("order_number") or next_number(world, caller.account_id)
    order = world.records.insert("orders", caller.account_id, order)
    for line in prepared:
        lines.insert(world, order, line)
    order = refresh(world, order, touch=False)
    _tell_created(world, caller, order)
    return order


def account_of(world: World, account_id: int) -> Record:
    return world.records.one("accounts", account_id, account_id)


def _usual(world: World, caller: Caller, account: Record) -> Record:
    treatment = account["default_tax_treatment"]
    today = world.clock.now().astimezone(ZoneInfo(account["time_zone"])).date().isoformat()
    return {
        "_account": caller.account_id,
        "assignee_id": caller.user_id,
        "currency_id": account["default_currency_id"],
        "default_price_list_id": account["default_order_price_list_id"],
        "document_url": f"https://go.tradegecko.com/d/{uuid.uuid4().hex}",
        "issued_at": None if world.settings["issued_at_required"] else today,
        "source_id": caller.application_id,
        "status": "draft",
        "stock_location_id": account["primary_location_id"],
        "tax_label": account["tax_label"],
        "tax_treatment": treatment,
        "user_id": caller.user_id,
    }


def _checked(world: World, caller: Caller, order: Record, attributes: Record) -> Record:
    """The attributes that follow from others, or 422."""
    if order["status"] not in _SETTABLE:
        raise invalid(status="is not included in the list")
    if order["tax_treatment"] not in ("inclusive", "exclusive"):
        raise invalid(tax_treatment="is not included in the list")
    if order["issued_at"] is None:
        raise invalid(issued_at="can't be blank")
    if not isinstance(order.get("tags", []), list):
        raise invalid(tags="is invalid")
    _check_number(world, caller.account_id, order.get("order_number"), None)
    check_references(world, caller.account_id, order, ignored=("source_id",))
    follows: Record = {"tax_type": order["tax_treatment"], "default_price_type_id": order["default_price_list_id"]}
    if attributes.get("currency_iso"):
        follows["currency_id"] = _currency(world, caller.account_id, attributes["currency_iso"])
    return follows


def _currency(world: World, account_id: int, iso: Any) -> int:
    for currency in world.records.all("currencies", account_id):
        if currency["iso"] == iso and currency["status"] == "active":
            return int(currency["id"])
    raise invalid(currency="can't be blank")


def _check_number(world: World, account_id: int, number: Any, own_id: int | None) -> None:
    if not number or world.settings["duplicate_order_number"] == "allow":
        return
    if any(other["id"] != own_id for other in world.records.where("orders", account_id, order_number=number)):
        raise invalid(order_number="has already been taken")


def next_number(world: World, account_id: int) -> str:
    """``SO0074``, without taking it."""
    number = len(world.records.shelf("orders", account_id).records) + 1
    while world.records.where("orders", account_id, order_number=f"SO{number:04d}"):
        number += 1
    return f"SO{number:04d}"


def _parties(world: World, account_id: int, order: Record, attributes: Record) -> tuple[Record | None, dict[str, Record]]:
    """The company and the addresses, by attribute, that have to be made first; all checked."""
    company = None
    if order.get("company_id") is None:
        if not attributes.get("company"):
            raise invalid(company_id="can't be blank")
        company = companies.prepare_company(world, account_id, attributes["company"])
        order["company_id"] = None
    made = _nested_addresses(world, account_id, order, attributes)
    if order.get("shipping_address_id") is None and "shipping_address_id" not in made:
        raise invalid(shipping_address_id="can't be blank")
    _check_owner(world, account_id, order, made)
    return company, made


def _nested_addresses(world: World, account_id: int, order: Record, attributes: Record) -> dict[str, Record]:
    made = {
        f"{name}_id": companies.prepare_address(world, account_id, attributes[name], order["company_id"])
        for name in ("shipping_address", "billing_address")
        if attributes.get(name)
    }
    labels = [address.get("label") for address in made.values() if address.get("label")]
    if len(labels) != len(set(labels)):
        raise invalid(label="has already been taken")
    return made


def _check_owner(world: World, account_id: int, order: Record, made: dict[str, Record]) -> None:
    if world.settings["foreign_addresses"] == "allow":
        return
    for name in ("shipping_address_id", "billing_address_id"):
        address = world.records.get("addresses", account_id, order.get(name))
        if name not in made and address is not None and address["company_id"] != order["company_id"]:
            raise invalid(**{name: "must belong to the company"})


def _nested_lines(attributes: Record) -> list[Any]:
    nested = attributes.get("order_line_items") or attributes.get("order_line_items_attributes") or []
    return list(nested.values()) if isinstance(nested, dict) else list(nested)


def _tell_created(world: World, caller: Caller, order: Record) -> None:
    by_application = caller.application_id is not None
    name = order["reference_number"] or order["order_number"]
    world.ledger.record(
        "order_created",
        f"{caller.account_id}/{name}" if by_application else f"person/{order['id']}",
        account_id=caller.account_id,
        order_id=order["id"],
        order_number=order["order_number"],
        reference_number=order["reference_number"],
        source_id=order["source_id"],
        status=order["status"],
        total=str(order["total"]),
    )
    world.deliveries.announce(caller.account_id, "order.create", "orders", order["id"])
    if order["status"] == "finalized":
        world.deliveries.announce(caller.account_id, "order.finalized", "orders", order["id"])


def update(world: World, caller: Caller, order: Record, attributes: Any) -> Record:
    """``PUT /orders/:id``. Lines without an id are added to those that exist; those with one are changed."""
    taken = take(_RESOURCE, attributes)
    nested = _nested_lines(attributes)
    _check_editable(world, order, taken, bool(nested))
    _check_number(world, caller.account_id, taken.get("order_number"), order["id"])
    if taken.get("tax_treatment", "inclusive") not in ("inclusive", "exclusive"):
        raise invalid(tax_treatment="is not included in the list")
    check_references(world, caller.account_id, taken)
    after = {**order, **taken}
    made = _nested_addresses(world, caller.account_id, after, attributes)
    _check_owner(world, caller.account_id, after, made)
    count = len(order["order_line_item_ids"])
    added = [lines.prepare(world, after, line, count + at) for at, line in enumerate(nested) if not _line_id(line)]
    changed = [(find_line(world, order, _line_id(line)), line) for line in nested if _line_id(line)]

    for name, address in made.items():
        taken[name] = companies.insert_address(world, caller.account_id, address)["id"]
    if "tax_treatment" in taken:
        taken["tax_type"] = taken["tax_treatment"]
    order = world.records.change("orders", order["id"], taken)
    for line in added:
        lines.insert(world, order, line)
    for existing, line in changed:
        lines.change(world, existing, line)
    return refresh(world, order)


def _line_id(line: Any) -> int | None:
    value = line.get("id") if isinstance(line, dict) else None
    return int(str(value)) if str(value).isdigit() else None


def find_line(world: World, order: Record, line_id: int | None) -> Record:
    line = world.records.get("order_line_items", order["_account"], line_id)
    if line is None or line["order_id"] != order["id"]:
        raise invalid(order_line_items="is invalid")
    return line


def _check_editable(world: World, order: Record, taken: Record, with_lines: bool) -> None:
    if order["status"] in _OVER:
        raise invalid(base=f"Order is {order['status']} and can't be changed")
    if "status" in taken and taken["status"] != order["status"]:
        _check_step(order, taken["status"])
    changed = {name for name in taken if taken[name] != order[name]} - _ALWAYS_EDITABLE - {"status"}
    late = order["status"] in ("finalized", "fulfilled")
    if late and (changed or with_lines) and world.settings["put_finalized"] == "refuse":
        raise invalid(base=f"Order is {order['status']} and can't be changed")


def _check_step(order: Record, status: Any) -> None:
    if status not in _SETTABLE:
        raise invalid(status="is not included in the list")
    begun = order["packed_status"] != "unpacked" or order["invoice_status"] != "uninvoiced"
    if order["status"] == "fulfilled" or (begun and _SETTABLE.index(status) < _SETTABLE.index(order["status"])):
        raise invalid(status="can't be changed")


def check_lines_editable(world: World, order: Record) -> None:
    _check_editable(world, order, {}, with_lines=True)


def finalize(world: World, order: Record) -> Record:
    """What must be so before an order is invoiced, packed or shipped: an active one becomes finalized."""
    if order["status"] in ("finalized", "fulfilled"):
        return order
    if order["status"] != "active":
        raise invalid(base="Order must be finalized")
    world.deliveries.announce(order["_account"], "order.finalized", "orders", order["id"])
    return world.records.change("orders", order["id"], {"status": "finalized"})


def delete(world: World, order: Record) -> Record:
    """A draft becomes deleted, anything later void."""
    if order["status"] == "draft":
        return _end(world, order, "deleted")
    return void(world, order)


def void(world: World, order: Record) -> Record:
    """What was only packed is void with it; what has left the house can't be called back."""
    if order["status"] in _OVER:
        return order
    if order["fulfillment_status"] != "unshipped":
        raise invalid(base="Order has shipped fulfillments and can't be voided")
    return _end(world, order, "void")


def _end(world: World, order: Record, status: str) -> Record:
    for fulfillment in world.records.where("fulfillments", order["_account"], order_id=order["id"]):
        if fulfillment["status"] == "packed":
            world.records.change("fulfillments", fulfillment["id"], {"status": "void"})
    for invoice in world.records.where("invoices", order["_account"], order_id=order["id"]):
        world.records.change("invoices", invoice["id"], {"status": "void"})
    world.ledger.record(
        "order_voided",
        str(order["id"]),
        account_id=order["_account"],
        order_id=order["id"],
        reference_number=order["reference_number"],
        status=status,
    )
    return refresh(world, world.records.change("orders", order["id"], {"status": status}))


def refresh(world: World, order: Record, *, touch: bool = True) -> Record:
    """Bring total, ids and statuses up to date with what hangs on the order, and the stock with it."""
    items = sorted(
        world.records.where("order_line_items", order["_account"], order_id=order["id"]),
        key=lambda line: (line["position"] or 0, line["id"]),
    )
    total = totals.order_total(world.records, order, items)
    changes: Record = {"total": total, "cached_total": total, "order_line_item_ids": [line["id"] for line in items]}
    changes.update(_shipping(world, order, items))
    changes.update(_money(world, order, items, Decimal(total)))
    changes.update(_returns(world, order, items))
    if changes["status"] == "fulfilled" != order["status"]:
        world.deliveries.announce(order["_account"], "order.fulfilled", "orders", order["id"])
    order = world.records.change("orders", order["id"], changes, touch=touch)
    world.stock.commit(order)
    return world.records.change("orders", order["id"], _readiness(world, order, items), touch=False)


def _shipping(world: World, order: Record, items: list[Record]) -> Record:
    goods = [line for line in items if quantities.needs_shipping(line)]
    ordered = sum((Decimal(line["quantity"]) for line in goods), _ZERO)
    packed = sum((quantities.in_fulfillments(world.records, line, quantities.OPEN) for line in goods), _ZERO)
    shipped = sum((quantities.in_fulfillments(world.records, line, quantities.SHIPPED) for line in goods), _ZERO)
    status = order["status"]
    if status in ("active", "finalized") and goods and shipped >= ordered:
        status = "fulfilled"
    elif status == "fulfilled" and shipped < ordered:
        status = "finalized"
    kept = _OVER if not world.settings["keep_void_fulfillment_ids"] else frozenset[str]()
    fulfillments = world.records.where("fulfillments", order["_account"], order_id=order["id"])
    return {
        "status": status,
        "packed_status": quantities.share(packed, ordered, ("unpacked", "partial", "packed")),
        "fulfillment_status": quantities.share(shipped, ordered, ("unshipped", "partial", "shipped")),
        "fulfillment_ids": [one["id"] for one in fulfillments if one["status"] not in kept],
    }


def _returns(world: World, order: Record, items: list[Record]) -> Record:
    def share(status: str, words: tuple[str, str, str]) -> str:
        units = sum((quantities.in_returns(world.records, line, {status}) for line in items), _ZERO)
        return quantities.share(units, shipped, words)

    shipped = sum((quantities.in_fulfillments(world.records, line, quantities.SHIPPED) for line in items), _ZERO)
    returns = world.records.where("fulfillment_returns", order["_account"], order_id=order["id"])
    return {
        "return_status": share("received", ("unreturned", "partial", "returned")),
        "returning_status": share("returning", ("unreturning", "partial", "returning")),
        "fulfillment_return_ids": [one["id"] for one in returns],
    }


def _money(world: World, order: Record, items: list[Record], total: Decimal) -> Record:
    invoices = [
        invoice
        for invoice in world.records.where("invoices", order["_account"], order_id=order["id"])
        if invoice["status"] == "active"
    ]
    payments = [
        payment
        for invoice in invoices
        for payment in world.records.where("payments", order["_account"], invoice_id=invoice["id"])
    ]
    paid = sum((Decimal(payment["amount"]) for payment in payments), _ZERO)
    ordered = sum((Decimal(line["quantity"]) for line in items), _ZERO)
    invoiced = sum((quantities.in_invoices(world.records, line) for line in items), _ZERO) if invoices else _ZERO
    settled = "paid" if payments and paid >= total else quantities.share(paid, total, ("unpaid", "partial", "paid"))
    return {
        "invoice_status": quantities.share(invoiced, ordered, ("uninvoiced", "partial", "invoiced")),
        "payment_status": settled,
        "invoice_ids": [invoice["id"] for invoice in invoices],
        "invoices": [invoice["id"] for invoice in invoices],
        "invoice_numbers": {str(invoice["id"]): invoice["invoice_number"] for invoice in invoices},
        "payment_ids": [payment["id"] for payment in payments],
    }


def _readiness(world: World, order: Record, items: list[Record]) -> Record:
    """Whether the stock at the order's location covers it, as of now."""
    waiting = short = backordered = 0
    for line in items:
        variant = world.records.get("variants", order["_account"], line["variant_id"])
        left = Decimal(line["quantity"]) - quantities.in_fulfillments(world.records, line, quantities.SHIPPED)
        if variant is None or not variant["manage_stock"] or left <= 0:
            continue
        waiting += 1
        short += world.stock.on_hand(variant).get(order["stock_location_id"], _ZERO) < left
        backordered += world.stock.available_at(variant, order["stock_location_id"]) < 0
    ready = Decimal(waiting - short) if waiting else Decimal(1)
    shippable = ("not_shippable", "partially_shippable", "shippable")
    behind = ("not_backordered", "partially_backordered", "backordered")
    return {
        "shippability_status": quantities.share(ready, Decimal(waiting or 1), shippable),
        "backordering_status": quantities.share(Decimal(backordered), Decimal(waiting or 1), behind),
    }
