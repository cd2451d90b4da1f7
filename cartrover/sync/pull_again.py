"""A window of a cart's orders, or some orders by their ids, read once more because a person asked.

What has not changed writes nothing.

``args``: ``start`` and ``end`` (ISO, UTC), or ``external_ids``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cartrover.connections.models import Cart
from cartrover.sync.durations import durations
from cartrover.sync.jobs import Running, Step, ask
from cartrover.sync.models import Job, Stream
from cartrover.sync.pull_orders import fetch, reread
from integrations.contract import Window
from integrations.outcomes import Rejected


def last_day(cart: Cart, *, by: str) -> Job:
    """Ask for all that changed on a cart's account in the 24 hours before what is read anyway. Inside the merchant's door."""
    end = _read_until(cart)
    start = end - timedelta(days=1)
    subject = f"the last day of connection {cart.connection_id}"
    return ask("pull_again", by=by, subject=subject, cart=cart, start=start.isoformat(), end=end.isoformat())


def _read_until(cart: Cart) -> datetime:
    """Its download's watermark, which stays behind the provider's clock: a window that ends in the future is refused."""
    stream = Stream.objects.filter(connection_id=cart.connection_id, kind=Stream.Kind.PULL_ORDERS).first()
    told = stream.cursor.get("until") if stream is not None else None
    return datetime.fromisoformat(told) if told else datetime.now(UTC) - timedelta(seconds=durations().watermark_lag)


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where the cart cannot be read."""
    cart = running.cart()
    if cart.connection is None:
        raise Rejected(f"{cart.name} has no access to read orders with.")
    work = running.open_work(cart.connection)
    ids = running.job.args.get("external_ids")
    if ids is not None:
        stored = fetch(work, ids)
        yield Step(done=len(ids), total=len(ids), words=_told(len(ids), len(stored.new), len(stored.changed)))
        return
    start, end = (datetime.fromisoformat(running.cursor.get(name) or running.job.args[name]) for name in ("start", "end"))
    first = datetime.fromisoformat(running.job.args["start"])
    seen, new, changed = (int(running.cursor.get(name, 0)) for name in ("seen", "new", "changed"))
    for part, count, stored in reread(work, Window(start, end)):
        seen, new, changed = seen + count, new + len(stored.new), changed + len(stored.changed)
        yield Step(
            done=int((part.end - first).total_seconds()),
            total=max(1, int((end - first).total_seconds())),
            words=_told(seen, new, changed),
            cursor={"start": part.end.isoformat(), "end": end.isoformat(), "seen": seen, "new": new, "changed": changed},
        )


def _told(seen: int, new: int, changed: int) -> str:
    return f"{seen} orders read: {new} new, {changed} changed, {seen - new - changed} as they were."
