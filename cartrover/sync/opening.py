"""Opening a connection's account for the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cartrover.connections.models import Connection
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.leases import HeldLease
from cartrover.sync.models import Stream
from cartrover.sync.streams import Claim
from cartrover.sync.wire import LiveWire
from cartrover.sync.work import Lease, Work
from integrations import registry


def open_work(claimed: Claim) -> Work:
    """The work of a claimed stream, on its connection's wire. The merchant is the stream's own, never the message's."""
    if claimed.merchant_id is None or claimed.connection_id is None:
        raise LookupError("a stream of the installation has no connection to work on")
    with acting_for(claimed.merchant_id):
        connection = Connection.objects.get(pk=claimed.connection_id)
    return _work(connection, claimed.kind, HeldLease(claimed), claimed.stream_id, claimed.cursor)


def opener(claimed: Claim) -> Callable[[Connection], Work]:
    """Opens any connection of the merchant under one stream's lease, for what is done across connections."""
    lease = HeldLease(claimed)
    return lambda connection: _work(connection, claimed.kind, lease, claimed.stream_id, {})


def neighbour(work: Work, connection: Connection) -> Work:
    """The same run on another connection of the merchant: a delivery that reads its order at the cart once more."""
    if connection.merchant_id != work.merchant_id:
        raise LookupError("another merchant's connection")
    return _work(connection, work.kind, work.lease, work.stream_id, {})


class _NoLease:
    """A person waits for the answer, and nothing is written: there is nothing that a second worker could do twice."""

    token = 0

    def check(self, seconds: float = 0.0) -> None:
        """Nobody can take it over."""


def wire_for_a_person(connection: Connection) -> LiveWire:
    """The connection's wire for reads that a person asked for on a page. It leaves most of the budget to the engine."""
    integration = registry.get(connection.integration)
    return LiveWire(connection, integration, kind=Stream.Kind.HOUSEKEEPING, lease=_NoLease())


def _work(connection: Connection, kind: str, lease: Lease, stream_id: int, cursor: Mapping[str, Any]) -> Work:
    integration = registry.get(connection.integration)
    return Work(
        stream_id=stream_id,
        merchant_id=connection.merchant_id,
        connection_id=connection.pk,
        kind=kind,
        cursor=cursor,
        lease=lease,
        wire=LiveWire(connection, integration, kind=kind, lease=lease),
        integration=integration,
        facts=connection.facts,
    )
