"""Which of the warehouse's items an order's lines are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils import timezone

from cartrover.inventory.models import StockLevel
from cartrover.inventory.storing import store_levels
from cartrover.orders import preparing
from cartrover.orders.models import LinePart, Order, OrderLine, Status
from cartrover.orders.parts import parts_of, translated, write_parts
from cartrover.sync.pull_stock import CLOCK_MARGIN, stock_level
from cartrover.sync.work import Work
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant


def name_items(work: Work, client: WarehouseClient, order: Order, lines: Sequence[OrderLine]) -> list[LinePart] | None:
    """Write down what each line is sent as, with the warehouse's item. What our own list lacks is asked of the warehouse before
    anybody is bothered. What may be there already stays as it was sent, whatever the rules say by now.

    None when the gates, asked once more, say that the order has to wait.
    """
    with work.rows():
        if order.effects.filter(kind="order", state__in=preparing.SENT).exists():
            return parts_of(lines)
        wanted = {part.sku for each in translated(order, lines).values() for part in each.parts} - {""}
        missing = wanted - set(_item_ids(work, wanted))
    read_at = timezone.now() - CLOCK_MARGIN
    asked = [record for sku in sorted(missing) for record in client.item(sku)]
    with work.writing():
        store_levels(work.connection_id, [stock_level(work.connection_id, record, read_at) for record in asked])
        preparing.decide(Order.objects.filter(pk=order.pk))
        order.refresh_from_db(fields=["status"])
        if order.status != Status.NEW:
            return None
        parts = write_parts(order, lines)
        unknown = _name(work, parts)
    if unknown:
        words = f"SKU {unknown} is not in {order.warehouse}. Add it there, and the orders that wait for it go on."
        raise NeedsMerchant(words, fix="unknown_sku", subject=unknown)
    return parts


def _name(work: Work, parts: Iterable[LinePart]) -> str:
    """Give each part its item. Returns the first SKU that the warehouse does not have, if there is one."""
    items = _item_ids(work, {part.sku for part in parts})
    for part in parts:
        part.item_id = items.get(part.sku, "")
    LinePart.objects.bulk_update(parts, ["item_id"])
    return min((part.sku for part in parts if not part.item_id), default="")


def _item_ids(work: Work, skus: set[str]) -> dict[str, str]:
    rows = StockLevel.objects.filter(connection_id=work.connection_id, sku__in=skus, gone=False)
    return dict(rows.values_list("sku", "item_id"))
