"""What waited for a cause that somebody solves, so that its page can show it go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cartrover.events.models import Problem
from cartrover.orders.models import Order, Status

MOST = 5_000  # orders that are followed one by one
WAITED = "waited"


@contextmanager
def solving(problem: Problem) -> Iterator[None]:
    """Remember which orders wait for a cause, then let the block solve it. Inside the merchant's door.

    A block that freed none of them has solved nothing: then nothing is remembered.
    """
    waiting = Order.objects.filter(problem=problem).order_by("placed_at", "pk")
    ids = list(waiting.values_list("pk", flat=True)[:MOST])
    yield
    if Order.objects.filter(pk__in=ids, problem=problem).count() == len(ids):
        return
    problem.refresh_from_db(fields=["data"])
    problem.data = {**problem.data, WAITED: ids}
    problem.save(update_fields=["data"])


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of the orders that waited: on their way, arrived, or stopped by something else."""

    going: int
    gone: int
    stopped: int

    @property
    def all(self) -> int:
        return self.going + self.gone + self.stopped


def progress(problem: Problem) -> Progress | None:
    """None where nobody has solved it by hand, or nothing waited."""
    ids = problem.data.get(WAITED)
    if not ids:
        return None
    counts: Counter[str] = Counter(Order.objects.filter(pk__in=ids).values_list("status", flat=True))
    gone = counts[Status.AT_WMS] + counts[Status.SHIPPED] + counts[Status.CONFIRMED]
    return Progress(counts[Status.NEW], gone, counts.total() - counts[Status.NEW] - gone)
