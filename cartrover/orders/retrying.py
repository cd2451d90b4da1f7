"""Sending again what stopped. The gates judge once more on the way, and what was sent already is looked up, not sent twice."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from cartrover.events.telling import event, tell
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import on_their_way
from cartrover.orders.settling import close_if_empty

_WAIT_FOR_A_PERSON = {"total_differs"}


def may_retry(order: Order) -> bool:
    """Whether trying again can change anything: it stopped, or waits for its next try, and has somewhere to go."""
    if order.cart is None or order.cart.warehouse_id is None:
        return False
    if order.status == Status.HELD:
        return order.reason_code in _WAIT_FOR_A_PERSON
    return order.status == Status.ERROR or (order.status == Status.NEW and order.attempts > 0)


def retry(orders: QuerySet[Order], actor: str) -> tuple[int, set[int]]:
    """Make the orders due now. Returns how many, and the connections whose order delivery the caller has to wake."""
    rows = orders.select_for_update(of=("self",), no_key=True).select_related("cart__warehouse").order_by("pk")
    chosen = [order for order in rows if may_retry(order)]
    sent = on_their_way(order.pk for order in chosen)
    left = {order.problem_id for order in chosen if order.problem_id is not None}
    woken: set[int] = set()
    for order in chosen:
        chosen_now = order.cart.warehouse if order.cart and order.pk not in sent else None
        warehouse = chosen_now or order.warehouse
        order.status, order.due_at, order.warehouse = Status.NEW, timezone.now(), warehouse
        order.reason = order.reason_code = ""
        order.problem, order.attempts = None, 0
        if warehouse is not None and warehouse.connection_id is not None:
            woken.add(warehouse.connection_id)
    Order.objects.bulk_update(chosen, ["status", "due_at", "warehouse", "reason", "reason_code", "problem", "attempts"])
    tell(event(order, "retried", "Trying again.", actor=actor) for order in chosen)
    close_if_empty(left)
    return len(chosen), woken
