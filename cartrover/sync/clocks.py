"""What time it is at a cart: a window may not end in the provider's future, and what is younger than its Date header is left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cartrover.sync.durations import durations
from cartrover.sync.work import Work
from integrations.contract import Cart, Window


def closed_now(work: Work, client: Cart) -> datetime:
    """Up to when the cart's orders may be read now. Asks by the cheapest call there is, a window of nothing.

    Raises an Outcome.
    """
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    client.orders_in(Window(moment, moment))
    return (work.wire.server_time or datetime.now(UTC)) - timedelta(seconds=durations().safety)
