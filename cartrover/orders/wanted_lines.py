"""The lines of a delivered order as the cart wants them now, and what each of them is sent as.

What was sent stays as it was sent, whatever the rules say by now. A line that is new there is translated by the rules of now.
Inside the merchant's door.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cartrover.inventory.skus import REFUSE, Translation, code_of
from cartrover.orders import lines_now, units
from cartrover.orders.models import LinePart, Order, OrderLine
from cartrover.orders.parts import left_out, translated

Named = tuple[str, str]  # a line's id at the cart, and a SKU of the warehouse that it is sent as


@dataclass(frozen=True, slots=True)
class WantedLines:
    """``lines`` in the cart's order and ``parts`` of them, new ones unsaved. ``new`` says of each line that was not sent so, by
    its id at the cart, what the rules make of it; a line that they refuse stands with its own code here."""

    lines: tuple[OrderLine, ...]
    parts: tuple[LinePart, ...]
    new: Mapping[str, Translation]

    @property
    def units(self) -> Counter[Named]:
        return units_of(self.parts)


def wanted_lines(order: Order) -> WantedLines:
    sent = [part for part in units.sent_as(order) if part.each]
    lines = lines_now.laid_over(order, list(order.lines.order_by("position", "id")))
    fresh = [line for line in lines if line.pk is None]
    new = translated(order, fresh) if fresh else {}
    parts = [part for line in lines for part in (_new(order, line, new, sent) if line.pk is None else _sent(line, sent))]
    return WantedLines(tuple(lines), tuple(parts), new)


def _sent(line: OrderLine, sent: Iterable[LinePart]) -> list[LinePart]:
    """Its parts, to be counted by its quantity of now."""
    parts = [part for part in sent if part.line_id == line.pk]
    for part in parts:
        part.line = line
    return parts


def _new(order: Order, line: OrderLine, new: Mapping[str, Translation], sent: Iterable[LinePart]) -> list[LinePart]:
    """What becomes of it by the rules. A SKU that the line is sent as already keeps the warehouse's line."""
    told = new[line.external_id]
    line.left_out = "" if told.action == REFUSE else left_out(told)
    known = {part.sku: part.remote_id for part in sent if part.line.external_id == line.external_id}
    wanted = {part.sku: part.units for part in told.parts}
    if told.action == REFUSE and order.cart is not None:
        wanted = {code_of(order.cart, line): 1}
    return [
        LinePart(merchant_id=order.merchant_id, line=line, position=position, sku=sku, each=each, remote_id=known.get(sku, ""))
        for position, (sku, each) in enumerate(wanted.items())
    ]


def units_of(parts: Iterable[LinePart]) -> Counter[Named]:
    """Units that are wanted of each part, of all that had not left before us."""
    found: Counter[Named] = Counter()
    for part in parts:
        found[part.line.external_id, part.sku] += units.wanted_of(part)
    return found


def still_to_come(order: Order) -> dict[str, int]:
    """Units by the warehouse's SKU that the cart wants beyond what is at the warehouse."""
    if order.lines_now is None:
        return {}
    more: Counter[str] = Counter()
    for (_line, sku), count in (wanted_lines(order).units - units_of(units.sent_as(order))).items():
        more[sku] += count
    return dict(more)
