"""Test: real reads that show whether a cart or warehouse would work, told line by line as each ends. Nothing is saved by it.

Every step asks on a wire of its own, outside every door. What goes wrong becomes a line in words, never an exception: a page, a
share link and OK all show the same lines.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from cartrover.connections.checking.access import access
from cartrover.connections.checking.destination import destination
from cartrover.connections.checking.findings import FAIL, Line
from cartrover.connections.checking.here import Here, opened
from cartrover.connections.checking.orders import Counted, open_orders, orders
from cartrover.connections.checking.warehouse import catalogue, readable
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart
from integrations.outcomes import Outcome

__all__ = ["Counted", "Line", "check", "ends", "open_orders", "passed", "run", "steps"]

log = logging.getLogger(__name__)

Step = Callable[[Here], Iterator[Line]]
_CART_STEPS: Mapping[str, Step] = {"access": access, "orders": orders, "warehouse": destination}
_WAREHOUSE_STEPS: Mapping[str, Step] = {"access": access, "orders": readable, "items": catalogue}
_NEEDED = frozenset({"access", "reachable", "authorised"})


def check(holder: Holder, *, settings: Mapping[str, Any] | None = None) -> Iterator[Line]:
    """Test a cart or warehouse with these settings (else its own). Outside every door; yields each line as it ends."""
    for step in steps(holder):
        lines = list(run(holder, step, settings=settings))
        yield from lines
        if ends(step, lines):
            return


def steps(holder: Holder) -> tuple[str, ...]:
    """The names of its steps, in order, for whoever runs them one request at a time."""
    return tuple(_CART_STEPS if isinstance(holder, Cart) else _WAREHOUSE_STEPS)


def run(holder: Holder, step: str, *, settings: Mapping[str, Any] | None = None) -> Iterator[Line]:
    """One step's lines. KeyError for a step that it does not have."""
    todo = (_CART_STEPS if isinstance(holder, Cart) else _WAREHOUSE_STEPS)[step]
    here = opened(holder, holder.settings if settings is None else settings)
    try:
        yield from todo(here)
    except Outcome as outcome:
        yield here.told(outcome, step)
    except Exception:
        log.exception("the test of %s %s failed at %s", holder._meta.model_name, holder.pk, step)
        yield Line(step, FAIL, "Something went wrong on our side.", fix="We are looking into it. Press Test again in a while.")


def ends(step: str, lines: Iterable[Line]) -> bool:
    """Whether nothing after this step can be tested."""
    return step == "access" and any(line.state == FAIL and line.name in _NEEDED for line in lines)


def passed(lines: Iterable[Line]) -> bool:
    return all(line.state != FAIL for line in lines)
