"""Packages as a warehouse tells them: what left, with a carrier and a tracking number, and what was taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from cartrover.connections.models import Warehouse
from cartrover.events.models import Event
from cartrover.events.telling import close_problems, event, tell
from cartrover.orders import errands, search
from cartrover.orders.carriers import learn_carrier
from cartrover.orders.contents import put_in, recount
from cartrover.orders.models import GONE_THERE, Order, Shipment, Status
from cartrover.orders.shipped import settle_shipped
from cartrover.orders.units import Told, keep_parts, needs_of


@dataclass(frozen=True, slots=True)
class Package:
    """One package as a warehouse tells it. A package without ``lines`` holds all that is left."""

    remote_id: str
    order_id: str
    shipped: bool
    void: bool
    lines: tuple[Told, ...]
    shipped_at: datetime
    carrier: str = ""
    service: str = ""
    tracking: str = ""
    tracking_url: str = ""


@dataclass(slots=True)
class StoredPackages:
    """How many were new; which cart connections have something to be told, and at which warehouses' something is to be done."""

    new: int = 0
    carts_to_tell: set[int] = field(default_factory=set)
    to_deliver: set[int] = field(default_factory=set)


def store_packages(warehouses: Sequence[Warehouse], packages: Iterable[Package]) -> StoredPackages:
    """Store the packages of orders that we delivered. What is packed but has not left, and what is others', is passed over.

    A package that we know is its order's, also when that was sent again since and has another number at the warehouse.
    """
    told = {package.remote_id: package for package in packages}
    stored = StoredPackages()
    stored_before = Shipment.objects.filter(warehouse__in=warehouses, remote_id__in=told)
    here = Q(warehouse__in=warehouses, remote_id__in={package.order_id for package in told.values()})
    ours = here | Q(pk__in=stored_before.values("order_id"))
    locked = list(Order.objects.filter(ours).order_by("pk").select_for_update(no_key=True))
    known = {shipment.remote_id: shipment for shipment in stored_before}  # read when the orders are locked, and so as they are
    by_id = {order.pk: order for order in locked}
    at = {warehouse.pk for warehouse in warehouses}
    by_number = {order.remote_id: order for order in locked if order.warehouse_id in at}
    events: list[Event] = []
    for package in told.values():
        shipment = known.get(package.remote_id)
        order = by_id.get(shipment.order_id) if shipment is not None else by_number.get(package.order_id)
        if order is None:
            continue
        if shipment is None and package.shipped:
            events += _add(order, package)
            stored.new += 1
            stored.carts_to_tell.add(order.connection_id)
        elif shipment is not None:
            had_left = order.status in errands.HAS_LEFT
            events += _change(order, shipment, package)
            if had_left and order.status == Status.AT_WMS:
                tell(events)
                events, woken = [], _came_back(order)
                stored.to_deliver |= woken
            if shipment.told_with_id is not None or (shipment.due_at is not None and shipment.due_at <= timezone.now()):
                stored.carts_to_tell.add(order.connection_id)
    tell(events)
    return stored


def _add(order: Order, package: Package) -> list[Event]:
    now = timezone.now()
    keep_parts(order)
    needs = needs_of(order)
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
    units = put_in(shipment, needs, package.lines)
    recount(order)
    learn_carrier(order.cart_id, package.carrier)
    search.remember(order, [package.tracking])
    return [event(order, "shipped", _left(package, units), actor="Warehouse"), *settle_shipped(order)]


def _left(package: Package, units: Mapping[int, int]) -> str:
    count = sum(units.values())
    words = f"The warehouse shipped {count} unit{'s' * (count != 1)}" + (f" by {package.carrier}" if package.carrier else "")
    words += f", tracking {package.tracking}." if package.tracking else ", without a tracking number."
    others = sum(quantity for _, _, quantity in package.lines) - count
    return words + (f" {others} more in it {'were' if others != 1 else 'was'} not ordered." if others > 0 else "")


# --------------------------------------------------------------------------------------------------------------- what we know


def _change(order: Order, shipment: Shipment, package: Package) -> list[Event]:
    """A package we know: taken back, or with tracking that came later."""
    if shipment.state == Shipment.State.VOID:
        return []
    if package.void:
        return _take_back(order, shipment)
    fresh = {"carrier": package.carrier, "tracking": package.tracking, "tracking_url": package.tracking_url}
    before = shipment.as_read or {name: getattr(shipment, name) for name in fresh}
    changed = {name: value for name, value in fresh.items() if value and value != before.get(name, "")}
    if not changed:
        return []
    for name, value in changed.items():
        setattr(shipment, name, value)
    shipment.as_read = None
    if shipment.state in (Shipment.State.REFUSED, Shipment.State.KEPT):
        shipment.state = Shipment.State.WAITING
    shipment.save(update_fields=[*changed, "as_read", "state"])
    # Whether the cart can be told is for the cart's own stream to say.
    Shipment.objects.filter(pk=shipment.told_with_id or shipment.pk).update(due_at=timezone.now())
    shipment.refresh_from_db(fields=["due_at"])
    learn_carrier(order.cart_id, shipment.carrier)
    search.remember(order, [shipment.tracking])
    return [event(order, "shipment_changed", f"The warehouse changed package {shipment}.", actor="Warehouse", **changed)]


def _came_back(order: Order) -> set[int]:
    """It has not left after all: what was said of it while it had is heard now. Returns the connections to be woken."""
    if order.remote_status in GONE_THERE:
        tell([errands.void_there(order)])
        return set()
    return errands.look_again([order], {order.pk})


def _take_back(order: Order, shipment: Shipment) -> list[Event]:
    """Its units are still to leave. What the cart was told of it is for the cart's own stream to see to."""
    sent = shipment.told is not None
    shipment.state, shipment.due_at = Shipment.State.VOID, timezone.now() if sent else None
    shipment.save(update_fields=["state", "due_at"])
    if not sent:
        shipment.told_for.update(told_with=None, due_at=timezone.now())
    close_problems(about="shipment", about_id=shipment.pk)
    recount(order)
    events = [event(order, "shipment_void", f"The warehouse took package {shipment} back.", actor="Warehouse")]
    return [*events, *settle_shipped(order)]
