"""The desk as the engine calls it: permission first, a transaction of its own, and a line in the request trail afterwards.

So the engine cannot tell it from a system outside: it has a clock, its answer may get lost, and what was said can be looked at.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from cartrover.merchants.tenancy import acting_for
from integrations.contract import Exchange, Wire
from integrations.outcomes import Ambiguous, Outcome, RetryLater

AWAY = "Our database was away for a moment."


@dataclass(slots=True)
class Call:
    """One call under way. ``now`` is the desk's clock; what is put into ``answer`` stands in the trail."""

    resource: str
    write: bool
    said: Any = None
    answer: Any = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.monotonic)


@contextlib.contextmanager
def call(wire: Wire, merchant_id: int, resource: str, *, write: bool = False, said: Any = None) -> Iterator[Call]:
    """The merchant's rows for one call. Raises Ambiguous where a write's commit may or may not have happened."""
    wire.before_call(resource, write=write)
    under_way = Call(resource, write, said)
    try:
        with acting_for(merchant_id):
            under_way.now = clock()
            yield under_way
    except (OperationalError, InterfaceError) as error:
        with contextlib.suppress(OperationalError, InterfaceError):
            _tell(wire, under_way, None, type(error).__name__)
        raise (Ambiguous if write else RetryLater)(AWAY, detail=f"{type(error).__name__}: {error}") from error
    except Outcome as outcome:
        _tell(wire, under_way, 422, outcome.detail)
        raise
    _tell(wire, under_way, 200, "")


def clock() -> datetime:
    """The database's time, which every row of the desk is dated by."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _tell(wire: Wire, told: Call, status: int | None, error: str) -> None:
    wire.after_call(
        Exchange(
            method="POST" if told.write else "GET",
            url=f"desk:/{told.resource}",
            resource=told.resource,
            status=status,
            request_id="",
            sent_at=datetime.now(UTC),
            seconds=time.monotonic() - told.began,
            request_body=_written(told.said),
            response_body=_written(told.answer),
            error=error,
            server_time=told.now if status is not None else None,
        )
    )


def _written(content: Any) -> str:
    if content is None:
        return ""
    return json.dumps(asdict(content) if is_dataclass(content) and not isinstance(content, type) else content, default=str)
