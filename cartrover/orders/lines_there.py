"""The warehouse has other lines of an order than were sent: the rows say it too, and its packages are told apart anew.

Inside the merchant's door, on an order that is locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from cartrover.orders import lines_now, units
from cartrover.orders.contents import share_again
from cartrover.orders.models import LinePart, Order, OrderLine
from cartrover.orders.wanted_lines import Named, WantedLines, units_of

_COLUMNS = (
    *("position", "sku", "title", "quantity", "unit_price", "total", "tax"),
    *("listing_id", "variation_id", "marketplace", "fulfilled", "left_out"),
)


def write(order: Order, there: WantedLines) -> None:
    """These lines are there, sent as these parts. What has left in a package stays, whatever the cart says.

    What the cart tells by now may be something else again, and stays beside the rows then.
    """
    before = {line.external_id: line for line in order.lines.order_by("position", "id")}
    as_before = {key: _columns(line) for key, line in before.items()}
    told = as_before if order.lines_now is None else lines_now.told_now(order)
    had = units_of(units.sent_as(order))
    rows = {line.external_id: _write_line(order, line) for line in there.lines}
    for part in there.parts:
        _write_part(rows[part.line.external_id], part, had)
    _drop_parts(rows.values(), there.units.keys())
    _drop_lines(order, before.keys() - rows.keys())
    share_again(order)
    order.lines_now = lines_now.news({line.external_id: line for line in OrderLine.objects.filter(order=order)}, told)
    order.save(update_fields=["lines_now"])


def _columns(line: OrderLine) -> dict[str, Any]:
    return {"external_id": line.external_id, **{name: getattr(line, name) for name in _COLUMNS if name != "left_out"}}


def _write_line(order: Order, line: OrderLine) -> OrderLine:
    columns = {name: getattr(line, name) for name in _COLUMNS}
    row: OrderLine
    row, _new = OrderLine.objects.update_or_create(
        order=order,
        external_id=line.external_id,
        defaults=columns,
        create_defaults={**columns, "shipped_before": line.shipped_before},
    )
    return row


def _write_part(line: OrderLine, part: LinePart, had: Mapping[Named, int]) -> None:
    columns: dict[str, Any] = {"position": part.position, "each": part.each}
    columns |= {name: value for name in ("item_id", "remote_id") if (value := getattr(part, name))}
    row: LinePart
    row, _new = LinePart.objects.update_or_create(line=line, sku=part.sku, defaults=columns)
    more = units.wanted_of(part) - had.get((line.external_id, part.sku), 0)
    if more > 0:  # a reading of the stock from before does not know of them; counted too often does less harm than too seldom
        row.added, row.added_at = row.added + more, timezone.now()
        row.save(update_fields=["added", "added_at"])


def _drop_parts(lines: Iterable[OrderLine], wanted: Iterable[Named]) -> None:
    """What a line is sent as no longer goes, unless some of it has left: then no more of it is wanted."""
    kept = set(wanted)
    rows = LinePart.objects.filter(line__in=list(lines)).select_related("line")
    stale = [part.pk for part in rows if (part.line.external_id, part.sku) not in kept]
    LinePart.objects.filter(pk__in=stale, shipped=None).delete()
    LinePart.objects.filter(pk__in=stale).update(each=0)


def _drop_lines(order: Order, keys: Iterable[str]) -> None:
    """A line of which units have left keeps those."""
    gone = OrderLine.objects.filter(order=order, external_id__in=list(keys))
    gone.filter(shipment_lines=None).exclude(parts__shipped__isnull=False).delete()
    whole = units.whole_units(units.needs_of(order))
    for line in gone.all():
        line.quantity = line.shipped_before + whole.get(line.pk, 0)
        line.save(update_fields=["quantity"])
