"""Buttons of a person who does not want an order sent, or wants one sent that the warehouse has no more.

Both return how many orders it was done to, and the connections whose order delivery the caller has to wake.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from cartrover.events.models import Event
from cartrover.events.telling import event, tell
from cartrover.orders import errands
from cartrover.orders.models import LinePart, Order, Status
from cartrover.orders.preparing import on_their_way
from cartrover.orders.settling import close_if_empty
from cartrover.orders.shipped import settle_confirmed, settle_shipped


def may_cancel(order: Order) -> bool:
    """Whether it is still to be sent, or is at the warehouse and has not been asked back."""
    if order.status == Status.AT_WMS:
        return order.errand != Order.Errand.VOID
    return order.status in (Status.NEW, Status.HELD, Status.ERROR) and not order.errand


def cancel_sending(orders: QuerySet[Order], actor: str) -> tuple[int, set[int]]:
    """Do not send these orders. One that is at the warehouse is voided there, if the warehouse still can."""
    chosen = [order for order in _locked(orders) if may_cancel(order)]
    events: list[Event] = []
    for order in chosen:
        events += _cancel(order, actor)
    tell(events)
    return len(chosen), _woken(order for order in chosen if order.errand)


def _cancel(order: Order, actor: str) -> list[Event]:
    if order.status == Status.AT_WMS:
        return errands.begin_void(order, "void_by_person", actor=actor, again=True)
    left = order.problem_id
    told = _void_once_known(order, actor) if _is_on_its_way(order) else errands.voided(order, "void_by_person", actor=actor)
    close_if_empty({left} if left is not None else set())
    return [told]


def _is_on_its_way(order: Order) -> bool:
    """Whether it is, or may be, at the warehouse although its row does not say so yet. A doubt that a person holds is theirs."""
    return order.status != Status.HELD and bool(on_their_way([order.pk]))


def _void_once_known(order: Order, actor: str) -> Event:
    order.status, order.errand, order.due_at = Status.NEW, Order.Errand.VOID, timezone.now()
    order.reason = order.reason_code = ""
    order.problem = None
    order.save(update_fields=["status", "errand", "due_at", "reason", "reason_code", "problem"])
    words = "It may be at the warehouse already. As soon as that is known it is voided there."
    return event(order, "void_wanted", words, actor=actor)


def may_send_again(order: Order) -> bool:
    """Whether the warehouse has it no more, or was not to have it, although the cart wants it."""
    if order.status == Status.HELD:
        return order.reason_code in errands.SEND_AGAIN
    return order.status == Status.CANCELED and order.reason_code == errands.CANCELED_HERE and not errands.unwanted(order)


def send_again(orders: QuerySet[Order], actor: str) -> tuple[int, set[int]]:
    """Send these orders as if they had never been sent. What was made of them at the warehouse is void, and stays so."""
    chosen = [order for order in _locked(orders) if may_send_again(order)]
    for order in chosen:
        errands.settled(order)
        LinePart.objects.filter(line__order=order).update(remote_id="")
        order.status, order.due_at, order.attempts = Status.NEW, timezone.now(), 0
        order.remote_id = order.remote_status = order.errand = ""
        order.delivered_at, order.sent = None, None
        columns = ("status", "due_at", "attempts", "remote_id", "remote_status", "errand", "delivered_at", "sent")
        order.save(update_fields=columns)
    tell(event(order, "sent_again", "To be sent to the warehouse again.", actor=actor) for order in chosen)
    return len(chosen), _woken(chosen)


def may_be_told(order: Order) -> bool:
    """Whether it waits for a person to tell the warehouse of a change, or to know of one there."""
    return errands.waits_for(order, errands.NOT_CHANGED, errands.DIFFERS) is not None


def told_warehouse(orders: QuerySet[Order], actor: str) -> int:
    """The warehouse has been told what is different, or what is different there is meant to be so. Returns how many."""
    chosen = [order for order in _locked(orders) if may_be_told(order)]
    for order in chosen:
        tell([*errands.told_by_person(order, actor), *settle_shipped(order), *settle_confirmed(order)])
    return len(chosen)


def may_change_again(order: Order) -> bool:
    """Whether the warehouse did not take a change, and may by now: somebody has unpacked it, or there is the SKU."""
    return not order.errand and errands.waits_for(order, errands.NOT_CHANGED) is not None


def change_again(orders: QuerySet[Order], actor: str) -> tuple[int, set[int]]:
    """Tell the warehouse of the change once more."""
    chosen = [order for order in _locked(orders) if may_change_again(order)]
    errands.change_again(chosen)
    tell(event(order, "retried", "Trying the change again.", actor=actor) for order in chosen)
    return len(chosen), _woken(chosen)


def _locked(orders: QuerySet[Order]) -> QuerySet[Order]:
    related = orders.select_related("cart", "warehouse", "problem")
    return related.select_for_update(of=("self",), no_key=True).order_by("pk")


def _woken(orders: Iterable[Order]) -> set[int]:
    at = {order.warehouse.connection_id for order in orders if order.warehouse is not None}
    return {connection_id for connection_id in at if connection_id is not None}
