"""A person settles what looking could not: whether an order that may have been sent is at the warehouse.

Whatever they say, nothing is sent twice: before an order goes out again, the engine looks whether one with its reference lives
there, and waits until everything that was sent before must have arrived.
"""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from cartrover.events.telling import event, tell
from cartrover.orders.canceling import cancel_sending
from cartrover.orders.models import Order, Status
from cartrover.orders.settling import close_if_empty
from cartrover.sync.models import Effect

AMBIGUOUS = "ambiguous"


def in_doubt(order: Order) -> bool:
    """Whether a person is asked about it."""
    return order.status == Status.HELD and order.reason_code == AMBIGUOUS


def found_there(order: Order) -> str:
    """The warehouse's number of the order that carries our reference and differs from ours."""
    effect = _held(order)
    return effect.remote_id if effect is not None else ""


def it_is_there(orders: QuerySet[Order], actor: str) -> set[int]:
    """What was found there is ours. Nothing is sent. Returns the connections whose order delivery the caller has to wake."""
    words = "Says that it is at the warehouse."
    return _settle(orders, Effect.State.CONFIRMED, words, actor)


def send_it(orders: QuerySet[Order], actor: str) -> set[int]:
    """It is not there, or void. It is sent once the warehouse itself shows none that lives. Returns as above."""
    words = "Says that it is not at the warehouse. We look once more before we send it."
    return _settle(orders, Effect.State.REJECTED, words, actor)


def do_not_send_it(orders: QuerySet[Order], actor: str) -> set[int]:
    """It is not there, and is not to be. Returns as above."""
    ids = [order.pk for order in orders if in_doubt(order)]
    _settle(orders, Effect.State.REJECTED, "Says that it is not at the warehouse.", actor)
    return cancel_sending(Order.objects.filter(pk__in=ids), actor)[1]


def _settle(orders: QuerySet[Order], state: Effect.State, words: str, actor: str) -> set[int]:
    rows = orders.select_for_update(of=("self",), no_key=True).select_related("warehouse").order_by("pk")
    chosen = [(order, effect) for order in rows if in_doubt(order) and (effect := _held(order)) is not None]
    left = {order.problem_id for order, _ in chosen if order.problem_id is not None}
    woken: set[int] = set()
    for order, effect in chosen:
        Effect.objects.filter(pk=effect.pk).update(state=state, said=words, settled_at=timezone.now())
        order.status, order.reason, order.reason_code, order.problem, order.attempts = Status.NEW, "", "", None, 0
        order.due_at = timezone.now()
        order.save(update_fields=["status", "reason", "reason_code", "problem", "attempts", "due_at"])
        if order.warehouse is not None and order.warehouse.connection_id is not None:
            woken.add(order.warehouse.connection_id)
    tell(event(order, "settled", words, actor=actor) for order, _ in chosen)
    close_if_empty(left)
    return woken


def _held(order: Order) -> Effect | None:
    held: Effect | None = Effect.objects.filter(order=order, kind="order", state=Effect.State.HELD).order_by("-revision").first()
    return held
