"""Invoices and payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from . import formats, orders, quantities, totals
from .errors import ApiError, invalid, missing_parameter
from .records import Record
from .resources import RESOURCES, check_references, check_required, take
from .world import Caller, World

_INVOICE = RESOURCES["invoices"]
_PAYMENT = RESOURCES["payments"]


def create(world: World, caller: Caller, attributes: Any) -> Record:
    """``POST /invoices``. Without lines the answer is the misleading one that the real system gives."""
    if not isinstance(attributes, dict) or not attributes.get("invoice_line_items"):
        raise missing_parameter("invoice")
    order_id = formats.coerce("order_id", attributes.get("order_id"))
    order = world.records.get("orders", caller.account_id, order_id)
    if order is None:
        raise ApiError(404, {"type": "Not Found", "message": f"Couldn't find order with id {order_id or ''}".strip()})
    items = [_wanted(world, order, item) for item in attributes["invoice_line_items"]]
    return _make(world, caller, order, items, take(_INVOICE, attributes))


def _wanted(world: World, order: Record, item: Record) -> tuple[Record, Decimal]:
    line = orders.find_line(world, order, formats.coerce("order_line_item_id", item.get("order_line_item_id")))
    try:
        quantity = formats.number(item.get("quantity", 1))
    except ValueError:
        raise invalid(invoice_line_items__quantity="is not a number") from None
    left = Decimal(line["quantity"]) - quantities.in_invoices(world.records, line)
    if not 0 < quantity <= left:
        raise invalid(invoice_line_items__quantity="is greater than the quantity left to invoice")
    return line, quantity


def invoice_rest(world: World, caller: Caller, order: Record, attributes: Record) -> Record:
    """``actions/invoice``: one invoice for everything that has none yet."""
    items = _uninvoiced(world, order)
    if not items:
        raise invalid(base="Order has nothing left to invoice")
    return _make(world, caller, order, items, take(_INVOICE, attributes))


def _uninvoiced(world: World, order: Record) -> list[tuple[Record, Decimal]]:
    lines = world.records.where("order_line_items", order["_account"], order_id=order["id"])
    left = [(line, Decimal(line["quantity"]) - quantities.in_invoices(world.records, line)) for line in lines]
    return [(line, quantity) for line, quantity in left if quantity > 0]


def _make(world: World, caller: Caller, order: Record, items: list[tuple[Record, Decimal]], attributes: Record) -> Record:
    check_references(world, caller.account_id, attributes)
    order = orders.finalize(world, order)
    zone = ZoneInfo(orders.account_of(world, caller.account_id)["time_zone"])
    today = world.clock.now().astimezone(zone).date().isoformat()
    amount = sum(
        (totals.line_total(world.records, line, order["tax_treatment"], quantity) for line, quantity in items),
        Decimal(0),
    )
    amount = totals.rounded(world.records, caller.account_id, order["currency_id"], amount)
    invoice = world.records.insert(
        "invoices",
        caller.account_id,
        {
            "document_url": order["document_url"],
            "shipping_address_id": order["shipping_address_id"],
            "billing_address_id": order["billing_address_id"],
            "due_at": today,
            "invoiced_at": today,
            **{name: value for name, value in attributes.items() if value is not None},
            "order_id": order["id"],
            "order_number": order["order_number"],
            "company_id": order["company_id"],
            "currency_id": order["currency_id"],
            "cached_total": formats.money(amount),
        },
    )
    number = invoice["invoice_number"] or f"INV{invoice['id']:04d}"
    item_ids = [_add_item(world, invoice, line, quantity, at) for at, (line, quantity) in enumerate(items)]
    invoice = world.records.change(
        "invoices", invoice["id"], {"invoice_number": number, "invoice_line_item_ids": item_ids}, touch=False
    )
    world.deliveries.announce(caller.account_id, "invoice.create", "invoices", invoice["id"])
    orders.refresh(world, order)
    return invoice


def _add_item(world: World, invoice: Record, line: Record, quantity: Decimal, position: int) -> int:
    item = world.records.insert(
        "invoice_line_items",
        invoice["_account"],
        {
            "invoice_id": invoice["id"],
            "order_line_item_id": line["id"],
            "position": position,
            "quantity": formats.money(quantity),
            "base_price": line["price"],
        },
    )
    item_ids = [*line["invoice_line_item_ids"], item["id"]]
    world.records.change("order_line_items", line["id"], {"invoice_line_item_ids": item_ids}, touch=False)
    return int(item["id"])


def delete(world: World, invoice: Record) -> None:
    for item in world.records.where("invoice_line_items", invoice["_account"], invoice_id=invoice["id"]):
        line = world.records.get("order_line_items", invoice["_account"], item["order_line_item_id"])
        if line is not None:
            kept = [item_id for item_id in line["invoice_line_item_ids"] if item_id != item["id"]]
            world.records.change("order_line_items", line["id"], {"invoice_line_item_ids": kept}, touch=False)
        world.records.remove("invoice_line_items", item["id"])
    world.records.remove("invoices", invoice["id"])
    world.deliveries.announce(invoice["_account"], "invoice.destroy", "invoices", invoice["id"])
    order = world.records.get("orders", invoice["_account"], invoice["order_id"])
    if order is not None:
        orders.refresh(world, order)


def pay(world: World, caller: Caller, attributes: Any) -> Record:
    """``POST /payments``."""
    taken = take(_PAYMENT, attributes)
    check_required(_PAYMENT, taken)
    invoice = world.records.get("invoices", caller.account_id, taken.get("invoice_id"))
    if invoice is None:
        raise invalid(invoice="can't be blank")
    return _pay_invoice(world, invoice, {name: value for name, value in taken.items() if value is not None})


def pay_order(world: World, caller: Caller, order: Record, attributes: Record) -> Record:
    """``actions/pay``: pays the invoices there are, invoices what is left and pays that too. The last payment is answered."""
    taken = take(_PAYMENT, attributes)
    if _uninvoiced(world, order):
        invoice_rest(world, caller, order, {})
    payment = None
    for invoice in world.records.where("invoices", order["_account"], order_id=order["id"]):
        if invoice["payment_status"] != "paid":
            left = Decimal(invoice["cached_total"]) - _paid(world, invoice)
            payment = _pay_invoice(world, invoice, {**taken, "amount": formats.money(left)})
    if payment is None:
        raise invalid(base="Order has nothing left to pay")
    return payment


def _paid(world: World, invoice: Record) -> Decimal:
    payments = world.records.where("payments", invoice["_account"], invoice_id=invoice["id"])
    return sum((Decimal(payment["amount"]) for payment in payments), Decimal(0))


def _pay_invoice(world: World, invoice: Record, attributes: Record) -> Record:
    now = formats.moment(world.clock.now())
    payment = world.records.insert("payments", invoice["_account"], {"paid_at": now, **attributes, "invoice_id": invoice["id"]})
    paid, total = _paid(world, invoice), Decimal(invoice["cached_total"])
    status = "paid" if paid >= total else quantities.share(paid, total, ("unpaid", "partial", "paid"))
    changes = {"payment_status": status, "payment_ids": [*invoice["payment_ids"], payment["id"]]}
    world.records.change("invoices", invoice["id"], changes)
    world.deliveries.announce(invoice["_account"], "payment.create", "payments", payment["id"])
    order = world.records.get("orders", invoice["_account"], invoice["order_id"])
    if order is not None:
        orders.refresh(world, order)
    return payment
