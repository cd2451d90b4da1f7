"""Which stream runs when: due, lease, fairness, wake.

A stream's row is the truth. A worker claims the streams it can run at once, each under a lease by the database's clock; a hint
through Redis only says that there is something to claim, so it may be lost, repeated or late.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from cartrover.connections.models import Connection, ServiceHolder
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.orders.under_way import left_by_its_carts
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.work import LeaseLost

CRASHES_ALLOWED = 3
PER_CONNECTION = 3  # streams of one connection that run at once


@dataclass(frozen=True, slots=True)
class Claim:
    """A stream that is ours to run until the lease ends."""

    stream_id: int
    token: int
    merchant_id: int | None
    connection_id: int | None
    kind: str
    cursor: Mapping[str, Any]
    wakes: int
    crashes: int


# A merchant's first due stream comes before anybody's second: ``turn`` counts what it has running and what it asked for before.
# Streams that were running when their process crashed are suspects: only one of them runs at a time, so that the one which
# kills its process cannot take the others with it for ever.
_CLAIM = """
WITH busy AS (
    SELECT merchant_id, connection_id, crashes FROM sync_stream WHERE lease_until > statement_timestamp()
), due AS (
    SELECT id, due_at, crashes + running::int AS suspicion,
        row_number() OVER (PARTITION BY merchant_id ORDER BY due_at, id)
            + (SELECT count(*) FROM busy WHERE busy.merchant_id IS NOT DISTINCT FROM s.merchant_id) AS turn,
        row_number() OVER (PARTITION BY connection_id ORDER BY due_at, id)
            + (SELECT count(*) FROM busy WHERE busy.connection_id = s.connection_id) AS lane
    FROM "sync_stream" s
    WHERE due_at <= statement_timestamp() AND (lease_until IS NULL OR lease_until <= statement_timestamp())
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY suspicion > 0 ORDER BY turn, due_at)
        + (SELECT count(*) FROM busy WHERE crashes > 0) AS suspect
    FROM due WHERE turn <= %(per_merchant)s AND lane <= %(per_connection)s
), chosen AS (
    SELECT s.id FROM "sync_stream" s JOIN ranked USING (id)
    WHERE (ranked.suspicion = 0 OR ranked.suspect = 1)
        AND s.due_at <= statement_timestamp() AND (s.lease_until IS NULL OR s.lease_until <= statement_timestamp())
    ORDER BY ranked.turn, s.due_at
    LIMIT %(most)s
    FOR UPDATE OF s SKIP LOCKED
)
UPDATE "sync_stream" s
SET lease_token = lease_token + 1, lease_until = statement_timestamp() + make_interval(secs => %(lease)s), running = true,
    crashes = crashes + running::int
