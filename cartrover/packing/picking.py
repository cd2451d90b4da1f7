"""The pick list: orders to pack, the most urgent first, and what to fetch from the shelves for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from cartrover.packing.models import Item, PackingLine, PackingOrder, Parcel, ParcelLine

SHOWN = 200  # orders on the list; the sheet counts all


@dataclass(frozen=True, slots=True)
class Pick:
    """One order of the list. ``wants`` are (SKU, name on the shelf, units left to pack)."""

    order: PackingOrder
    wants: tuple[tuple[str, str, int], ...]
    packed: int
    late: bool

    @property
    def units(self) -> int:
        return sum(units for _sku, _title, units in self.wants)


def waiting(connections: Iterable[int]) -> QuerySet[PackingOrder]:
    """Orders to pack: those that must leave first stand first, and those without a date last."""
    rows: QuerySet[PackingOrder] = PackingOrder.objects.filter(
        connection_id__in=list(connections), state=PackingOrder.State.TO_PACK
    )
    return rows.order_by(F("ship_by").asc(nulls_last=True), "placed_at", "pk")


def picks(orders: Sequence[PackingOrder]) -> list[Pick]:
    """The orders, in their order, each with what is still to be packed of it."""
    packed = packed_units(orders)
    lines: dict[int, list[PackingLine]] = defaultdict(list)
    for line in PackingLine.objects.filter(order__in=orders).select_related("item").order_by("position"):
        lines[line.order_id].append(line)
    now = timezone.now()
    return [_pick(order, lines[order.pk], packed, now) for order in orders]


def packed_units(orders: Iterable[PackingOrder]) -> dict[int, int]:
    """Units by line that are in packages."""
    made = ParcelLine.objects.filter(line__order__in=list(orders)).exclude(parcel__state=Parcel.State.VOID)
    return dict(made.values_list("line").annotate(units=Sum("quantity")))


def _pick(order: PackingOrder, lines: Sequence[PackingLine], packed: Mapping[int, int], now: datetime) -> Pick:
    wants = [(line.sku, line.item.name or line.title, line.quantity - packed.get(line.pk, 0)) for line in lines]
    return Pick(
        order=order,
        wants=tuple(want for want in wants if want[2]),
        packed=sum(packed.get(line.pk, 0) for line in lines),
        late=order.ship_by is not None and order.ship_by < now,
    )


@dataclass(frozen=True, slots=True)
class Fetch:
    """Units of one SKU to fetch. ``on_hand`` is what lies there, of all desks that the sheet is for."""

    sku: str
    name: str
    units: int
    orders: int
    on_hand: int

    @property
    def short(self) -> bool:
        return self.on_hand < self.units


def sheet(orders: QuerySet[PackingOrder]) -> list[Fetch]:
    """What to fetch for the orders, by SKU."""
    lines = PackingLine.objects.filter(order__in=orders.order_by()).select_related("item")
    packed = packed_units(orders)
    units: dict[str, int] = defaultdict(int)
    wanting: dict[str, set[int]] = defaultdict(set)
    items: dict[str, dict[int, Item]] = defaultdict(dict)
    titles: dict[str, str] = {}
    for line in lines:
        left = line.quantity - packed.get(line.pk, 0)
        if left:
            units[line.sku] += left
            wanting[line.sku].add(line.order_id)
            items[line.sku][line.item_id] = line.item
            titles[line.sku] = line.item.name or line.title
    return [
        Fetch(sku, titles[sku], units[sku], len(wanting[sku]), sum(item.on_hand for item in items[sku].values()))
        for sku in sorted(units)
    ]
