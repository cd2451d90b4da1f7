"""The cart's ship-by dates: which orders are late or nearly so, and telling the merchant, warehouse by warehouse."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, OuterRef, Subquery

from cartrover.connections.models import Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, open_problem
from cartrover.orders.counts import SOON, UNSHIPPED, late
from cartrover.orders.models import Order

LATE = "late"
DUE = "due"


def standing(order: Order, now: datetime) -> str:
    """``late``, ``due`` within a day, or nothing: shipped, or nobody waits yet."""
    if order.ship_by is None or order.status not in UNSHIPPED or order.ship_by >= now + SOON:
        return ""
    return LATE if order.ship_by < now else DUE


def tell_late() -> None:
    """One Problem a warehouse while orders are late or due within a day; it goes by itself. One query where nothing is new."""
    waiting = late(Order.objects.filter(warehouse=OuterRef("pk"))).order_by().values("warehouse")
    said = Problem.objects.filter(kind=LATE, about="warehouse", about_id=OuterRef("pk"), closed_at__isnull=True)
    rows = Warehouse.objects.annotate(
        waiting=Subquery(waiting.annotate(count=Count("pk")).values("count")), said=Subquery(said.values("words")[:1])
    )
    for warehouse in rows:
        words = _words(warehouse.waiting, warehouse) if warehouse.waiting else ""
        if warehouse.said and not words:
            close_problems(kind=LATE, about="warehouse", about_id=warehouse.pk)
        elif words and words != warehouse.said:
            problem = open_problem(LATE, words, about=warehouse)
            Problem.objects.filter(pk=problem.pk).update(words=words)


def _words(count: int, warehouse: Warehouse) -> str:
    orders = "1 order is" if count == 1 else f"{count} orders are"
    return f"{orders} late or due within 24 h at {warehouse}. The cart counts what ships after its date as late."
