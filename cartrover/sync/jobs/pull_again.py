"""A window of a cart's orders, or some orders by their ids, read once more because a person asked.

What has not changed writes nothing.

``args``: ``start`` and ``end`` (ISO, UTC), or ``external_ids``, or ``numbers`` as shoppers know them, which we may not have yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cartrover.connections.models import Cart
from cartrover.orders.models import Order
from cartrover.sync.clocks import closed_now
from cartrover.sync.jobs import Running, Step, ask
from cartrover.sync.models import Job
from cartrover.sync.pull_orders import fetch, reread
from cartrover.sync.work import Work
from integrations.contract import Window
from integrations.outcomes import Rejected


def last_day(cart: Cart, *, by: str) -> Job:
    """Ask for all that changed on a cart's account in the last 24 hours. Inside the merchant's door."""
    now = datetime.now(UTC)
    start, end = now - timedelta(days=1), now + timedelta(hours=1)  # no further than the provider's own clock, when it is read
    subject = f"the last day of connection {cart.connection_id}"
    return ask("pull_again", by=by, subject=subject, cart=cart, start=start.isoformat(), end=end.isoformat())


def these(orders: Sequence[Order], *, by: str) -> Job:
    """Ask for some orders of one cart, each as it is there now. Inside the merchant's door."""
    subject = of_order(orders[0].ref) if len(orders) == 1 else f"{len(orders)} orders from {orders[0].ref}"
    return ask("pull_again", by=by, subject=subject, cart=orders[0].cart, external_ids=[order.external_id for order in orders])


def by_number(cart: Cart, numbers: Sequence[str], *, by: str) -> Job:
    """Ask for the orders with these numbers, whether we have them or not. Inside the merchant's door."""
    subject = f"cart {cart.public_id}, {len(numbers)} from {numbers[0]}"[:80]
    return ask("pull_again", by=by, subject=subject, cart=cart, total=len(numbers), numbers=list(numbers))


def between(cart: Cart, start: datetime, end: datetime, *, by: str) -> Job:
    """Ask for all that changed on a cart's account in a span of time. Inside the merchant's door."""
    subject = f"connection {cart.connection_id}, {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    return ask("pull_again", by=by, subject=subject, cart=cart, start=start.isoformat(), end=end.isoformat())


def of_order(ref: str) -> str:
    """The subject of a job about one order, by which its page finds it."""
    return f"order {ref}"


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where the cart cannot be read."""
    cart = running.cart()
    if cart.connection is None:
        raise Rejected(f"{cart.name} has no access to read orders with.")
    work = running.open_work(cart.connection)
    ids = running.job.args.get("external_ids")
    if ids is not None:
        stored = fetch(work, ids)
        yield Step(done=len(ids), total=len(ids), words=f"{len(ids)} orders read, {len(stored.new)} of them new.")
        return
    if "numbers" in running.job.args:
        yield from _by_number(running, work, cart)
        return
    first, last = (datetime.fromisoformat(running.job.args[name]) for name in ("start", "end"))
    start = datetime.fromisoformat(running.cursor.get("start") or running.job.args["start"])
    end = min(last, closed_now(work, work.cart(cart.settings)))
    seen, new, changed = (int(running.cursor.get(name, 0)) for name in ("seen", "new", "changed"))
    for part, count, stored in reread(work, Window(min(start, end), end)):
        seen, new, changed = seen + count, new + len(stored.new), changed + len(stored.changed)
        yield Step(
            done=int((part.end - first).total_seconds()),
            total=max(1, int((end - first).total_seconds())),
            words=_told(seen, new, changed),
            cursor={"start": part.end.isoformat(), "seen": seen, "new": new, "changed": changed},
        )


def _by_number(running: Running, work: Work, cart: Cart) -> Iterator[Step]:
    numbers = list(running.job.args["numbers"])
    client = work.cart(cart.settings)
    at, read, new = (int(running.cursor.get(name, 0)) for name in ("at", "read", "new"))
    unknown = list(running.cursor.get("unknown", ()))
    for number in numbers[at:]:
        stored = fetch(work, client.find(number))
        count = len(stored.new) + len(stored.changed) + stored.unchanged + stored.older
        at, read, new = at + 1, read + count, new + len(stored.new)
        unknown += [] if count else [number]
        yield Step(
            done=at,
            total=len(numbers),
            words=_told_by_number(cart, read, new, unknown),
            cursor={"at": at, "read": read, "new": new, "unknown": unknown},
        )


def _told_by_number(cart: Cart, read: int, new: int, unknown: list[str]) -> str:
    words = f"{read} order{'' if read == 1 else 's'} read, {new} of them new."
    return f"{words} Not at {cart.name}: {', '.join(unknown)}." if unknown else words


def _told(seen: int, new: int, changed: int) -> str:
    return f"{seen} orders read: {new} new, {changed} changed, {seen - new - changed} as they were."
