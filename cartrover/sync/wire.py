"""What the engine gives an integration's client: a token, permission for each call, and an ear for what came of it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from django.db.models.functions import Now

from cartrover.connections import attention, credentials
from cartrover.connections.models import Connection
from cartrover.merchants.tenancy import acting_for, current_scope
from cartrover.sync import breaker, quota, streams
from cartrover.sync.models import Call, Stream
from cartrover.sync.work import Lease
from integrations.contract import Exchange, Integration
from integrations.outcomes import RetryLater

# Of a provider's short window (TradeGecko: 300 calls in 300 s), how many calls a step leaves for what matters more.
LEFT_FOR_OTHERS = {
    Stream.Kind.PULL_STOCK: 75,
    Stream.Kind.PUSH_STOCK: 75,
    Stream.Kind.HOUSEKEEPING: 75,
    Stream.Kind.JOBS: 60,
    Stream.Kind.PULL_ORDERS: 30,
    Stream.Kind.PULL_CHANGES: 30,
    Stream.Kind.PULL_SHIPMENTS: 15,
}
TOKEN_KEPT = 30.0  # seconds; one that ends meanwhile is refused, and renewed as any that was
BODY_OF_A_READ = 2_000  # characters kept of a read that went well; the order's row has the whole payload


class ScopeOpen(RuntimeError):
    """An outside call was about to be made while rows are open: a slow provider would hold their locks."""


class LiveWire:
    """The wire of one connection, for one run of one stream.

    ``server_time`` is the provider's clock, as last heard. ``resource_spent`` says that the application's quota of what was just
    called is used up, so that only calls of that resource have to wait.
    """

    def __init__(self, connection: Connection, integration: Integration, *, kind: str, lease: Lease) -> None:
        self._merchant_id = connection.merchant_id
        self._connection_id = connection.pk
        self._integration = integration
        self._provider = f"{integration.slug}:{integration.environment}"
        self._kind = kind
        self._lease = lease
        self._about = threading.local()
        self._token, self._token_until = "", 0.0
        self.server_time: datetime | None = None
        self.calls = 0
        self.resource_spent = False

    def about(self, order_id: int | None) -> None:
        """Which order the next calls are for, so that its page can show them."""
        self._about.order_id = order_id

    def token(self, *, instead_of: str = "") -> str:
        """Kept for a moment, never in place of one that was refused. Each call asks whether the connection is still active."""
        if instead_of or time.monotonic() > self._token_until:
            self._token = credentials.access_token(self._connection_id, self._merchant_id, instead_of=instead_of)
            self._token_until = time.monotonic() + TOKEN_KEPT
        return self._token

    def before_call(self, resource: str, *, write: bool) -> None:
        if current_scope() is not None:
            raise ScopeOpen(f"{self._provider} {resource}")
        breaker.before_call(self._provider, self._integration.name)
        with acting_for(self._merchant_id):
            self._mind_the_connection()
            self._lease.check()
        quota.reserve(self._integration, resource, merchant_id=self._merchant_id, kind=self._kind)
        self.calls += 1

    def _mind_the_connection(self) -> None:
        row = Connection.objects.annotate(now=Now()).get(pk=self._connection_id)
        if row.state != Connection.State.ACTIVE:
            raise attention.reason(row)
        if row.quiet_until and row.quiet_until > row.now:
            raise RetryLater(f"{self._integration.name} asked us to wait.", after=(row.quiet_until - row.now).total_seconds())
        keep = LEFT_FOR_OTHERS.get(Stream.Kind(self._kind), 0)
        if row.budget_left is not None and row.budget_full_at and row.budget_full_at > row.now and row.budget_left <= keep:
            raise RetryLater(
                f"{self._integration.name} allows no more calls just now.",
                after=(row.budget_full_at - row.now).total_seconds(),
                scope="record",
            )

    def after_call(self, exchange: Exchange) -> None:
        if exchange.server_time is not None:
            self.server_time = exchange.server_time
        if exchange.status is None or exchange.status >= 500:
            breaker.failed(self._provider)
        elif breaker.worked(self._provider):
            streams.wake_after_outage(self._integration.slug, self._integration.environment)
        with acting_for(self._merchant_id):
            self._keep(exchange)
            if exchange.budget is not None:
                self._heed_budget(exchange, *exchange.budget)

    def _heed_budget(self, exchange: Exchange, left: int, full_at: datetime) -> None:
        """A daily quota is the application's, of one resource; any other budget is the account's."""
        full_at = _by_our_clock(full_at, exchange.server_time)
        if self._integration.quota and exchange.resource in self._integration.quota.per_day:
            if left <= 0:
                self.resource_spent = True
                quota.spent(self._integration, exchange.resource, until=full_at)
            return
        Connection.objects.filter(pk=self._connection_id).update(budget_left=left, budget_full_at=full_at)

    def _keep(self, exchange: Exchange) -> None:
        went_well = exchange.method == "GET" and exchange.status is not None and exchange.status < 400
        Call.objects.create(
            connection_id=self._connection_id,
            stream_kind=self._kind,
            order_id=getattr(self._about, "order_id", None),
            method=exchange.method,
            url=exchange.url,
            resource=exchange.resource,
            status=exchange.status,
            request_id=exchange.request_id[:200],
            sent_at=exchange.sent_at,
            seconds=exchange.seconds,
            request_body=exchange.request_body.replace("\x00", ""),
            response_body=exchange.response_body[: BODY_OF_A_READ if went_well else None].replace("\x00", ""),
            error=exchange.error,
        )

    def probe_in(self) -> float:
        """Seconds until somebody may ask the provider again; endless while it is not known to be away."""
        seconds = breaker.probe_in(self._provider)
        return float("inf") if seconds is None else seconds

    def heed(self, outcome: RetryLater) -> None:
        """Keep the pause that the provider has asked for, whatever step of the connection wants to call next."""
        if outcome.after is None or outcome.scope == "record" or self.resource_spent or isinstance(outcome, breaker.Away):
            return
        with acting_for(self._merchant_id):
            Connection.objects.filter(pk=self._connection_id).update(quiet_until=Now() + timedelta(seconds=outcome.after))


def _by_our_clock(when: datetime, server_time: datetime | None) -> datetime:
    """A moment of the provider's clock on ours: the two may differ by minutes."""
    now = datetime.now(UTC)
    return when + (now - server_time) if server_time else when
