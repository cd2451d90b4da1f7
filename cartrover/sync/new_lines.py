"""What has to be so before a change of lines is told to a warehouse: what has left stays, and what is new is known there."""

from __future__ import annotations

from django.utils import timezone

from cartrover.connections import declared
from cartrover.inventory.models import StockLevel
from cartrover.inventory.skus import REFUSE, code_of
from cartrover.inventory.storing import store_levels
from cartrover.orders.models import Order, OrderLine
from cartrover.orders.units import needs_of
from cartrover.orders.wanted_lines import WantedLines
from cartrover.sync.pull_stock import CLOCK_MARGIN, stock_level
from cartrover.sync.work import Work
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Rejected


def insist_on_what_has_left(order: Order, wanted: WantedLines) -> None:
    """Raise Rejected where fewer units are wanted than have left. Inside the merchant's door."""
    for need in needs_of(order):
        gone = min(need.left, need.wanted)  # what was packed beyond the order is nobody's
        now = wanted.units[need.part.line.external_id, need.part.sku]
        if gone > now:
            units = "1 unit has" if gone == 1 else f"{gone} units have"
            raise Rejected(f"Of {need.part.sku} {units} left already, and {now or 'none'} would be wanted.")


def name_new_lines(work: Work, client: WarehouseClient, order: Order, wanted: WantedLines) -> None:
    """Give the parts of new lines the warehouse's items. What our own list lacks is asked of the warehouse.

    Raises NeedsMerchant, whose subject is the code or SKU that has to be put right.
    """
    new = [part for part in wanted.parts if part.line.external_id in wanted.new]
    with work.rows():
        _insist_on_codes(order, wanted)
        known = _items(work, {part.sku for part in new})
    read_at = timezone.now() - CLOCK_MARGIN
    missing = sorted({part.sku for part in new} - known.keys())
    asked = [record for sku in missing for record in client.item(sku)]
    with work.writing():
        store_levels(work.connection_id, [stock_level(work.connection_id, record, read_at) for record in asked])
        known = _items(work, {part.sku for part in new})
    for part in new:
        part.item_id = _only_item(order, part.sku, known.get(part.sku, []))


def _insist_on_codes(order: Order, wanted: WantedLines) -> None:
    """Each new line has a code, and no rule that refuses it."""
    for line in wanted.lines:
        if line.external_id in wanted.new and order.cart is not None:
            _insist_on_code(order, line, code_of(order.cart, line), refused=wanted.new[line.external_id].action == REFUSE)


def _insist_on_code(order: Order, line: OrderLine, code: str, *, refused: bool) -> None:
    if refused:
        raise NeedsMerchant(f"Your rule for {code} refuses every order that has it.", fix="refused_sku", subject=code)
    if not code and order.cart is not None:
        name = declared.identifier(order.cart).label
        raise Rejected(f"{line.title or 'A line'} has no {name}, so no warehouse knows what it is.")


def _items(work: Work, skus: set[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows = StockLevel.objects.filter(connection_id=work.connection_id, sku__in=skus, gone=False)
    for sku, item_id in rows.values_list("sku", "item_id"):
        found.setdefault(sku, []).append(item_id)
    return found


def _only_item(order: Order, sku: str, items: list[str]) -> str:
    if len(items) == 1:
        return items[0]
    if items:
        words = f"SKU {sku} stands for {len(items)} items in {order.warehouse}. Each needs a SKU of its own."
        raise NeedsMerchant(words, fix="duplicate_sku", subject=sku)
    words = f"SKU {sku} is not in {order.warehouse}. Add it there or match it here, and the change is tried again."
    raise NeedsMerchant(words, fix="unknown_sku", subject=sku)
