"""What goes into a package, as it is counted: typed by line, or a unit for each scan of a SKU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cartrover.packing.models import PackingLine, PackingOrder
from cartrover.packing.parcels import left_to_pack
from cartrover.packing.refusal import Refusal
from cartrover.pages.typed import whole_number


@dataclass(frozen=True, slots=True)
class Counted:
    """A line on the packing page: how many of its units are left to pack, and how many are counted for this package."""

    line: PackingLine
    left: int
    units: int

    @property
    def field(self) -> str:
        return f"units-{self.line.pk}"


def counted(order: PackingOrder, data: Mapping[str, str]) -> list[Counted]:
    """The lines of an order with what a form says. Raises Refusal for what is no number."""
    left = left_to_pack(order)
    lines = [Counted(line, left[line.pk], 0) for line in order.lines.filter(quantity__gt=0).select_related("item")]
    return [Counted(each.line, each.left, _number(each, data.get(each.field, ""))) for each in lines]


def _number(each: Counted, typed: str) -> int:
    typed = typed.strip()
    if not typed:
        return 0
    units = whole_number(typed)
    if units is None or units > each.left:
        raise Refusal(f"Of {each.line.sku} there are {each.left} units left to pack, and not {typed[:9]}.")
    return units


def one_more(lines: Sequence[Counted], sku: str) -> list[Counted]:
    """One unit of a SKU that was scanned. Raises Refusal where the order wants no more of it."""
    wanted = sku.strip().casefold()
    named = [at for at, each in enumerate(lines) if each.line.sku.casefold() == wanted]
    if not named:
        raise Refusal(f"{sku} is not in this order.")
    free = [at for at in named if lines[at].units < lines[at].left]
    if not free:
        raise Refusal(f"Every unit of {sku} is counted already.")
    more = lines[free[0]]
    return [Counted(each.line, each.left, each.units + 1) if each is more else each for each in lines]
