"""How many orders are in each state, counted no further than a person reads."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from cartrover.orders.models import Order, Shipment, Status

MOST = 10_000


def partly_shipped(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Those at the warehouse of which some packages have left."""
    left = Shipment.objects.filter(order=OuterRef("pk")).exclude(state=Shipment.State.VOID)
    return orders.filter(Exists(left), status=Status.AT_WMS)


def counted(rows: QuerySet[Order]) -> int:
    """At most one more than MOST, so that a merchant with a million orders does not wait for a number nobody reads."""
    return rows.order_by()[: MOST + 1].count()


def by_status() -> dict[str, int]:
    """Each status, and ``partial``."""
    found = {str(status): counted(Order.objects.filter(status=status)) for status in Status}
    return {**found, "partial": counted(partly_shipped(Order.objects.all())) if found[Status.AT_WMS] else 0}
