"""What one application may call in a day, over all merchants: counted in PostgreSQL before each call."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection as database
from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.merchants.tenancy import across_merchants
from cartrover.sync.models import QuotaDay, Stream
from integrations.contract import Integration
from integrations.outcomes import RetryLater

# How much of the day's quota a step may use up: the rest is kept for what matters more. Tracking may use the last call.
CLASSES = {
    Stream.Kind.CONFIRM_SHIPMENTS: 1.0,
    Stream.Kind.DELIVER_ORDERS: 0.98,
    Stream.Kind.PULL_ORDERS: 0.95,
    Stream.Kind.PULL_SHIPMENTS: 0.95,
    Stream.Kind.PULL_CHANGES: 0.90,
    Stream.Kind.PUSH_STOCK: 0.85,
    Stream.Kind.PULL_STOCK: 0.85,
    Stream.Kind.JOBS: 0.80,
    Stream.Kind.HOUSEKEEPING: 0.75,
}
LENT_AFTER = 0.75  # of the day: from then on a merchant may use what the others did not
SHARED_ABOVE = 0.5  # of the quota: below it nobody is held to a share


def reserve(integration: Integration, resource: str, *, merchant_id: int, kind: str) -> None:
    """Count one call. Raises RetryLater where the day's quota, this step's class or the merchant's share is used up."""
    limit = integration.quota.per_day.get(resource) if integration.quota else None
    if limit is None or integration.quota is None:
        return
    zone = ZoneInfo(integration.quota.reset_zone)
    now = timezone.now().astimezone(zone)
    provider = f"{integration.slug}:{integration.environment}"
    with across_merchants("count the application's calls"):
        used, mine, merchants, spent_until = _count(provider, resource, now, merchant_id, integration.slug)
    ends = _next_day(now)
    if spent_until is not None and spent_until > now:
        raise _used_up(integration, (spent_until - now).total_seconds())
    if used > limit * CLASSES.get(Stream.Kind(kind), 0.75):
        raise _used_up(integration, (ends - now).total_seconds())
    lent = _fraction(now) >= LENT_AFTER
    if not lent and used > limit * SHARED_ABOVE and mine > limit / max(1, merchants):
        raise _used_up(integration, max(60.0, (LENT_AFTER - _fraction(now)) * 86_400))


def spent(integration: Integration, resource: str, *, until: datetime) -> None:
    """The provider says that the day's quota is used up: nobody calls this resource until it is full again."""
    zone = ZoneInfo(integration.quota.reset_zone if integration.quota else "UTC")
    QuotaDay.objects.update_or_create(
        provider=f"{integration.slug}:{integration.environment}",
        resource=resource,
        day=timezone.now().astimezone(zone).date(),
        defaults={"spent_until": until},
    )


def _count(provider: str, resource: str, now: datetime, merchant_id: int, slug: str) -> tuple[int, int, int, datetime | None]:
    with database.cursor() as cursor:
        cursor.execute(
            'INSERT INTO "sync_quotaday" AS q (provider, resource, day, used) VALUES (%s, %s, %s, 1)'
            " ON CONFLICT (provider, resource, day) DO UPDATE SET used = q.used + 1 RETURNING used, spent_until",
            [provider, resource, now.date()],
        )
        used, spent_until = cursor.fetchone()
        cursor.execute(
            'INSERT INTO "sync_quotashare" AS q (merchant_id, provider, resource, day, used) VALUES (%s, %s, %s, %s, 1)'
            " ON CONFLICT (merchant_id, provider, resource, day) DO UPDATE SET used = q.used + 1 RETURNING used",
            [merchant_id, provider, resource, now.date()],
        )
        mine = int(cursor.fetchone()[0])
    active = Connection.objects.filter(integration=slug, state=Connection.State.ACTIVE)
    return int(used), mine, active.values("merchant_id").distinct().count(), spent_until


def _used_up(integration: Integration, seconds: float) -> RetryLater:
    return RetryLater(f"Today's calls to {integration.name} are used up for this kind of work.", after=seconds, scope="record")


def _fraction(now: datetime) -> float:
    return (now.hour * 3600 + now.minute * 60 + now.second) / 86_400


def _next_day(now: datetime) -> datetime:
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
