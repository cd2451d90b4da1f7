"""How much of an order's line was packed, shipped and invoiced."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from .records import Record, Records

_ZERO = Decimal(0)
OPEN = frozenset({"packed", "fulfilled"})
SHIPPED = frozenset({"fulfilled"})


def needs_shipping(line: Record) -> bool:
    """A line for shipping, a discount, a fee or rounding is never packed."""
    return line["line_type"] in (None, "", "product", "gift_wrap")


def in_fulfillments(records: Records, line: Record, statuses: Collection[str]) -> Decimal:
    return _units_in(records, line, "fulfillment", statuses)


def in_returns(records: Records, line: Record, statuses: Collection[str]) -> Decimal:
    return _units_in(records, line, "fulfillment_return", statuses)


def _units_in(records: Records, line: Record, kind: str, statuses: Collection[str]) -> Decimal:
    """Units of a line that stand in fulfillments, or returns, of these statuses."""
    account_id = line["_account"]
    total = _ZERO
    for item in records.where(f"{kind}_line_items", account_id, order_line_item_id=line["id"]):
        holder = records.get(f"{kind}s", account_id, item[f"{kind}_id"])
        if holder is not None and holder["status"] in statuses:
            total += Decimal(item["quantity"])
    return total


def in_invoices(records: Records, line: Record) -> Decimal:
    items = records.where("invoice_line_items", line["_account"], order_line_item_id=line["id"])
    return sum((Decimal(item["quantity"]) for item in items), _ZERO)


def share(part: Decimal, whole: Decimal, words: tuple[str, str, str]) -> str:
    """One of ``(nothing, partial, everything)``."""
    if part <= 0:
        return words[0]
    return words[2] if part >= whole else words[1]
