"""What an order needs of the warehouse's SKUs, what of it has left, and which units of its lines that makes whole.

A warehouse counts its own units: a kit leaves as its parts, perhaps in several packages. A unit of a line has left when all of
its parts have. Of what follows, only ``sent_as``, ``keep_parts`` and ``needs_of`` ask the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cartrover.orders.models import LinePart, Order, OrderLine, Shipment

Told = tuple[str, str, int]  # what a package holds, as a warehouse tells it: its line's id, SKU, units


@dataclass(slots=True)
class Need:
    """One part of a line: ``wanted`` units of the warehouse's SKU in all, of which ``left`` are in packages."""

    part: LinePart
    wanted: int
    left: int = 0

    @property
    def missing(self) -> int:
        return max(0, self.wanted - self.left)


def sent_as(order: Order) -> list[LinePart]:
    """What the order's lines are sent as. A line that was left out of the delivery has no part.

    An order that was delivered before parts were written down has one a line, under the line's own SKU; those are not stored
    yet, see ``keep_parts``.
    """
    lines = list(order.lines.order_by("position", "id").prefetch_related("parts"))
    stored = [part for line in lines for part in sorted(line.parts.all(), key=lambda part: (part.position, part.pk))]
    return stored or [_whole(line) for line in lines]


def _whole(line: OrderLine) -> LinePart:
    return LinePart(line=line, sku=line.sku)


def keep_parts(order: Order) -> None:
    """Store the parts of an order that was delivered without."""
    LinePart.objects.bulk_create(part for part in sent_as(order) if part.pk is None)


def needs_of(order: Order) -> list[Need]:
    """Every part with what is wanted of it and what has left, by packages that are not void.

    A package that was stored before parts were written down tells of whole units only, so it holds all their parts.
    """
    parts = sent_as(order)
    left: Counter[tuple[int, str]] = Counter()
    live = Shipment.objects.filter(order=order).exclude(state=Shipment.State.VOID)
    for shipment in live.prefetch_related("lines", "parts__part"):
        held = [(each.part.line_id, each.part.sku, each.quantity) for each in shipment.parts.all()]
        whole = {each.line_id: each.quantity for each in shipment.lines.all()}
        for line, sku, units in held or _of_whole_units(parts, whole):
            left[line, sku] += units
    return [Need(part, wanted_of(part), left[part.line_id, part.sku]) for part in parts]


def _of_whole_units(parts: Iterable[LinePart], units: Mapping[int, int]) -> list[tuple[int, str, int]]:
    return [(part.line_id, part.sku, part.each * units[part.line_id]) for part in parts if part.line_id in units]


def wanted_of(part: LinePart) -> int:
    """Units of it in all, of what had not left before us."""
    return part.each * max(0, part.line.quantity - part.line.shipped_before)


def share_out(needs: Sequence[Need], told: Iterable[Told]) -> dict[int, int]:
    """Units of each need, by its place, that a package holds of which a warehouse tells.

    By the warehouse's line where we know it, then by SKU; several needs of one SKU are filled up in turn. What is more than was
    wanted stays with the first, and what nobody ordered with none. A package without lines holds all that is missing; where
    nothing is, it may hold anything, and is written down with none of each.
    """
    lines = list(told)
    if not lines:
        missing = {at: need.missing for at, need in enumerate(needs) if need.missing}
        return missing or dict.fromkeys(range(len(needs)), 0)
    units: Counter[int] = Counter()
    for remote_line, sku, quantity in lines:
        candidates = _candidates(needs, remote_line, sku)
        for at in candidates:
            taken = min(quantity, max(0, needs[at].missing - units[at]))
            units[at] += taken
            quantity -= taken
        if candidates:
            units[candidates[0]] += quantity
    return {at: count for at, count in units.items() if count}


def _candidates(needs: Sequence[Need], remote_line: str, sku: str) -> list[int]:
    by_line = [at for at, need in enumerate(needs) if remote_line and need.part.remote_id == remote_line][:1]
    return [*by_line, *(at for at, need in enumerate(needs) if sku and need.part.sku == sku and at not in by_line)]


def strangers(needs: Sequence[Need], told: Iterable[Told]) -> list[Told]:
    """What a package holds that is of no need."""
    return [(line, sku, units) for line, sku, units in told if not _candidates(needs, line, sku)]


def whole_units(needs: Iterable[Need]) -> dict[int, int]:
    """Units of each line, by its id, of which every part has left."""
    whole: dict[int, int] = {}
    for need in (each for each in needs if each.part.each):
        units = min(need.left, need.wanted) // need.part.each
        whole[need.part.line_id] = min(units, whole.get(need.part.line_id, units))
    return whole


def all_left(needs: Iterable[Need]) -> bool:
    """Whether nothing of the order is still to leave."""
    return not any(need.missing for need in needs)


@dataclass(slots=True)
class Credit:
    """A package, as far as units of lines are credited to it.

    ``holds`` are the lines that it has parts of; ``units`` the units, by line, that count as left with it. One that was ``told``
    to the cart keeps what it was told with.
    """

    holds: frozenset[int]
    units: dict[int, int]
    told: bool = False


def credit(whole: Mapping[int, int], packages: Sequence[Credit]) -> None:
    """Let the units of the packages come to what has left as a whole, ``packages`` in the order in which they left.

    The newest package that holds something of a line is the one that made its units whole. What a void one takes back is taken
    from those that the cart has not been told of.
    """
    for line, units in whole.items():
        gap = units - sum(package.units.get(line, 0) for package in packages)
        newest = sorted((each for each in reversed(packages) if line in each.holds), key=lambda each: each.told)
        if gap > 0 and newest:
            newest[0].units[line] = newest[0].units.get(line, 0) + gap
        for package in newest:
            if gap < 0 and not package.told:
                taken = min(-gap, package.units.get(line, 0))
                package.units[line] = package.units.get(line, 0) - taken
                gap += taken
