"""How many orders are in each state, counted no further than a person reads."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from cartrover.orders.models import Order, Shipment, Status

MOST = 10_000
SOON = timedelta(hours=24)
UNSHIPPED = (Status.NEW, Status.AT_WMS, Status.HELD, Status.ERROR)


def partly_shipped(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Those at the warehouse of which some packages have left."""
    left = Shipment.objects.filter(order=OuterRef("pk")).exclude(state=Shipment.State.VOID)
    return orders.filter(Exists(left), status=Status.AT_WMS)


def late(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Those not wholly shipped whose ship-by date is past, or less than a day ahead."""
    return orders.filter(status__in=UNSHIPPED, ship_by__lt=timezone.now() + SOON)


def counted(rows: QuerySet[Order]) -> int:
    """At most one more than MOST, so that a merchant with a million orders does not wait for a number nobody reads."""
    return rows.order_by()[: MOST + 1].count()


def by_status() -> dict[str, int]:
    """Each status, and ``partial`` and ``late``."""
    orders = Order.objects.all()
    found = {str(status): counted(orders.filter(status=status)) for status in Status}
    partial = counted(partly_shipped(orders)) if found[Status.AT_WMS] else 0
    return {**found, "partial": partial, "late": counted(late(orders))}
