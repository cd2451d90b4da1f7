"""A delivery as rows of the desk: whether it adds up, how it is kept, and how it is changed. Inside the merchant's door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.db.models.functions import Now

from cartrover.packing.models import Item, PackingLine, PackingOrder, Parcel
from cartrover.packing.parcels import settle
from cartrover.packing.picking import packed_units
from integrations.contract import TOO_LATE, Delivery, DeliveryLine
from integrations.outcomes import NeedsMerchant, Rejected

CENT = Decimal("0.01")
_OF_THE_LINES = frozenset({"total", "ship_by"})  # what of an order may follow its lines when a package is made


def insist_on_total(delivery: Delivery) -> None:
    """Raise Rejected where its parts do not come to its total.

    A cart's discount may or may not hold the lines' own discounts already. A unit may lose a cent by rounding.
    """
    others = delivery.shipping + delivery.tax + delivery.adjustment - delivery.discount
    own = sum((line.total for line in delivery.lines), Decimal(0)) + others
    full = sum((line.unit_price * line.quantity for line in delivery.lines), Decimal(0)) + others
    tolerance = CENT * sum(line.quantity for line in delivery.lines)
    if delivery.total_may_differ or min(abs(own - delivery.total), abs(full - delivery.total)) <= tolerance:
        return
    words = f"The order's lines come to {own} {delivery.currency} and its total is {delivery.total}."
    raise Rejected(words, code="total_differs")


def arrive(connection_id: int, delivery: Delivery, key: str) -> PackingOrder:
    """The order that the key has made, made now where it is the first time."""
    state = PackingOrder.State.DRAFT if delivery.test else PackingOrder.State.TO_PACK
    columns = {**_columns(delivery), "state": state}
    order: PackingOrder
    order, new = PackingOrder.objects.get_or_create(connection_id=connection_id, key=key, defaults=columns)
    if new:
        _keep_lines(order, delivery)
    return order


def change(order: PackingOrder, delivery: Delivery) -> bool:
    """Make an order as the delivery says. False where it is so already. Rejected where it is void, and where packages forbid it:
    of an order that is packed in part only the lines change, and no packed unit is taken out.
    """
    changed = {name: value for name, value in _columns(delivery).items() if getattr(order, name) != value}
    wanted = {_named(line): (at, line.title, line.quantity) for at, line in enumerate(delivery.lines)}
    here = {(line.external_id, str(line.item_id)): (line.position, line.title, line.quantity) for line in there(order)}
    if not changed and here == wanted:
        return False
    if order.state == PackingOrder.State.VOID:
        raise Rejected("The order is void at the packing desk.", code="void")
    if not changed.keys() <= _OF_THE_LINES:
        insist_on_no_package(order)
    _insist_on_packed_units(order, delivery)
    PackingOrder.objects.filter(pk=order.pk).update(**changed, updated_at=Now())
    if here != wanted:
        _keep_lines(order, delivery)
        settle(order)
    return True


def _insist_on_packed_units(order: PackingOrder, delivery: Delivery) -> None:
    """Raise Rejected where all is in packages, a box may stand at the door, or fewer units are wanted than are in packages."""
    packed = packed_units([order])
    lines = there(order)
    if packed and all(packed.get(line.pk, 0) >= line.quantity for line in lines):
        raise Rejected("It is too late: the order is packed already.", code=TOO_LATE)
    wanted = {_named(line): line.quantity for line in delivery.lines}
    for line in lines:
        units = packed.get(line.pk, 0)
        if wanted.get((line.external_id, str(line.item_id)), 0) < units:
            words = f"{line.sku} cannot go below what is in a package: {units} of it {'is' if units == 1 else 'are'}."
            raise Rejected(words, code=TOO_LATE)


def insist_on_no_package(order: PackingOrder) -> None:
    if order.parcels.exclude(state=Parcel.State.VOID).exists():
        raise Rejected("It is too late: the order is packed already.", code=TOO_LATE)


def there(order: PackingOrder) -> list[PackingLine]:
    """Its lines. One that was taken out of it stays as a row that wants nothing, since a package of before may name it."""
    return [line for line in order.lines.all() if line.quantity]


def _keep_lines(order: PackingOrder, delivery: Delivery) -> None:
    """A line is the same while it names the same item."""
    items = _items(order.connection_id, delivery)
    known = {(line.external_id, str(line.item_id)): line for line in order.lines.all()}
    for position, wanted in enumerate(delivery.lines):
        line = known.pop(_named(wanted), None) or PackingLine(order=order, external_id=wanted.external_id)
        line.item = items[wanted.item_id]
        line.sku, line.position, line.title, line.quantity = line.item.sku, position, wanted.title, wanted.quantity
        line.save()
    PackingLine.objects.filter(pk__in=[line.pk for line in known.values()]).update(quantity=0)


def _named(line: DeliveryLine) -> tuple[str, str]:
    return line.external_id, line.item_id


def _items(connection_id: int, delivery: Delivery) -> Mapping[str, Item]:
    """The items that it wants, by id."""
    ids = [line.item_id for line in delivery.lines]
    known = {str(item.pk): item for item in Item.objects.filter(connection_id=connection_id, pk__in=ids)}
    for line in delivery.lines:
        if line.item_id not in known:
            words = f"The packing desk has no item {line.sku}. Add it under Packing, Shelf stock."
            raise NeedsMerchant(words, fix="unknown_sku", subject=line.sku)
    return known


def _columns(delivery: Delivery) -> dict[str, Any]:
    return {
        "customer_id": int(delivery.customer_id),
        "ref": delivery.ref,
        "number": delivery.number,
        "placed_at": delivery.placed_at,
        "ship_by": delivery.ship_by,
        "source_url": delivery.source_url,
        "currency": delivery.currency,
        "total": delivery.total,
        "shipping_method": delivery.shipping_method,
        "ship_to": asdict(delivery.ship_to),
        "email": delivery.email,
        "note": delivery.note,
        "references": [list(pair) for pair in delivery.references],
    }
