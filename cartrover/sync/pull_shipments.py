"""Packages that left the warehouse become ours, and go on to the cart."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Min

from cartrover.connections.models import Warehouse
from cartrover.orders.models import Status
from cartrover.orders.packages import Package, store_packages
from cartrover.sync import streams
from cartrover.sync.durations import durations
from cartrover.sync.models import Effect, Stream
from cartrover.sync.windows import read_windows
from cartrover.sync.work import Done, Work
from integrations.contract import ShipmentRecord, Window
from integrations.contract import Warehouse as WarehouseClient

FIRST_LOOK_BACK = timedelta(days=1)


def run(work: Work) -> Done:
    """Read what changed since the watermark, store it, wake the carts' uploads."""
    with work.rows():
        warehouses = list(Warehouse.objects.filter(connection_id=work.connection_id, state=Warehouse.State.LIVE))
    if not warehouses:
        return Done("No warehouse is live.", due_in=None)
    client = work.warehouse(warehouses[0].settings)
    started = datetime.now(UTC)
    window = _window(work, client)
    limit = _limit(work, window)
    seen = 0
    for part, records in read_windows(lambda span, offset: client.shipments_in(span, offset=offset), window):
        with work.writing():
            stored = store_packages(warehouses, [_package(record) for record in records])
            streams.deliver(stored.to_deliver)
            for connection_id in stored.carts_to_tell:
                streams.ready(connection_id, Stream.Kind.CONFIRM_SHIPMENTS)
            Stream.objects.filter(pk=work.stream_id, lease_token=work.lease.token).update(
                cursor={**work.cursor, **_watermark(min(part.end, limit))}
            )
        seen += stored.new
    cursor = {**_watermark(limit), "known_until": started.isoformat()}
    pause = durations().poll_quiet if _tells(work) else durations().poll_busy
    return Done(f"{seen} new packages.", due_in=pause, cursor=cursor)


def _tells(work: Work) -> bool:
    side = work.integration.warehouse
    return side is not None and side.tells


def _window(work: Work, client: WarehouseClient) -> Window:
    """From the watermark to the provider's now, less a margin where its lists lag; the provider's clock counts, not ours."""
    now = work.wire.server_time or _asked(work, client)
    end = now - timedelta(seconds=0.0 if _tells(work) else durations().safety)
    told = work.cursor.get("watermark")
    start = datetime.fromisoformat(str(told)) if told else end - FIRST_LOOK_BACK
    sent = _sent_before(work, start)
    return Window(min(start, sent or start, end), end)


def _sent_before(work: Work, watermark: datetime) -> datetime | None:
    """When the first of those orders was sent that we have learned of only since the last run, and that were sent before then.

    What has left of them was read as somebody else's: it is read once more, so that no package is lost by coming before its
    order was known.
    """
    told = work.cursor.get("known_until")
    if told is None:
        return None
    lag = timedelta(seconds=durations().watermark_lag)
    learned = Effect.objects.filter(
        connection_id=work.connection_id,
        kind="order",
        state=Effect.State.CONFIRMED,
        sent_at__lt=watermark - lag,
        order__status=Status.AT_WMS,
        order__delivered_at__gt=datetime.fromisoformat(str(told)) - lag,
    )
    with work.rows():
        since: datetime | None = learned.aggregate(at=Min("sent_at"))["at"]
    return since - lag if since else None


def _limit(work: Work, window: Window) -> datetime:
    """How far the watermark may move: a lag behind the window, and not beyond the sending of an order that is still in doubt.

    What leaves the warehouse of such an order belongs to nobody we know, and would never be read again. Ask when the window is
    known, so that no order can be sent and shipped in it afterwards.
    """
    lag = timedelta(seconds=durations().watermark_lag)
    with work.rows():
        since = in_doubt_since(work.connection_id)
    if since is None:
        return window.end - lag
    behind = datetime.now(UTC) - work.wire.server_time if work.wire.server_time else timedelta()
    return min(window.end, since - max(behind, timedelta())) - lag


def in_doubt_since(connection_id: int) -> datetime | None:
    """When the oldest order was sent of which it is not known, or not written down yet, whether it has come to the warehouse."""
    sent = Effect.objects.filter(connection_id=connection_id, kind="order", order__status=Status.NEW)
    in_doubt = sent.filter(state__in=(Effect.State.INTENT, Effect.State.AMBIGUOUS, Effect.State.CONFIRMED))
    since: datetime | None = in_doubt.aggregate(at=Min("sent_at"))["at"]
    return since


def _asked(work: Work, client: WarehouseClient) -> datetime:
    """The provider's clock, by the cheapest call there is: a window of nothing."""
    moment = datetime.now(UTC) - timedelta(hours=1)
    client.shipments_in(Window(moment, moment))
    return work.wire.server_time or datetime.now(UTC)


def _watermark(moment: datetime) -> Mapping[str, Any]:
    return {"watermark": moment.isoformat()}


def _package(record: ShipmentRecord) -> Package:
    return Package(
        remote_id=record.remote_id,
        order_id=record.order_id,
        shipped=record.shipped and not record.void,
        void=record.void,
        lines=tuple((line.order_line, line.sku, line.quantity) for line in record.lines),
        carrier=record.carrier,
        service=record.service,
        tracking=record.tracking,
        tracking_url=record.tracking_url,
        shipped_at=record.shipped_at or record.updated_at,
    )
