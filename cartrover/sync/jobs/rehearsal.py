"""What going live would do, without doing it: a cart's orders read and judged as if it were live. Nothing is stored or sent.

``args``: ``days``, how far back. Each order leaves a row of what would become of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context, context
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import judge
from cartrover.orders.verdicts import Verdict
from cartrover.sync import many_rows
from cartrover.sync.clocks import closed_now
from cartrover.sync.jobs import Running, Step, both_sides
from cartrover.sync.models import Rehearsed
from cartrover.sync.readings import Read, Reading, case_of_record, newest
from cartrover.sync.storing import AT_WAREHOUSE
from cartrover.sync.windows import read_windows
from integrations.contract import OrderRecord, Window
from integrations.outcomes import Rejected


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where an account cannot be read."""
    cart = running.cart()
    if cart.connection is None:
        raise Rejected("There is no access yet. Press Grant Us API Access.")
    work = running.open_work(cart.connection)
    client = work.cart(cart.settings)
    first = running.job.asked_at - timedelta(days=int(running.job.args["days"]))
    cursor = dict(running.cursor)
    if "start" not in cursor:
        for words in both_sides.know(running, cart):
            yield Step(words=words)
        cursor = {"start": first.isoformat(), "end": closed_now(work, client).isoformat(), "seen": 0}
        yield Step(words="Reading the cart's orders.", cursor=cursor)
    start, end = datetime.fromisoformat(cursor["start"]), datetime.fromisoformat(cursor["end"])
    for part, records in read_windows(lambda span, offset: client.orders_in(span, offset=offset), Window(start, end)):
        cursor["seen"] += _note(running, cart, records, first)
        cursor["start"] = part.end.isoformat()
        yield Step(
            done=int((part.end - first).total_seconds()),
            total=max(1, int((end - first).total_seconds())),
            words=f"{cursor['seen']} orders read.",
            cursor=cursor,
        )


def _note(running: Running, cart: Cart, records: Sequence[Read], first: datetime) -> int:
    """Judge a page, and keep what would become of each order. Returns how many there were."""
    readings = newest(records)
    with running.rows():
        cases = {each.key: case_of_record(each.order) for each in readings if each.order is not None}
        known = _as_if_live(context(cart.connection_id or 0, cases.values()), cart, first)
        there = Order.objects.filter(connection_id=cart.connection_id, external_id__in=cases, status__in=AT_WAREHOUSE)
        here = set(there.values_list("external_id", flat=True))
        verdicts = {key: _here() if key in here else judge(case, known) for key, case in cases.items()}
        mine = [each for each in readings if _is_mine(verdicts.get(each.key), cart)]
        many_rows.insert(Rehearsed, [_row(running.job.pk, each, verdicts.get(each.key)) for each in mine])
        running.lease.check()
    return len(mine)


def _as_if_live(known: Context, cart: Cart, first: datetime) -> Context:
    """The cart as it would be after Go live, and its warehouse's catalogue as read."""
    carts = [each for each in known.carts if each.pk != cart.pk]
    rehearsing = next(each for each in known.carts if each.pk == cart.pk)
    rehearsing.state, rehearsing.pull_from = Cart.State.LIVE, rehearsing.pull_from or first
    at = rehearsing.warehouse.connection_id if rehearsing.warehouse else None
    return replace(known, carts=[rehearsing, *carts], complete=known.complete | ({at} if at is not None else set()))


def _here() -> Verdict:
    return Verdict(Status.SKIPPED, "here", "it is at the warehouse already")


def _is_mine(verdict: Verdict | None, cart: Cart) -> bool:
    """What another cart of the account takes is that one's."""
    return verdict is None or verdict.cart is None or verdict.cart.pk == cart.pk


def _row(job_id: int, reading: Reading, verdict: Verdict | None) -> dict[str, Any]:
    record, trouble = reading.order, reading.malformed
    decided = verdict or Verdict(Status.HELD, "malformed", f"{trouble.path} {trouble.why}" if trouble else "")
    return {
        "job_id": job_id,
        "external_id": reading.key,
        "number": record.number if record else reading.key,
        "placed_at": record.placed_at if record else datetime.now(UTC),
        "total": record.total if isinstance(record, OrderRecord) else 0,
        "currency": record.currency[:3] if record else "",
        "status": str(decided.status),
        "code": decided.code,
        "subject": decided.cause.subject if decided.cause else "",
        "reason": decided.reason,
    }
