"""The lines of a delivered order as the cart tells them by now, where they are others than those that were sent.

Rows of lines say what is at the warehouse, since packages are told apart by them. What the cart tells later stands beside them
until it has been done there (``lines_there.py`` writes that down).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from cartrover.orders import changes
from cartrover.orders.models import Order, OrderLine

Columns = dict[str, Any]
COMPARED = ("sku", "quantity", "unit_price", "total")  # a new title is nothing that a warehouse is told
_MONEY = ("unit_price", "total", "tax")
_OF_THE_ROW = ("external_id", "shipped_before")  # what had left when the line was first seen stays


def news(stored: Mapping[str, OrderLine], told: Mapping[str, Columns]) -> list[Columns] | None:
    """What to keep beside the rows: all lines as they are told, as JSON, or None where they are those that were sent."""
    if stored.keys() == told.keys() and all(not _differs(line, told[key]) for key, line in stored.items()):
        return None
    return [{name: str(value) if name in _MONEY else value for name, value in each.items()} for each in told.values()]


def _differs(line: OrderLine, told: Columns) -> bool:
    return any(getattr(line, name) != told[name] for name in COMPARED)


def edited(before: Mapping[str, Columns], told: Mapping[str, Columns]) -> bool:
    """Whether two readings differ in what a warehouse is told of lines."""
    return before.keys() != told.keys() or any(before[key][name] != told[key][name] for key in told for name in COMPARED)


def last_told(order: Order) -> dict[str, Columns]:
    """The lines as the last reading told them, by their id at the cart, with the columns that changes are told of."""
    names = (*changes.LINE, "fulfilled")
    if order.lines_now is None:
        return {line.external_id: {name: getattr(line, name) for name in names} for line in order.lines.all()}
    return {key: {name: each[name] for name in names} for key, each in told_now(order).items()}


def told_now(order: Order) -> dict[str, Columns]:
    """The columns of the lines that stand beside the rows, by their id at the cart; none where the rows hold."""
    return {each["external_id"]: {name: _read(name, value) for name, value in each.items()} for each in order.lines_now or ()}


def _read(name: str, value: Any) -> Any:
    return Decimal(value) if name in _MONEY else value


def laid_over(order: Order, rows: Sequence[OrderLine]) -> list[OrderLine]:
    """The lines as they are wanted now, in the cart's order, unsaved.

    A new line has no key yet, and neither has one of another SKU: to a warehouse that is a line taken away and one added.
    """
    if order.lines_now is None:
        return list(rows)
    stored = {line.external_id: line for line in rows}
    return [_wanted(order, stored.get(key), columns) for key, columns in told_now(order).items()]


def _wanted(order: Order, row: OrderLine | None, columns: Columns) -> OrderLine:
    if row is None or row.sku != columns["sku"]:
        return OrderLine(order=order, merchant_id=order.merchant_id, **columns)
    for name in columns.keys() - set(_OF_THE_ROW):
        setattr(row, name, columns[name])
    return row


def take_over(order: Order) -> None:
    """Nothing of it is at the warehouse: the rows are again how the cart tells them."""
    if order.lines_now is None:
        return
    told = told_now(order)
    gone = OrderLine.objects.filter(order=order, shipment_lines=None).exclude(external_id__in=told)
    gone.exclude(parts__shipped__isnull=False).delete()
    for key, columns in told.items():
        row = {name: value for name, value in columns.items() if name != "external_id"}
        changed = {name: value for name, value in row.items() if name not in _OF_THE_ROW}
        OrderLine.objects.update_or_create(order=order, external_id=key, defaults=changed, create_defaults=row)
    order.lines_now = None
    order.save(update_fields=["lines_now"])