FROM chosen WHERE s.id = chosen.id
RETURNING s.id, s.lease_token, s.merchant_id, s.connection_id, s.kind, s.cursor::text, s.wakes, s.crashes
"""


def claim(most: int) -> list[Claim]:
    """Take over up to ``most`` due streams, fairly between merchants."""
    with across_merchants("claim due streams"), database.cursor() as cursor:
        cursor.execute(
            _CLAIM,
            {
                "most": most,
                "lease": durations().lease,
                "per_merchant": max(2, settings.WORKER_SLOTS),
                "per_connection": PER_CONNECTION,
            },
        )
        rows = cursor.fetchall()
    return [
        Claim(stream_id, token, merchant_id, connection_id, kind, json.loads(cursor), wakes, crashes)
        for stream_id, token, merchant_id, connection_id, kind, cursor, wakes, crashes in rows
    ]


def due_count(most: int) -> int:
    """How many streams wait to be claimed, counted no further than ``most``."""
    with across_merchants("count due streams"), database.cursor() as cursor:
        cursor.execute(
            'SELECT count(*) FROM (SELECT 1 FROM "sync_stream" WHERE due_at <= statement_timestamp()'
            " AND (lease_until IS NULL OR lease_until <= statement_timestamp()) LIMIT %s) AS waiting",
            [most],
        )
        return int(cursor.fetchone()[0])


def renew(leases: Iterable[tuple[int, int]]) -> set[int]:
    """Prolong the leases (stream id, token) that are still ours. Returns the streams which are."""
    held = list(leases)
    with across_merchants("renew leases"), database.cursor() as cursor:
        cursor.execute(
            'UPDATE "sync_stream" s SET lease_until = statement_timestamp() + make_interval(secs => %s)'
            " FROM unnest(%s::bigint[], %s::bigint[]) AS held (id, token)"
            " WHERE s.id = held.id AND s.lease_token = held.token AND s.lease_until > statement_timestamp() RETURNING s.id",
            [durations().lease, [each[0] for each in held], [each[1] for each in held]],
        )
        return {row[0] for row in cursor.fetchall()}


def settle(claimed: Claim, *, due_in: float | None, **changes: Any) -> None:
    """End a run: write what came of it and give the lease back. Raises LeaseLost when the stream is somebody else's by now.

    ``due_in`` is seconds until the stream is due next; a wake that came during the run makes it due at once.
    """
    with across_merchants("end a stream's run"):
        ours = Stream.objects.filter(pk=claimed.stream_id, lease_token=claimed.token)
        if not ours.update(running=False, lease_until=None, **changes):
            raise LeaseLost(f"stream {claimed.stream_id}")
        with database.cursor() as sql:
            sql.execute(
                'UPDATE "sync_stream" SET due_at = CASE WHEN due_at IS NULL THEN NULL WHEN wakes <> %s THEN statement_timestamp()'
                " ELSE statement_timestamp() + make_interval(secs => %s) END WHERE id = %s",
                [claimed.wakes, due_in if due_in is not None else durations().poll_quiet, claimed.stream_id],
            )


def wake(connection_id: int, *kinds: str) -> None:
    """Make these streams of a connection due now. Call inside the merchant's door; the hint goes out on commit."""
    woken = Stream.objects.filter(connection_id=connection_id, kind__in=kinds, due_at__isnull=False).update(
        due_at=Now(), wakes=F("wakes") + 1
    )
    if woken:
        transaction.on_commit(_hint)


def wake_mail(merchant_id: int | None) -> None:
    """Make a merchant's mail due now, or the installation's own (None), which has no door but the wide one."""
    door = across_merchants("the installation has mail to send") if merchant_id is None else acting_for(merchant_id)
    with door:
        _wake_own(merchant_id, Stream.Kind.MAIL)


def wake_jobs(merchant_id: int) -> None:
    """Make what the merchant's people asked for go on now."""
    with acting_for(merchant_id):
        _wake_own(merchant_id, Stream.Kind.JOBS)


def _wake_own(merchant_id: int | None, kind: Stream.Kind) -> None:
    """A stream without a connection is made when it is first needed."""
    mine = {"merchant_id": merchant_id, "kind": kind}
    Stream.objects.bulk_create([Stream(**mine, due_at=timezone.now())], ignore_conflicts=True)
    Stream.objects.filter(**mine).update(due_at=Now(), wakes=F("wakes") + 1)
    transaction.on_commit(_hint)


def wake_mail_after_outage() -> None:
    """The mail server answers again: nobody's mail waits for its back-off."""
    with across_merchants("the mail server is back"):
        Stream.objects.filter(kind=Stream.Kind.MAIL, failing_since__isnull=False, due_at__isnull=False).update(
            due_at=Now(), wakes=F("wakes") + 1
        )
        transaction.on_commit(_hint)


def ready(connection_id: int, *kinds: str) -> None:
    """There is work for these streams: it is done at once, or when its turn comes where the merchant chose how often."""
    connection = Connection.objects.get(pk=connection_id)
    wake(connection_id, *(kind for kind in kinds if not _chosen(connection, kind)))


def deliver(connection_ids: Iterable[int], *, asked: bool = False) -> None:
    """There are orders for the warehouses on these connections. ``asked``: a person waits for it, so it is done now."""
    for connection_id in connection_ids:
        (wake if asked else ready)(connection_id, Stream.Kind.DELIVER_ORDERS)


