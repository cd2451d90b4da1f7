"""What an order comes to when not all of it is sent, and what the parts of a line come to. Pure arithmetic.

What the buyer has paid for what is sent is what the warehouse is told. So what had left before us, and a product that a rule
leaves out, take their price, discount and tax with them. A promotional code is no product: what it adds or takes off belongs to
the rest of the order, and stays as an adjustment (docs/adr/0013-sku-rules.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from cartrover.orders.models import Order, OrderLine

_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")  # as fine as a column of money
_PRICE = Decimal("0.000001")  # as fine as a unit price


@dataclass(frozen=True, slots=True)
class Sums:
    """What is told of an order's money beside its lines and its shipping charge."""

    discount: Decimal
    tax: Decimal
    adjustment: Decimal
    total: Decimal


def sums_of(order: Order, lines: Sequence[OrderLine]) -> Sums:
    """The order's sums without what is not sent."""
    taxed, in_discount = _tax_is_in_the_total(order, lines), _own_discounts_are_in_the_orders(order, lines)
    discount, tax, adjustment, total = order.discount, order.tax, order.adjustment, order.total
    for line in lines:
        if line.left_out == OrderLine.LeftOut.PROMOTIONAL:
            adjustment += _gross(line) if in_discount else line.total
            continue
        gone = line.quantity if line.left_out else line.shipped_before
        net, own_tax = share(line.total, gone, line.quantity), share(line.tax, gone, line.quantity) if taxed else Decimal(0)
        discount -= (share(_gross(line), gone, line.quantity) - net) if in_discount else 0
        tax -= own_tax
        total -= net + own_tax
    return Sums(discount, tax, adjustment, total)


def left_of(line: OrderLine) -> Decimal:
    """What the units of a line come to that have not left before us."""
    return line.total - share(line.total, line.shipped_before, line.quantity)


def share(amount: Decimal, units: int, of: int) -> Decimal:
    """What some of the units come to."""
    return (amount * units / of).quantize(_grain(amount), ROUND_HALF_EVEN) if units and of else Decimal(0)


def _gross(line: OrderLine) -> Decimal:
    return (line.unit_price * line.quantity).quantize(_FINE, ROUND_HALF_EVEN)


def _own_discounts_are_in_the_orders(order: Order, lines: Sequence[OrderLine]) -> bool:
    """A cart's discount may or may not hold the lines' own discounts already: the total says which."""
    rest = order.shipping + order.tax + order.adjustment - order.discount
    gross, net = sum(map(_gross, lines), Decimal(0)), sum((line.total for line in lines), Decimal(0))
    return abs(order.total - (gross + rest)) <= abs(order.total - (net + rest))


def _tax_is_in_the_total(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Taxes that the marketplace collects and remits may stand on the lines, and are not in the order's own tax."""
    return sum((line.tax for line in lines), Decimal(0)) <= order.tax


# ------------------------------------------------------------------------------------------------------------ the parts of a line


def split(amount: Decimal, weights: Sequence[int]) -> list[Decimal]:
    """The amount by weight, in the amount's own grain; the shares come to it exactly."""
    shares, whole = [], sum(weights)
    so_far, given = 0, Decimal(0)
    for weight in weights:
        so_far += weight
        until = share(amount, so_far, whole)
        shares.append(until - given)
        given = until
    return shares


def price_each(unit_price: Decimal, units: int) -> Decimal:
    """The price of one of the units that one unit of a line is sent as. All of them carry the same."""
    exact = unit_price / units
    return exact if exact * units == unit_price else exact.quantize(_PRICE, ROUND_HALF_EVEN)


def _grain(amount: Decimal) -> Decimal:
    return _CENT if amount == amount.quantize(_CENT) else _FINE
