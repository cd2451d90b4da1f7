"""What the lines of an order are sent as, written down when it goes to the warehouse: its packages are told apart by that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cartrover.inventory.skus import Rulebook, Translation, code_of
from cartrover.orders.models import LinePart, Order, OrderLine

_LEFT_OUT = {False: OrderLine.LeftOut.IGNORED, True: OrderLine.LeftOut.PROMOTIONAL}


def write_parts(order: Order, lines: Sequence[OrderLine]) -> list[LinePart]:
    """Translate the lines by the rules of now, and keep what came of it. ``left_out`` is written on the lines themselves.

    A part that the rules no longer name stays where a package tells of it, even of one that was taken back; no more of it is
    wanted then. Inside the merchant's door.
    """
    sent_as = translated(order, lines)
    for line in lines:
        line.left_out = left_out(sent_as[line.external_id])
    OrderLine.objects.bulk_update(lines, ["left_out"])
    wanted = [
        LinePart(merchant_id=order.merchant_id, line=line, position=position, sku=part.sku, each=part.units)
        for line in lines
        for position, part in enumerate(sent_as[line.external_id].parts)
    ]
    keys = {(part.line_id, part.sku) for part in wanted}
    stale = [part.pk for part in LinePart.objects.filter(line__order=order) if (part.line_id, part.sku) not in keys]
    LinePart.objects.filter(pk__in=stale, shipped=None).delete()
    LinePart.objects.filter(pk__in=stale, line__in=lines).update(each=0)
    LinePart.objects.bulk_create(
        wanted, update_conflicts=True, unique_fields=["merchant", "line", "sku"], update_fields=["position", "each"]
    )
    return parts_of(lines)


def left_out(translation: Translation) -> str:
    """What a line keeps of being kept away from the warehouse; empty where it is sent."""
    return "" if translation.parts else _LEFT_OUT[translation.promotional]


def translated(order: Order, lines: Iterable[OrderLine]) -> dict[str, Translation]:
    """What the rules make of each line now, by its id at the cart."""
    if order.cart is None:
        raise LookupError(f"order {order.pk} has no cart")
    codes = {line.external_id: code_of(order.cart, line) for line in lines}
    rules = Rulebook.of(codes.values())
    return {key: rules.translate(order.cart.pk, code) for key, code in codes.items()}


def parts_of(lines: Iterable[OrderLine]) -> list[LinePart]:
    """What these lines are sent as by what is written, in their order."""
    rows = LinePart.objects.filter(line__in=lines).exclude(each=0).select_related("line")
    return list(rows.order_by("line__position", "position", "pk"))
