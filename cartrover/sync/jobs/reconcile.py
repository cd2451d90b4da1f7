"""The proof on demand: a cart held against its account and its warehouse's, because a person asked.

``args``: ``days``, how far back. Its result is the newest Event of the cart's ``reconcile`` as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from cartrover.sync.jobs import Running, Step
from cartrover.sync.reconcile import reconciling
from integrations.contract import Window


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where an account cannot be read."""
    now = datetime.now(UTC)
    window = Window(now - timedelta(days=int(running.job.args["days"])), now + timedelta(days=1))  # as far as there is anything
    steps = reconciling(running.cart(), running.open_work, window)
    while True:
        try:
            part, words = next(steps)
        except StopIteration as end:
            yield Step(done=100, total=100, words=end.value.words, result=asdict(end.value))
            return
        yield Step(done=round(100 * part), total=100, words=f"{words}.")
