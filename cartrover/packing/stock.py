"""What there is of each SKU.

    available = on hand - committed

Committed is what orders want that has not left yet. A package lowers both when it ships, and raises both when it is taken back,
so what is available changes only when orders come and go and when somebody counts. Call inside the merchant's door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models import F, Sum

from cartrover.connections.models import Connection
from cartrover.merchants import audit
from cartrover.packing import waking
from cartrover.packing.models import Item, PackingLine, PackingOrder, Parcel, ParcelLine
from cartrover.packing.refusal import Refusal

MOST = 10_000_000  # of one SKU; a figure beyond it is a barcode in the wrong field


def committed(items: Iterable[int]) -> dict[int, int]:
    """Units by item that orders still want."""
    waiting = PackingOrder.State.TO_PACK
    wanted = PackingLine.objects.filter(item__in=list(items), order__state=waiting)
    left = ParcelLine.objects.filter(line__in=wanted, parcel__state=Parcel.State.SHIPPED)
    gone = dict(left.values_list("line__item").annotate(units=Sum("quantity")))
    return {item: units - gone.get(item, 0) for item, units in wanted.values_list("item").annotate(units=Sum("quantity"))}


def move(units: Mapping[int, int]) -> None:
    """Add units by item to what is on hand, or take them away where negative."""
    for item, number in sorted(units.items()):
        Item.objects.filter(pk=item).update(on_hand=F("on_hand") + number)


def count(item: Item, on_hand: int, *, actor: str) -> None:
    """Somebody has counted what lies on the shelf."""
    _insist(on_hand)
    with audit.watched(actor, "counted stock", item, "on_hand"):
        item.on_hand = on_hand
        item.save(update_fields=["on_hand"])
    waking.stock_changed(item.connection_id)


def make(connection: Connection, sku: str, *, name: str = "", on_hand: int = 0, actor: str) -> Item:
    """A new item. Refused where its SKU is there already."""
    _insist(on_hand)
    made: Item
    made, new = Item.objects.get_or_create(connection=connection, sku=sku, defaults={"name": name, "on_hand": on_hand})
    if not new:
        raise Refusal(f"{sku} is there already, with {made.on_hand} on hand.")
    audit.record(actor, "made an item", made, after={"on_hand": on_hand})
    waking.stock_changed(connection.pk)
    return made


def _insist(on_hand: int) -> None:
    if not 0 <= on_hand <= MOST:
        raise Refusal(f"What is on hand is a whole number from 0 to {MOST:,}.")
