"""Packing slips as PDF, a sheet for each order. What is told goes to Typst as JSON, so that nothing in it is ever markup.

System fonts are used as well: an address may be in any script.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typst

from cartrover.merchants.models import Merchant
from cartrover.packing.desks import DeskSettings, desks
from cartrover.packing.models import PackingLine, PackingOrder, Parcel
from cartrover.packing.picking import packed_units
from cartrover.pages import formats
from cartrover.portal.templatetags.portal import address_lines

LAYOUT = Path(__file__).with_name("slips.typ")
MOST = 200  # orders of one PDF


def of_orders(merchant: Merchant, orders: Sequence[PackingOrder]) -> bytes:
    """What is still to be packed of each; all of it, where nothing is left."""
    packed = packed_units(orders)
    return _pdf(merchant, [(order, _left(order, packed)) for order in orders])


def of_parcel(merchant: Merchant, parcel: Parcel) -> bytes:
    """What is in one package."""
    return _pdf(merchant, [(parcel.order, dict(parcel.lines.values_list("line", "quantity")))])


def _left(order: PackingOrder, packed: Mapping[int, int]) -> dict[int, int]:
    wanted = {line.pk: line.quantity for line in order.lines.all()}
    left = {line: units - packed.get(line, 0) for line, units in wanted.items()}
    return left if any(left.values()) else wanted


def _pdf(merchant: Merchant, slips: Sequence[tuple[PackingOrder, Mapping[int, int]]]) -> bytes:
    settings = {warehouse.connection_id: DeskSettings.of(warehouse) for warehouse in desks()}
    told = {
        "title": f"Packing slip {slips[0][0].number}" if len(slips) == 1 else f"{len(slips)} packing slips",
        "merchant": merchant.name,
        "slips": [_slip(merchant, order, units, settings[order.connection_id]) for order, units in slips],
    }
    text = json.dumps(told, ensure_ascii=False)
    return typst.compile(LAYOUT, root=LAYOUT.parent, format="pdf", sys_inputs={"told": text})


def _slip(merchant: Merchant, order: PackingOrder, units: Mapping[int, int], settings: DeskSettings) -> dict[str, Any]:
    return {
        "number": order.number,
        "ref": order.ref,
        "sender": settings.sender,
        "ship_to": address_lines(order.ship_to),
        "placed": formats.day(order.placed_at, merchant.time_zone),
        "shop": order.customer.name,
        "method": order.shipping_method,
        "lines": [_line(line, units) for line in order.lines.all() if units.get(line.pk)],
        "note": order.note,
        "greeting": settings.greeting,
    }


def _line(line: PackingLine, units: Mapping[int, int]) -> dict[str, Any]:
    return {"sku": line.sku, "title": line.title or line.item.name, "ordered": line.quantity, "here": units[line.pk]}
