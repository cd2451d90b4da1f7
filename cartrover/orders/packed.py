"""An order's packages as its page shows them: what is in each, what the cart was told of it, and what a person can do."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch

from cartrover.events.models import Problem
from cartrover.orders.contents import REFUSED, TOLD
from cartrover.orders.models import Order, Shipment, ShipmentLine, ShipmentPart
from cartrover.orders.shipped import CART_SHOWS_VOID


@dataclass(frozen=True, slots=True)
class Packed:
    """``contents`` are the warehouse's units, as (units, SKU). ``kits`` are the lines that are sent as something else, by SKU or
    title, with the units that this package made whole; with none it holds a part of them. ``notes`` say what differs at the cart.
    ``may_settle``: its order was canceled at the cart, which therefore takes it no more.
    """

    shipment: Shipment
    contents: tuple[tuple[int, str], ...]
    kits: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]
    may_push: bool
    may_settle: bool
    still_shown: bool


def may_settle(shipment: Shipment) -> bool:
    """Whether the cart refuses it and its order is canceled there: it would refuse it again for ever."""
    return shipment.state == Shipment.State.REFUSED and shipment.order.cancel == "canceled"


def may_push_again(shipment: Shipment) -> bool:
    """Never one that the cart has: it would show it twice."""
    if may_settle(shipment):
        return False
    return shipment.state == Shipment.State.REFUSED or (
        shipment.state == Shipment.State.WAITING and shipment.attempts > 0 and shipment.told_with_id is None
    )


def may_correct_again(shipment: Shipment) -> bool:
    """Whether the cart has it, and refused what the warehouse has said of it since. Nothing is added by asking again."""
    return shipment.state in TOLD and REFUSED in (shipment.told or {})


def packages_of(order: Order) -> list[Packed]:
    """In the order in which we heard of them."""
    lines = Prefetch("lines", ShipmentLine.objects.select_related("line"))
    parts = Prefetch(
        "parts", ShipmentPart.objects.select_related("part__line").order_by("part__line__position", "part__position")
    )
    shipments = list(order.shipments.order_by("id").select_related("order", "told_with").prefetch_related(lines, parts))
    asked = Problem.objects.filter(kind=CART_SHOWS_VOID, about="shipment", closed_at__isnull=True)
    shown = set(asked.filter(about_id__in=[each.pk for each in shipments]).values_list("about_id", flat=True))
    return [_packed(each, still_shown=each.pk in shown) for each in shipments]


def _packed(shipment: Shipment, *, still_shown: bool) -> Packed:
    parts, lines = list(shipment.parts.all()), list(shipment.lines.all())
    whole = {each.line_id: each.quantity for each in lines}
    contents = [(each.quantity, each.part.sku) for each in parts] or [(each.quantity, _named(each)) for each in lines]
    other = {each.part.line_id: each.part.line for each in parts if each.part.each > 1 or each.part.sku != each.part.line.sku}
    return Packed(
        shipment,
        tuple((units, sku) for units, sku in contents if units),
        tuple((whole.get(pk, 0), line.sku or line.title) for pk, line in other.items()),
        tuple(_notes(shipment)),
        may_push_again(shipment) or may_correct_again(shipment),
        may_settle(shipment),
        still_shown,
    )


def _named(part: ShipmentLine) -> str:
    return part.line.sku or part.line.title


def _notes(shipment: Shipment) -> list[str]:
    told = shipment.told or {}
    notes = []
    if shipment.told_with is not None:
        notes.append(f"Told together with package {shipment.told_with}.")
    elif told.get("elsewhere"):
        notes.append("Told without its number, which the cart has with another package of the order.")
    elif shipment.cart_shipment_id and told:
        notes += _as_told(shipment, told.get("carrier", ""), told.get("tracking", ""))
    return notes


def _as_told(shipment: Shipment, carrier: str, tracking: str) -> list[str]:
    notes = []
    if carrier and carrier.casefold() != shipment.carrier.casefold():
        notes.append(f"The cart shows carrier {carrier}.")
    if tracking != shipment.tracking:
        notes.append(f"The cart shows tracking {tracking}." if tracking else "The cart shows no tracking number.")
    return notes
