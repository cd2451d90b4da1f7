"""The lines of a delivered order as the cart tells them by now, where they are others than those that were sent.

Rows of lines say what is at the warehouse, since packages are told apart by them. What the cart tells later stands beside them
until it has been done there.
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
    return {each["external_id"]: {name: _read(name, each[name]) for name in names} for each in order.lines_now}


def _read(name: str, value: Any) -> Any:
    return Decimal(value) if name in _MONEY else value


def laid_over(order: Order, lines: Sequence[OrderLine]) -> tuple[list[OrderLine], bool]:
    """The lines as they are wanted now, unsaved, and whether that is all: a new line, and one of another SKU, cannot be made of
    what was sent.
    """
    if order.lines_now is None:
        return list(lines), True
    told = {each["external_id"]: each for each in order.lines_now}
    wanted = [line for line in lines if line.external_id in told]
    all_known = len(wanted) == len(told) and all(line.sku == told[line.external_id]["sku"] for line in wanted)
    for line in wanted:
        for name in ("quantity", *_MONEY):
            setattr(line, name, _read(name, told[line.external_id][name]))
    return wanted, all_known


def apply(order: Order) -> None:
    """The warehouse has them so now: the rows say it too. What has left in a package stays, whatever the cart says."""
    if order.lines_now is None:
        return
    lines = {line.external_id: line for line in order.lines.all()}
    for each in order.lines_now:
        columns = {name: _read(name, value) for name, value in each.items()}
        OrderLine.objects.update_or_create(order=order, external_id=columns.pop("external_id"), defaults=columns)
    gone = lines.keys() - {each["external_id"] for each in order.lines_now}
    unwanted = OrderLine.objects.filter(order=order, external_id__in=gone, shipment_lines=None)
    unwanted.exclude(parts__shipped__isnull=False).delete()
    order.lines_now = None
    order.save(update_fields=["lines_now"])
