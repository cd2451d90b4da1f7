"""Packages: what left the warehouse, which units of which order are in it, and whether the cart shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Sum
from django.utils import timezone

from cartrover.connections.models import Warehouse
from cartrover.events.models import Event
from cartrover.events.telling import event, tell
from cartrover.orders import search
from cartrover.orders.models import Order, OrderLine, Shipment, ShipmentLine, Status


@dataclass(frozen=True, slots=True)
class Package:
    """One package as a warehouse tells it. ``lines`` are (the warehouse's line id, SKU, units)."""

    remote_id: str
    order_id: str
    shipped: bool
    void: bool
    lines: tuple[tuple[str, str, int], ...]
    shipped_at: datetime
    carrier: str = ""
    service: str = ""
    tracking: str = ""
    tracking_url: str = ""


@dataclass(slots=True)
class StoredPackages:
    """How many were new, and which cart connections have something to be told."""

    new: int = 0
    carts_to_tell: set[int] = field(default_factory=set)


def store_packages(warehouses: Sequence[Warehouse], packages: Iterable[Package]) -> StoredPackages:
    """Store the packages of orders that we delivered. What is packed but has not left, and what is others', is passed over."""
    told = {package.remote_id: package for package in packages}
    stored = StoredPackages()
    orders = {
        order.remote_id: order
        for order in Order.objects.filter(
            warehouse__in=warehouses, remote_id__in={package.order_id for package in told.values()}
        ).select_for_update(no_key=True)
    }
    known = {shipment.remote_id: shipment for shipment in Shipment.objects.filter(warehouse__in=warehouses, remote_id__in=told)}
    events: list[Event] = []
    for package in told.values():
        order = orders.get(package.order_id)
        if order is None:
            continue
        shipment = known.get(package.remote_id)
        if shipment is None and package.shipped:
            events += _add(order, package)
            stored.new += 1
            stored.carts_to_tell.add(order.connection_id)
        elif shipment is not None:
            events += _change(order, shipment, package)
            if shipment.state == Shipment.State.WAITING:
                stored.carts_to_tell.add(order.connection_id)
    tell(events)
    return stored


def _add(order: Order, package: Package) -> list[Event]:
    now = timezone.now()
    shipment = Shipment.objects.create(
        order=order,
        warehouse_id=order.warehouse_id,
        cart_connection_id=order.connection_id,
        remote_id=package.remote_id,
        carrier=package.carrier,
        service=package.service,
        tracking=package.tracking,
        tracking_url=package.tracking_url,
        shipped_at=package.shipped_at,
        seen_at=now,
        due_at=now,
    )
    units = share_out(list(order.lines.all()), package, shipped_units(order))
    ShipmentLine.objects.bulk_create(
        [ShipmentLine(shipment=shipment, line_id=line_id, quantity=quantity) for line_id, quantity in units.items()]
    )
    search.remember(order, [package.tracking])
    what = f"{sum(units.values())} units" if sum(units.values()) != 1 else "1 unit"
    words = f"The warehouse shipped {what}" + (f" by {package.carrier}" if package.carrier else "")
    words += f", tracking {package.tracking}." if package.tracking else ", without a tracking number."
    return [event(order, "shipped", words, actor="Warehouse"), *settle_shipped(order)]


def _change(order: Order, shipment: Shipment, package: Package) -> list[Event]:
    """A package we know: void, or with tracking that came later. What the cart was told already is not told again."""
    if package.void and shipment.state in (Shipment.State.WAITING, Shipment.State.REFUSED):
        shipment.state, shipment.due_at = Shipment.State.VOID, None
        shipment.save(update_fields=["state", "due_at"])
        if order.status == Status.SHIPPED:  # its units are still to leave
            order.status = Status.AT_WMS
            order.save(update_fields=["status"])
        return [event(order, "shipment_void", f"The warehouse took package {shipment} back.", actor="Warehouse")]
    fresh = {"carrier": package.carrier, "tracking": package.tracking, "tracking_url": package.tracking_url}
    changed = {name: value for name, value in fresh.items() if value and value != getattr(shipment, name)}
    if not changed or package.void:
        return []
    for name, value in changed.items():
        setattr(shipment, name, value)
    shipment.save(update_fields=list(changed))
    search.remember(order, [shipment.tracking])
    told = shipment.state in (Shipment.State.UPLOADED, Shipment.State.CONFIRMED)
    note = " The cart was told the earlier one." if told else ""
    return [event(order, "shipment_changed", f"The warehouse changed package {shipment}.{note}", actor="Warehouse", **changed)]


def share_out(lines: Sequence[OrderLine], package: Package, shipped: Mapping[int, int]) -> dict[int, int]:
    """Units of each of our lines that are in the package: by the warehouse's line id where we know it, else by SKU.

    Several lines may have one SKU; then each is filled up in turn. What is more than was ordered stays with the first.
    """
    units: dict[int, int] = {}
    for remote_line, sku, quantity in package.lines:
        candidates = [line for line in lines if line.remote_id and line.remote_id == remote_line]
        candidates = candidates[:1] or [line for line in lines if sku and line.sku == sku]
        for line in candidates:
            left = line.quantity - line.shipped_before - shipped.get(line.pk, 0) - units.get(line.pk, 0)
            taken = min(quantity, max(0, left))
            units[line.pk] = units.get(line.pk, 0) + taken
            quantity -= taken
        if candidates and quantity:
            units[candidates[0].pk] += quantity
    return {line: count for line, count in units.items() if count}


def shipped_units(order: Order) -> dict[int, int]:
    """Units that have left, by our line."""
    live = ShipmentLine.objects.filter(shipment__order=order).exclude(shipment__state=Shipment.State.VOID)
    return dict(live.values_list("line").annotate(units=Sum("quantity")))


def settle_shipped(order: Order) -> list[Event]:
    """Say ``shipped`` once every unit that was to leave has left."""
    if order.status != Status.AT_WMS:
        return []
    shipped = shipped_units(order)
    if any(line.quantity > line.shipped_before + shipped.get(line.pk, 0) for line in order.lines.all()):
        return []
    order.status, order.reason, order.reason_code = Status.SHIPPED, "", ""
    order.save(update_fields=["status", "reason", "reason_code"])
    return [event(order, "all_shipped", "Every unit has left the warehouse.")]


def confirm_seen(order: Order, cart_shipment_ids: Iterable[str]) -> list[Event]:
    """The cart shows these packages: confirm the ones that we sent, and the order when it was the last."""
    seen = set(cart_shipment_ids)
    now = timezone.now()
    events: list[Event] = []
    for shipment in Shipment.objects.filter(order=order, state=Shipment.State.UPLOADED, cart_shipment_id__in=seen):
        shipment.state, shipment.confirmed_at, shipment.due_at = Shipment.State.CONFIRMED, now, None
        shipment.save(update_fields=["state", "confirmed_at", "due_at"])
        events.append(event(order, "confirmed", f"The cart shows package {shipment}."))
    return [*events, *settle_confirmed(order)]


def settle_confirmed(order: Order) -> list[Event]:
    """Say ``confirmed`` once the cart shows every package of an order that has shipped."""
    if order.status != Status.SHIPPED:
        return []
    live = Shipment.objects.filter(order=order).exclude(state=Shipment.State.VOID)
    if live.exclude(state=Shipment.State.CONFIRMED).exists() or not live.exists():
        return []
    order.status = Status.CONFIRMED
    order.save(update_fields=["status"])
    return [event(order, "order_confirmed", "The cart shows every package.")]
