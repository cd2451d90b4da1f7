"""What was sold for a warehouse and what its readings do not know of yet, by order. Inside the merchant's door.

An order counts while it is not at the warehouse, while it is there as a draft, and when it came there after the reading began.
Until it is there it counts by the merchant's rules as they are now; then by the parts that it was sent as. Units that the cart
adds to an order which is there count like an order of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q

from cartrover.connections.models import Warehouse
from cartrover.inventory.models import SkuRule
from cartrover.inventory.skus import Rulebook, code_of
from cartrover.orders.errands import NOT_CHANGED
from cartrover.orders.models import LinePart, Order, OrderLine, Status
from cartrover.orders.wanted_lines import still_to_come

UNDELIVERED = (Status.NEW, Status.HELD, Status.ERROR)
AT_WAREHOUSE = (Status.AT_WMS, Status.SHIPPED, Status.CONFIRMED)
NOT_THERE = (*UNDELIVERED, Status.CANCELED)  # what was voided at the warehouse is free again


@dataclass(frozen=True, slots=True)
class Sold:
    """Units of a warehouse's SKU that an order takes."""

    order_id: int
    sku: str
    units: int


def uncommitted(warehouse: Warehouse, read_at: Mapping[str, datetime]) -> list[Sold]:
    """What each order takes of these SKUs, read when. A handful of queries, and some for each order that is being changed."""
    if not read_at:
        return []
    return [*_undelivered(warehouse, read_at), *_delivered(warehouse, read_at), *_to_be_added(warehouse, read_at)]


def by_sku(sold: Iterable[Sold]) -> dict[str, int]:
    """Units by SKU."""
    totals: dict[str, int] = defaultdict(int)
    for each in sold:
        totals[each.sku] += each.units
    return dict(totals)


def _undelivered(warehouse: Warehouse, skus: Iterable[str]) -> Iterator[Sold]:
    wanted = set(skus)
    codes = wanted | set(SkuRule.objects.filter(parts__sku__in=wanted).values_list("sku", flat=True))
    book = Rulebook.of(codes)
    lines = OrderLine.objects.filter(
        Q(sku__in=codes) | Q(listing_id__in=codes),
        order__warehouse=warehouse,
        order__status__in=UNDELIVERED,
        quantity__gt=F("shipped_before"),
    )
    for line in lines.select_related("order__cart").only(*_OF_A_LINE):
        cart = line.order.cart
        translated = book.translate(cart.pk, code_of(cart, line)) if cart is not None else None
        for part in translated.parts if translated else ():
            if part.sku in wanted:
                yield Sold(line.order_id, part.sku, part.units * (line.quantity - line.shipped_before))


_OF_A_LINE = (
    "sku",
    "listing_id",
    "variation_id",
    "quantity",
    "shipped_before",
    "order__cart__integration",
    "order__cart__identifier",
)


def _delivered(warehouse: Warehouse, read_at: Mapping[str, datetime]) -> Iterator[Sold]:
    """What is there and not committed, or came after its SKU was read.

    A line that has no parts, and that no rule left out, was sent as its own SKU.
    """
    oldest = min(read_at.values())
    lines = OrderLine.objects.filter(_there("order", warehouse, oldest), sku__in=read_at, left_out="", parts=None)
    parts = LinePart.objects.filter(_there("line__order", warehouse, oldest) | _added(warehouse, oldest), sku__in=read_at)
    left, of_part = F("quantity") - F("shipped_before"), (F("line__quantity") - F("line__shipped_before")) * F("each")
    told = ("order_id", "order__status", "order__stock_committed", "order__delivered_at")
    of_parts = parts.values_list(*(f"line__{name}" for name in told), "sku", of_part, "added", "added_at")
    of_lines = ((*row, 0, None) for row in lines.values_list(*told, "sku", left))
    for order_id, status, committed, delivered_at, sku, units, added, added_at in (*of_lines, *of_parts):
        draft = status == Status.AT_WMS and not committed
        since = added_at is not None and added_at >= read_at[sku]
        count = units if draft or delivered_at >= read_at[sku] else min(added, units) if since else 0
        if count > 0:
            yield Sold(order_id, sku, count)


def _added(warehouse: Warehouse, oldest: datetime) -> Q:
    """Parts of which units came to their order when it was there already."""
    there = Q(line__order__warehouse=warehouse, line__order__status__in=AT_WAREHOUSE)
    return Q(added_at__gte=oldest) & there


def _to_be_added(warehouse: Warehouse, skus: Iterable[str]) -> Iterator[Sold]:
    """What the warehouse is to be told of, by us or by a person."""
    wanted = set(skus)
    there = Order.objects.filter(warehouse=warehouse, status__in=AT_WAREHOUSE, lines_now__isnull=False)
    changing = Q(errand=Order.Errand.CHANGE) | Q(reason_code=NOT_CHANGED)
    for order in there.filter(changing).select_related("cart"):
        for sku, units in still_to_come(order).items():
            if sku in wanted:
                yield Sold(order.pk, sku, units)


def _there(order: str, warehouse: Warehouse, oldest: datetime) -> Q:
    """Orders that were delivered and may not be in a reading; ``order`` is the way to them."""
    draft = Q(**{f"{order}__status": Status.AT_WMS, f"{order}__stock_committed": False})
    later = Q(**{f"{order}__delivered_at__gte": oldest})
    return (draft | later) & ~Q(**{f"{order}__status__in": NOT_THERE}) & Q(**{f"{order}__warehouse": warehouse})
