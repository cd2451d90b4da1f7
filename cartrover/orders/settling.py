"""Verdicts onto orders: their columns, an Event for what is news, and one Problem for each cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders.models import Order, Status
from cartrover.orders.verdicts import Cause, Verdict, told

OURS = "CartRover"  # who did it where no person did
_DECIDED = ("cart", "warehouse", "status", "reason_code", "reason", "problem", "due_at", "attempts")


def settle(judged: Sequence[tuple[Order, Verdict]], actor: str = OURS) -> set[int]:
    """Write verdicts on stored orders, with an Event for each that is news. Returns the connections to wake."""
    changed: list[Order] = []
    left: set[int] = set()
    woken: set[int] = set()
    problems = _Problems()
    for order, verdict in judged:
        problem = problems.of(verdict, order)
        news = (order.status, order.reason_code, order.reason, order.problem_id) != (
            verdict.status,
            verdict.code,
            verdict.reason,
            problem.pk if problem else None,
        )
        if verdict.wakes is not None:
            woken.add(verdict.wakes)
        where = (verdict.cart.pk, verdict.cart.warehouse_id) if verdict.cart else (None, None)
        if not news and (order.cart_id, order.warehouse_id) == where:
            continue
        if order.problem_id and (problem is None or problem.pk != order.problem_id):
            left.add(order.problem_id)
        _apply(order, verdict, problem)
        changed.append(order)
    Order.objects.bulk_update(changed, _DECIDED)
    tell(event(order, order.status, told(order.status, order.reason), actor=actor) for order in changed)
    stopped = [order.pk for order in changed if order.status != Status.NEW]
    if stopped:  # what went wrong on the way is over where it goes no further
        close_problems(kind="engine", about="order", about_id__in=stopped)
    close_if_empty(left)
    return woken


def _apply(order: Order, verdict: Verdict, problem: Problem | None) -> None:
    order.cart = verdict.cart
    order.warehouse = verdict.cart.warehouse if verdict.cart else None
    order.status, order.reason_code, order.reason = verdict.status, verdict.code, verdict.reason
    order.problem = problem
    order.due_at = timezone.now() if verdict.status == Status.NEW else None
    order.attempts = 0


def assign_problems(verdicts: Mapping[int, Verdict]) -> None:
    """Open the Problems that verdicts on orders just stored name, and tie the orders to them. Orders by id."""
    orders = list(Order.objects.filter(pk__in=verdicts).only("pk")) if verdicts else []
    found = _Problems()
    for order in orders:
        order.problem = found.of(verdicts[order.pk], order)
    Order.objects.bulk_update(orders, ["problem"])


class _Problems:
    """The open Problems that verdicts name, each asked for once."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str, str, int], Problem] = {}

    def of(self, verdict: Verdict, order: Order) -> Problem | None:
        cause = verdict.cause
        if cause is None:
            return None
        about = cause.about or _account(cause, verdict) or order
        key = (cause.kind, cause.subject, str(about._meta.model_name), about.pk)
        if key not in self._open:
            words = cause.words or verdict.reason
            self._open[key] = open_problem(
                cause.kind, words, subject=cause.subject, about=about, whose=cause.whose, data=dict(cause.data)
            )
        return self._open[key]


def _account(cause: Cause, verdict: Verdict) -> Connection | None:
    """The warehouse's account, to which what several orders wait for belongs."""
    warehouse = verdict.cart.warehouse if verdict.cart else None
    return warehouse.connection if warehouse is not None and cause.subject else None


def close_if_empty(problems: set[int]) -> None:
    """A Problem for which no order waits any longer is none."""
    waiting = Order.objects.filter(problem_id__in=problems).values_list("problem_id", flat=True)
    Problem.objects.filter(pk__in=problems - set(waiting), closed_at__isnull=True).update(closed_at=timezone.now())