def pause_of(connection: Connection, kind: str, automatic: float | None) -> float | None:
    """Seconds until the next run: ``automatic`` is what the step says, which a merchant's own choice of frequency replaces.

    More to do at once stays at once, and a record that waits for its own retry does not wait longer. Of several carts or
    warehouses the most frequent counts. Inside the merchant's door.
    """
    chosen = _chosen(connection, kind)
    if not chosen or automatic == 0 or (kind in _BY_RECORD and automatic and automatic < durations().deliver_idle):
        return automatic
    return min(chosen)


_BY_RECORD = (Stream.Kind.DELIVER_ORDERS, Stream.Kind.CONFIRM_SHIPMENTS)


def _chosen(connection: Connection, kind: str) -> list[float]:
    """The frequencies, in seconds, that were chosen for a step; none where it is automatic for anybody who needs it."""
    if kind in _BESIDE.values():
        return []
    every = [holder.services[service].get("every") for holder, service, needed in _needed(connection) if needed == kind]
    return [float(each) for each in every] if all(every) else []


def wake_after_outage(integration: str, environment: str) -> None:
    """The provider answers again: what failed meanwhile does not wait for its back-off."""
    with across_merchants("a provider is back"):
        Stream.objects.filter(
            connection__integration=integration,
            connection__environment=environment,
            failing_since__isnull=False,
            due_at__isnull=False,
        ).update(due_at=Now(), wakes=F("wakes") + 1)
        transaction.on_commit(_hint)


def _hint() -> None:
    from cartrover.sync.tasks import hint  # tasks import this module

    hint(1)


def ensure(connection: Connection) -> None:
    """Give a connection the streams that its live carts and warehouses need, and stop those that nothing needs."""
    wanted = wanted_kinds(connection)
    housekeeping = Stream(merchant_id=connection.merchant_id, kind=Stream.Kind.HOUSEKEEPING, due_at=timezone.now())
    Stream.objects.bulk_create([housekeeping], ignore_conflicts=True)
    Stream.objects.bulk_create(
        [
            Stream(merchant_id=connection.merchant_id, connection=connection, kind=kind)
            for kind in Stream.Kind.values
            if kind in wanted
        ],
        ignore_conflicts=True,
    )
    rows = Stream.objects.filter(connection=connection)
    rows.filter(kind__in=wanted, due_at__isnull=True).update(due_at=Now(), crashes=0, failures=0, failing_since=None)
    rows.exclude(kind__in=wanted).update(due_at=None)
    if wanted:
        transaction.on_commit(_hint)


def stop(connection: Connection) -> None:
    """No stream of the connection runs until ``ensure``."""
    Stream.objects.filter(connection=connection).update(due_at=None)


_CART_STREAMS = {
    "order_download": Stream.Kind.PULL_ORDERS,
    "shipment_upload": Stream.Kind.CONFIRM_SHIPMENTS,
    "inventory_upload": Stream.Kind.PUSH_STOCK,
}
_WAREHOUSE_STREAMS = {
    "order_delivery": Stream.Kind.DELIVER_ORDERS,
    "shipment_pickup": Stream.Kind.PULL_SHIPMENTS,
    "inventory_pickup": Stream.Kind.PULL_STOCK,
}
_BESIDE = {"order_delivery": Stream.Kind.PULL_CHANGES}  # steps that a service needs too, and whose frequency nobody chooses


def wanted_kinds(connection: Connection) -> set[str]:
    """Which steps the connection's live carts and warehouses need; and what its carts left behind when they went to another."""
    if connection.state != Connection.State.ACTIVE:
        return set()
    kinds = {str(kind) for _holder, _service, kind in _needed(connection)}
    return kinds | ({str(Stream.Kind.CONFIRM_SHIPMENTS)} if left_by_its_carts(connection) else set())


def _needed(connection: Connection) -> Iterator[tuple[ServiceHolder, str, str]]:
    """(who needs it, by which service, which step), for all that is live and switched on."""
    carts = [(cart, _CART_STREAMS) for cart in connection.carts.all()]
    warehouses = [(warehouse, _WAREHOUSE_STREAMS) for warehouse in connection.warehouses.all()]
    for holder, streams in [*carts, *warehouses]:
        for service, kind in streams.items():
            if service in holder.services and holder.serves(service):
                yield holder, service, kind
                if service in _BESIDE:
                    yield holder, service, _BESIDE[service]
