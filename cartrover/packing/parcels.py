"""Packages: what is put into one, when it leaves, and how it is taken back. Call inside the merchant's door.

Whoever works on an order holds its row, so that two people cannot pack the same unit.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.db.models.functions import Now

from cartrover.merchants import audit
from cartrover.orders.models import Shipment
from cartrover.packing import stock, waking
from cartrover.packing.models import PackingOrder, Parcel, ParcelLine
from cartrover.packing.refusal import Refusal
from cartrover.sync.models import Effect

State = Parcel.State
UNTOLD = (Shipment.State.WAITING, Shipment.State.REFUSED)


def left_to_pack(order: PackingOrder) -> dict[int, int]:
    """Units by line that are in no package yet."""
    made = ParcelLine.objects.filter(line__order=order).exclude(parcel__state=State.VOID)
    packed = dict(made.values_list("line").annotate(units=Sum("quantity")))
    return {line.pk: line.quantity - packed.get(line.pk, 0) for line in order.lines.all()}


def pack(order: PackingOrder, units: Mapping[int, int], *, actor: str) -> Parcel:
    """Make a package that stands on the desk. ``units`` by line; where none are counted it holds all that is left."""
    held = _held(order)
    if held.state != PackingOrder.State.TO_PACK:
        raise Refusal(f"{held} is not to be packed: it is {held.get_state_display().lower()}.")
    left = left_to_pack(held)
    wanted = _some(units) or _some(left)
    if not wanted:
        raise Refusal("Every unit of it is in a package already.")
    if any(number < 0 or number > left.get(line, 0) for line, number in wanted.items()):
        raise Refusal("That is more than is left to pack. Perhaps somebody has packed it meanwhile.")
    parcel: Parcel = Parcel.objects.create(connection_id=held.connection_id, order=held, packed_by=actor)
    ParcelLine.objects.bulk_create(
        [ParcelLine(parcel=parcel, line_id=line, quantity=number) for line, number in sorted(wanted.items())]
    )
    waking.packages_changed(held.connection_id)
    return parcel


def _some(units: Mapping[int, int]) -> dict[int, int]:
    return {line: number for line, number in units.items() if number}


def ship(parcel: Parcel, carrier: str, tracking: str) -> None:
    """It leaves the house, and its units leave the stock. Without a tracking number where there is none."""
    order = _held(parcel.order)
    fresh = Parcel.objects.get(pk=parcel.pk)
    if fresh.state != State.PACKED:
        raise Refusal(f"This package is {fresh.get_state_display().lower()} already.")
    try:
        with transaction.atomic():
            Parcel.objects.filter(pk=parcel.pk).update(
                state=State.SHIPPED, carrier=carrier, tracking=tracking, shipped_at=Now(), updated_at=Now()
            )
    except IntegrityError:
        raise Refusal(f"Tracking number {tracking} is on another package of this order already.") from None
    stock.move({item: -units for item, units in _units(parcel).items()})
    settle(order)
    waking.packages_changed(order.connection_id)


def settle(order: PackingOrder) -> None:
    """It has shipped once every unit that it wants has left."""
    if _all_left(order):
        _become(order, PackingOrder.State.SHIPPED)


def may_take_back(parcel: Parcel) -> bool:
    """Until its cart has been told, or may have been."""
    if parcel.state != State.SHIPPED:
        return parcel.state == State.PACKED
    shipment = parcel.shipment
    if shipment is None:
        return True
    sent = Effect.objects.filter(shipment=shipment).exclude(state__in=(Effect.State.PLANNED, Effect.State.REJECTED))
    return shipment.state in UNTOLD and not sent.exists()


def take_back(parcel: Parcel, *, actor: str) -> None:
    """Unpack it: its units are to be packed again, and are in stock again if they had left it."""
    order = _held(parcel.order)
    fresh = Parcel.objects.get(pk=parcel.pk)
    if fresh.state == State.VOID:
        raise Refusal("This package is taken back already.")
    if not may_take_back(fresh):
        raise Refusal("It is too late: the cart was told that this package has left.")
    with audit.watched(actor, "took a package back", fresh, "state"):
        fresh.state = State.VOID
        Parcel.objects.filter(pk=fresh.pk).update(state=State.VOID, updated_at=Now())
    if fresh.shipped_at is not None:
        stock.move(_units(fresh))
        _become(order, PackingOrder.State.TO_PACK)
    waking.packages_changed(order.connection_id)


def _held(order: PackingOrder) -> PackingOrder:
    held: PackingOrder = PackingOrder.objects.select_for_update(no_key=True).get(pk=order.pk)
    return held


def _units(parcel: Parcel) -> dict[int, int]:
    """Units by item."""
    return dict(parcel.lines.values_list("line__item").annotate(units=Sum("quantity")))


def _all_left(order: PackingOrder) -> bool:
    shipped = ParcelLine.objects.filter(line__order=order, parcel__state=State.SHIPPED)
    wanted = order.lines.aggregate(units=Sum("quantity"))["units"]
    return bool(shipped.aggregate(units=Sum("quantity"))["units"] == wanted)


def _become(order: PackingOrder, state: str) -> None:
    PackingOrder.objects.filter(pk=order.pk).update(state=state, updated_at=Now())
