"""How many orders are in each state, counted no further than a person reads."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.utils import timezone

from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import current_merchant_id
from cartrover.orders.models import Order, Shipment, Status

MOST = 10_000
SOON = timedelta(hours=24)
UNSHIPPED = (Status.NEW, Status.AT_WMS, Status.HELD, Status.ERROR)


class _Counted(Subquery):
    """How many rows a query finds, as a column of another one."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0


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


def by_status(**beside: QuerySet[Order]) -> dict[str, int]:
    """Each status, ``partial`` and ``late``, and what is counted beside them, each as ``counted`` does.

    One statement. Each count in it has an index of its own and ends at MOST, which one pass over all rows would not.
    """
    orders = Order.objects.all()
    rows = {str(status): orders.filter(status=status) for status in Status}
    rows |= {"partial": partly_shipped(orders), "late": late(orders), **beside}
    columns = {name: _Counted(each.order_by().values("pk")[: MOST + 1]) for name, each in rows.items()}
    row = Merchant.objects.filter(pk=current_merchant_id()).values_list(*columns.values()).get()
    return dict(zip(columns, row, strict=True))
