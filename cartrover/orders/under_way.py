"""Which orders of an account are not settled yet. Call inside the merchant's door."""

from __future__ import annotations

from django.db.models import QuerySet

from cartrover.connections.models import Connection
from cartrover.orders.models import Order, Status

SETTLED = (Status.CONFIRMED, Status.SKIPPED, Status.CANCELED)


def under_way(connection: Connection) -> QuerySet[Order]:
    orders: QuerySet[Order] = Order.objects.filter(connection=connection).exclude(status__in=SETTLED)
    return orders


def left_by_its_carts(connection: Connection) -> bool:
    """Its carts went on to another account, and orders of it are under way: the packages of these have still to be told to it."""
    return not connection.carts.exists() and under_way(connection).exists()
