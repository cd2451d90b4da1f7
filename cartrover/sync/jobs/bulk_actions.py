"""One action on many orders, in the order of their ids, a hundred at a time.

``args``: ``action``; ``refs`` of the orders ticked, or ``query`` with ``zone`` for all that a query of the list finds; ``newest``
is the youngest id when it was asked, so that what arrives meanwhile is left alone. A step done twice finds nothing left to do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db.models import Max, QuerySet

from cartrover.connections.models import Connection
from cartrover.orders import filters
from cartrover.orders.models import Order, Status
from cartrover.sync import jobs
from cartrover.sync.effects import digest
from cartrover.sync.jobs import Running, Step
from cartrover.sync.models import Job
from cartrover.sync.order_actions import ACTIONS, Action
from cartrover.sync.pull_orders import fetch

CHUNK = 100
CALLS = 20  # orders that are read at their cart between two steps


def wanted(args: Mapping[str, Any]) -> QuerySet[Order]:
    """The orders that are meant. Inside the merchant's door."""
    if "refs" in args:
        return Order.objects.filter(ref__in=args["refs"])
    return filters.narrowed(Order.objects.all(), args["query"], args["zone"])


def ask(action: str, *, by: str, **args: Any) -> Job:
    """Ask for an action on ``refs``, or on what ``query`` finds. Inside the merchant's door.

    Raises KeyError for an action that there is not.
    """
    newest = Order.objects.aggregate(newest=Max("pk"))["newest"] or 0
    subject = f"{ACTIONS[action].label}: {digest(args).hex()[:16]}"
    return jobs.ask("bulk_action", by=by, subject=subject, action=action, newest=newest, **args)


def run(running: Running) -> Iterator[Step]:
    args, told = running.job.args, running.cursor
    action = ACTIONS[args["action"]]
    after, done, passed = int(told.get("after", 0)), int(told.get("done", 0)), Counter(told.get("passed", {}))
    with running.rows():
        total = running.job.total or wanted(args).filter(pk__lte=args["newest"]).count()
    while True:
        with running.rows():
            rows = wanted(args).filter(pk__gt=after, pk__lte=args["newest"]).order_by("pk")
            orders = list(rows.select_related("cart__warehouse")[: CHUNK if action.act else CALLS])
        if not orders:
            return
        chosen = _chosen(running, action, orders, passed)
        _do(running, action, chosen)
        after, done = orders[-1].pk, done + len(chosen)
        yield Step(
            done=done + passed.total(),
            total=max(total, done + passed.total()),
            words=_told(done, passed.total(), action),
            cursor={"after": after, "done": done, "passed": dict(passed)},
            result={"done": done, "passed": dict(passed)},
        )


def _chosen(running: Running, action: Action, orders: Iterable[Order], passed: Counter[str]) -> list[Order]:
    """Those that allow it; the others are counted by what they are."""
    chosen = []
    with running.rows():
        for order in orders:
            if action.may(order):
                chosen.append(order)
            else:
                passed[_is(order)] += 1
    return chosen


def _is(order: Order) -> str:
    label = Status(order.status).label
    return f"{label}: {order.reason}" if order.reason and order.status != Status.ERROR else label


def _do(running: Running, action: Action, orders: list[Order]) -> None:
    if action.act is None:
        _read_again(running, orders)
    elif orders:
        with running.rows():
            action.act(Order.objects.filter(pk__in=[order.pk for order in orders]), running.job.asked_by)
            running.lease.check()


def _read_again(running: Running, orders: Iterable[Order]) -> None:
    by_connection: dict[int, list[str]] = {}
    for order in orders:
        by_connection.setdefault(order.connection_id, []).append(order.external_id)
    for connection_id, ids in by_connection.items():
        with running.rows():
            connection = Connection.objects.get(pk=connection_id)
        fetch(running.open_work(connection), ids)


def _told(done: int, passed: int, action: Action) -> str:
    words = f"{done:,} order{'' if done == 1 else 's'} {action.done}"
    return f"{words}, {passed:,} passed over." if passed else f"{words}."
