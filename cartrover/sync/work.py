"""One run of one stream: what a step is given, and what it hands back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cartrover.merchants.tenancy import acting_for
from cartrover.packing.opening import open_warehouse
from integrations.contract import Cart, Integration, Warehouse, Wire
from integrations.outcomes import RetryLater


class LeaseLost(Exception):
    """Another worker has taken this stream over: stop at once, write nothing."""


class Lease(Protocol):
    """The right to run a stream. By the database's clock."""

    token: int

    def check(self, seconds: float = 0.0) -> None:
        """Raise LeaseLost unless the lease is ours and lasts for at least ``seconds`` more. Asks the database."""


class EngineWire(Wire, Protocol):
    """A wire that also knows the provider's clock, which order a call is for, and what pause the provider wants.

    ``calls`` counts the calls that were let out: while it stays, the provider has heard nothing.
    """

    server_time: datetime | None
    calls: int

    def about(self, order_id: int | None) -> None:
        """Which order the next calls are for, so that its page can show them."""

    def heed(self, outcome: RetryLater) -> None:
        """Keep the pause that the provider has asked for, on the whole connection."""


@dataclass(slots=True)
class Work:
    """What a step works on. Open ``rows()`` for the database, and never during an outside call.

    ``cursor`` is the stream's own memory; a step returns the new one in :class:`Done`, or saves early with ``keep``.
    """

    stream_id: int
    merchant_id: int
    connection_id: int
    kind: str
    cursor: Mapping[str, Any]
    lease: Lease
    wire: EngineWire
    integration: Integration
    facts: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def rows(self) -> Iterator[None]:
        """The merchant's rows, in one transaction."""
        with acting_for(self.merchant_id):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The merchant's rows, to be changed. Raises LeaseLost, and changes nothing, where the stream has gone to another.

        Asked last: by then the changed rows are locked, so whoever takes over writes after us.
        """
        with self.rows():
            yield
            self.lease.check()

    def cart(self, settings: Mapping[str, Any] | None = None) -> Cart:
        """The connection's account as a cart."""
        if self.integration.cart is None:
            raise LookupError(f"{self.integration.slug} is no cart")
        return self.integration.cart.open(self.wire, settings or {}, self.facts)

    def warehouse(self, settings: Mapping[str, Any]) -> Warehouse:
        """The connection's account as a warehouse, with that warehouse's settings."""
        ids = {"merchant_id": self.merchant_id, "connection_id": self.connection_id}
        return open_warehouse(self.integration, self.wire, settings, self.facts, **ids)


@dataclass(frozen=True, slots=True)
class Done:
    """What a run did, in words, and when the stream is due next. ``due_in`` None: only when it is woken."""

    note: str
    due_in: float | None
    cursor: Mapping[str, Any] = field(default_factory=dict)


def our_fault(error: Exception) -> RetryLater:
    """What nobody has foreseen, said of one record: it waits, and an operator hears of it."""
    words = "Something went wrong on our side. We are looking into it."
    return RetryLater(words, scope="record", detail=f"{type(error).__name__}: {error}")
