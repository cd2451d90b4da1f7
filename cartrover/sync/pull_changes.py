"""What the warehouse does to our orders by itself: voids, edits, and how far it is with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cartrover.connections.models import Warehouse
from cartrover.events.models import Event
from cartrover.events.telling import event, tell
from cartrover.orders import errands
from cartrover.orders.models import GONE_THERE, Order, Status
from cartrover.sync import compared
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.pull_shipments import in_doubt_since
from cartrover.sync.sent import remote_kept
from cartrover.sync.windows import read_windows
from cartrover.sync.work import Done, Work
from integrations.contract import RemoteOrder, Window
from integrations.contract import Warehouse as WarehouseClient

FIRST_LOOK_BACK = timedelta(days=1)
NOTICEABLE = 3.0  # seconds: what a Date header's whole seconds and its way to us do not explain
UNCOMMITTED = "draft"  # the state of an order that holds no stock


def run(work: Work) -> Done:
    """Read what changed since the watermark. One call where nothing did."""
    with work.rows():
        warehouses = [
            each for each in Warehouse.objects.filter(connection_id=work.connection_id) if each.serves("order_delivery")
        ]
    if not warehouses:
        return Done("No warehouse takes orders.", due_in=None)
    client = work.warehouse(warehouses[0].settings)
    changed, cursor = _read(work, client, warehouses, work.cursor)
    if abs(float(cursor["clock"]) - float(work.cursor.get("clock", 0))) > NOTICEABLE:  # we took another time for its now
        more, cursor = _read(work, client, warehouses, cursor)
        changed += more
    side = work.integration.warehouse
    pause = durations().poll_quiet if side is not None and side.tells else durations().poll_idle
    return Done(f"{changed} orders changed at the warehouse.", due_in=pause, cursor=cursor)


def _read(
    work: Work, client: WarehouseClient, warehouses: list[Warehouse], cursor: Mapping[str, Any]
) -> tuple[int, Mapping[str, Any]]:
    """From the watermark to the provider's now. Returns how many orders were news, and what to remember."""
    changed = 0
    for part, records in read_windows(lambda span, offset: client.orders_changed_in(span, offset=offset), _window(cursor)):
        with work.writing():
            cursor = {**cursor, **_cursor(work, part.end)}
            changed += heed(warehouses, records)
            Stream.objects.filter(pk=work.stream_id, lease_token=work.lease.token).update(cursor=dict(cursor))
    return changed, cursor


# ------------------------------------------------------------------------------------------------------------------ the window


def _window(cursor: Mapping[str, Any]) -> Window:
    """From the watermark to the provider's now, as its last answer lets expect, less a margin."""
    ahead = timedelta(seconds=float(cursor.get("clock", 0)))
    end = (datetime.now(UTC) + ahead - timedelta(seconds=durations().safety)).replace(
        microsecond=0
    )  # whole, or it is read in two
    told = cursor.get("watermark")
    start = datetime.fromisoformat(str(told)) if told else end - FIRST_LOOK_BACK
    return Window(min(start, end), end)


def _cursor(work: Work, end: datetime) -> dict[str, Any]:
    """How far the watermark may move: a lag behind the window and the provider's own now, and not beyond the sending of an order
    that is still in doubt, whose changes belong to nobody we know.
    """
    now = datetime.now(UTC)
    heard = work.wire.server_time or now
    limits = [end, heard, *([since + (heard - now)] if (since := in_doubt_since(work.connection_id)) else [])]
    watermark = min(limits) - timedelta(seconds=durations().watermark_lag)
    return {"watermark": watermark.isoformat(), "clock": (heard - now).total_seconds()}


# ----------------------------------------------------------------------------------------------------------- what it comes to


def heed(warehouses: Iterable[Warehouse], records: Iterable[RemoteOrder]) -> int:
    """Hold what the warehouse tells of our orders against what we know. Returns how many it told something new of.

    Orders with our mark that we do not know are the nightly proof's to find.
    """
    told = {each.remote_id: each for each in records}
    rows = Order.objects.filter(warehouse__in=warehouses, remote_id__in=told, status__in=(Status.AT_WMS, *errands.HAS_LEFT))
    locked = rows.select_related("cart", "warehouse", "problem").select_for_update(of=("self",), no_key=True)
    events = [list(_heed(order, told[order.remote_id])) for order in locked.order_by("pk")]
    tell(each for of_one in events for each in of_one)
    return sum(bool(of_one) for of_one in events)


def _heed(order: Order, there: RemoteOrder) -> Iterator[Event]:
    if there.status in GONE_THERE:
        if order.status == Status.AT_WMS:
            yield errands.void_there(order)
        else:  # what left of it was taken back before: the packages will tell
            order.remote_status = there.status
            order.save(update_fields=["remote_status"])
        return
    if there.status != order.remote_status:
        if order.remote_status:
            yield event(order, "status_there", f"At the warehouse: {order.remote_status} → {there.status}.", actor="Warehouse")
        order.remote_status, order.stock_committed = there.status, there.status != UNCOMMITTED
        order.save(update_fields=["remote_status", "stock_committed"])
    if order.sent is not None and not order.errand and order.status == Status.AT_WMS:
        yield from _compare(order, there)


def _compare(order: Order, there: RemoteOrder) -> Iterator[Event]:
    """Lines and money against what was sent, and against what was told of them before."""
    sent: dict[str, Any] = order.sent or {}
    as_of = sent.get("as_of")
    if as_of and there.updated_at < datetime.fromisoformat(str(as_of)):  # it was read before our own change
        return
    now, words = remote_kept(there), compared.words(sent, there)
    if now == sent.get("there", None if words else now):
        return
    Order.objects.filter(pk=order.pk).update(sent={**sent, "there": now})
    if words:
        yield from errands.differs(order, words)
    elif errands.waits_for(order, errands.DIFFERS):
        errands.settled(order, errands.DIFFERS)
        yield event(order, "as_sent_again", "At the warehouse it is as it was sent again.", actor="Warehouse")
