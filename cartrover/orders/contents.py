"""What is in an order's packages, told apart by what its lines are sent as, and which package made which units whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cartrover.orders.models import Order, Shipment, ShipmentLine, ShipmentPart
from cartrover.orders.units import Credit, Need, Told, credit, needs_of, share_out, strangers, whole_units

TOLD = (Shipment.State.UPLOADED, Shipment.State.CONFIRMED)
REFUSED = "refused"  # in what the cart was told of a package: [carrier, number] of the correction that it would not take


def put_in(shipment: Shipment, needs: Sequence[Need], told: Sequence[Told]) -> dict[int, int]:
    """Write down what a new package holds. Returns the units by the place of their need."""
    units = share_out(needs, told)
    _write_parts(shipment, needs, units)
    _write_others(shipment, strangers(needs, told))
    return units


def share_again(order: Order) -> None:
    """Its lines are others now: what its packages hold may be of lines that nobody knew of when they left."""
    needs = needs_of(order)
    told = {shipment: _told(shipment) for shipment in _live(order)}
    told = {shipment: lines for shipment, lines in told.items() if any(units for _, _, units in lines)}
    for shipment in told:
        _count(needs, _held(shipment), -1)
    for shipment, lines in told.items():
        units = share_out(needs, lines)
        held = {needs[at].part.pk: count for at, count in units.items()}
        _count(needs, held, 1)
        if held != _held(shipment):
            ShipmentPart.objects.filter(shipment=shipment).delete()
            _write_parts(shipment, needs, units)
        _write_others(shipment, strangers(needs, lines))
    recount(order)


def _told(shipment: Shipment) -> list[Told]:
    """What is in it, as near as we know to how the warehouse told it."""
    held = [(each.part.remote_id, each.part.sku, each.quantity) for each in shipment.parts.all()]
    return [*held, *((str(line), str(sku), int(units)) for line, sku, units in shipment.others)]


def _held(shipment: Shipment) -> dict[int, int]:
    """Units by part."""
    return {each.part_id: each.quantity for each in shipment.parts.all()}


def _count(needs: Iterable[Need], held: Mapping[int, int], sign: int) -> None:
    for need in needs:
        need.left += sign * held.get(need.part.pk, 0)


def _write_parts(shipment: Shipment, needs: Sequence[Need], units: Mapping[int, int]) -> None:
    ShipmentPart.objects.bulk_create(
        ShipmentPart(shipment=shipment, part=needs[at].part, quantity=quantity) for at, quantity in sorted(units.items())
    )


def _write_others(shipment: Shipment, others: Sequence[Told]) -> None:
    wanted = [list(each) for each in others]
    if shipment.others != wanted:
        shipment.others = wanted
        shipment.save(update_fields=["others"])


def recount(order: Order) -> None:
    """Write down which package made which units of the lines whole. Call after each change of what has left."""
    shipments = _live(order)
    credits = [
        Credit(
            frozenset([*(each.part.line_id for each in shipment.parts.all()), *(each.line_id for each in shipment.lines.all())]),
            {each.line_id: each.quantity for each in shipment.lines.all()},
            told=shipment.told is not None or shipment.state in TOLD,
        )
        for shipment in shipments
    ]
    before = [dict(each.units) for each in credits]
    credit(whole_units(needs_of(order)), credits)
    for shipment, old, new in zip(shipments, before, credits, strict=True):
        for line, units in new.units.items():
            if units != old.get(line, 0):
                _write(shipment, line, units)


def _live(order: Order) -> list[Shipment]:
    """In the order in which we heard of them."""
    rows = Shipment.objects.filter(order=order).exclude(state=Shipment.State.VOID).order_by("id")
    return list(rows.prefetch_related("lines", "parts__part"))


def _write(shipment: Shipment, line: int, units: int) -> None:
    if units:
        ShipmentLine.objects.update_or_create(shipment=shipment, line_id=line, defaults={"quantity": units})
    else:
        ShipmentLine.objects.filter(shipment=shipment, line_id=line).delete()
