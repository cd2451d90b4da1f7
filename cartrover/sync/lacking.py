"""What a warehouse's account lacked, a currency or a location, and has by now: the orders that waited for it go on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cartrover.connections import facts
from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import preparing
from cartrover.sync import streams
from cartrover.sync.durations import durations
from integrations.outcomes import Outcome

log = logging.getLogger(__name__)

# What an account has of each, by the kind of Problem that says what it lacks. These facts mean the same everywhere.
_HAS: Mapping[str, Callable[[Mapping[str, Any]], Iterable[str]]] = {
    "currency": lambda told: told.get("currencies") or (),
    "location": lambda told: [str(each["id"]) for each in told.get("locations") or ()],
}


def found(connection: Connection) -> None:
    """The account was read. Inside the merchant's door."""
    for kind, has in _HAS.items():
        lacked = Problem.objects.filter(kind=kind, about="connection", about_id=connection.pk, closed_at__isnull=True)
        for subject in lacked.filter(subject__in=list(has(connection.facts))).values_list("subject", flat=True):
            streams.deliver(preparing.release(kind, subject, connection))
            close_problems(kind=kind, subject=subject, about="connection", about_id=connection.pk)


def ask_now_and_then(merchant_id: int, cursor: Mapping[str, Any]) -> dict[str, str]:
    """Once an hour, read the accounts that lack something: nobody tells us when it is added. Returns what to remember."""
    now, before = datetime.now(UTC), cursor.get("lacking_at")
    if before and now - datetime.fromisoformat(before) < timedelta(seconds=durations().hourly):
        return {"lacking_at": before}
    with acting_for(merchant_id):
        lacking = Problem.objects.filter(kind__in=_HAS, about="connection", closed_at__isnull=True).values("about_id")
        connections = list(Connection.objects.filter(pk__in=lacking, state=Connection.State.ACTIVE))
    for connection in connections:
        try:
            facts.ask_again(connection, actor="CartRover")
        except Outcome as outcome:  # it is asked again in an hour, or by a person
            log.info("connection %s could not be read: %s", connection.pk, outcome.message)
    return {"lacking_at": now.isoformat()}
