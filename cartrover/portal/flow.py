"""The flow as it is: each cart, each warehouse, how it stands, and what moves between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, QuerySet
from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.merchants.days import midnight
from cartrover.merchants.models import Merchant
from cartrover.orders.counts import MOST, counted
from cartrover.orders.models import Order, Shipment, Status
from cartrover.sync.models import Stream

CART_STEPS = {Stream.Kind.PULL_ORDERS, Stream.Kind.CONFIRM_SHIPMENTS, Stream.Kind.PUSH_STOCK}
WAREHOUSE_STEPS = {Stream.Kind.DELIVER_ORDERS, Stream.Kind.PULL_SHIPMENTS, Stream.Kind.PULL_STOCK}


@dataclass(frozen=True, slots=True)
class Node:
    """A cart or warehouse as it stands. ``state`` names its look; ``last_good`` is its last good run, ``next_try`` when it
    is tried next after a failure. ``y`` is where its line begins, in hundredths of the column. ``count`` is a cart's orders of
    today, or a warehouse's orders that are on their way to it, as ``unit`` says."""

    holder: Cart | Warehouse
    state: str
    last_good: datetime | None
    next_try: datetime | None
    y: float
    count: int
    unit: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The picture: carts on the left, warehouses on the right, and the figures on its lines."""

    carts: list[Node]
    warehouses: list[Node]
    orders_today: int
    orders_waiting: int
    packages_waiting: int


def flow(merchant: Merchant) -> Flow:
    packages = Shipment.objects.filter(due_at__isnull=False, state__in=(Shipment.State.WAITING, Shipment.State.UPLOADED))
    zone = ZoneInfo(merchant.time_zone)
    today = Order.objects.filter(placed_at__gte=midnight(timezone.now().astimezone(zone).date(), zone))
    waiting = Order.objects.filter(status=Status.NEW)
    return Flow(
        _nodes(Cart.objects.all(), CART_STEPS, _counts(today, "cart"), "today"),
        _nodes(Warehouse.objects.all(), WAREHOUSE_STEPS, _counts(waiting, "warehouse"), "on the way"),
        counted(today),
        counted(waiting),
        counted(packages),
    )


def _counts(orders: QuerySet[Order], holder: str) -> dict[int, int]:
    """By cart or warehouse, of as many orders as are counted at all."""
    some = Order.objects.filter(pk__in=orders.order_by().values("pk")[: MOST + 1])
    return dict(some.order_by().values_list(f"{holder}_id").annotate(Count("pk")))


def _nodes(holders: QuerySet[Any], steps: set[Stream.Kind], counts: dict[int, int], unit: str) -> list[Node]:
    streams = Prefetch("connection__streams", Stream.objects.filter(kind__in=steps), to_attr="steps")
    found = list(holders.select_related("connection").prefetch_related(streams).order_by("id"))
    return [_node(holder, (index + 0.5) / len(found) * 100, counts.get(holder.pk, 0), unit) for index, holder in enumerate(found)]


def _node(holder: Cart | Warehouse, y: float, count: int, unit: str) -> Node:
    connection: Connection | None = holder.connection
    steps: list[Stream] = getattr(connection, "steps", [])
    failing = [step for step in steps if step.failing_since is not None]
    if connection is not None and connection.state != Connection.State.ACTIVE:
        state = connection.state
    elif holder.state == holder.State.LIVE and failing:
        state = "trying"
    else:
        state = holder.state
    return Node(
        holder,
        str(state),
        max((step.last_good_at for step in steps if step.last_good_at), default=None),
        min((step.due_at for step in failing if step.due_at), default=None),
        y,
        count,
        unit,
    )
