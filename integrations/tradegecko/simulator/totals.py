"""What lines come to, with discount and tax."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .formats import money
from .records import Record, Records

_HUNDRED = Decimal(100)


def tax_rate(records: Records, line: Record) -> Decimal:
    """Percent."""
    if line["tax_rate_override"] is not None:
        return Decimal(line["tax_rate_override"])
    tax_type = records.get("tax_types", line["_account"], line["tax_type_id"])
    return Decimal(tax_type["effective_rate"]) if tax_type else Decimal(0)


def line_total(records: Records, line: Record, treatment: str, quantity: Decimal) -> Decimal:
    """With tax, for ``quantity`` of the line, not rounded."""
    net = Decimal(line["price"]) * quantity
    net -= net * Decimal(line["discount"] or 0) / _HUNDRED
    if line["_discount_amount"] and Decimal(line["quantity"]):
        net -= Decimal(line["_discount_amount"]) * quantity / Decimal(line["quantity"])
    return net if treatment == "inclusive" else net * (1 + tax_rate(records, line) / _HUNDRED)


def rounded(records: Records, account_id: int, currency_id: int | None, amount: Decimal) -> Decimal:
    """To the currency's precision."""
    currency = records.get("currencies", account_id, currency_id)
    places = int(currency["precision"]) if currency else 2
    return amount.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def order_total(records: Records, order: Record, lines: list[Record]) -> Any:
    """As the API writes it: a string, but the integer 0 for an order without lines."""
    if not lines:
        return 0
    total = sum((line_total(records, line, order["tax_treatment"], Decimal(line["quantity"])) for line in lines), Decimal(0))
    return money(rounded(records, order["_account"], order["currency_id"], total))
