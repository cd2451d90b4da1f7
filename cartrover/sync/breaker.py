"""A circuit breaker for each provider: while it is away nobody calls, then one probe does.

The state is a row, so that all workers share it. What belongs to one connection only is its streams' back-off.
"""

from __future__ import annotations

from django.db import connection as database

from cartrover.sync.backoff import CHANCE
from cartrover.sync.durations import durations
from integrations.outcomes import RetryLater

OPENS_AFTER = 5  # failures that no success came between


class Away(RetryLater):
    """No call was made: the provider is known to be away."""


def before_call(provider: str, name: str) -> None:
    """Raise Away while the breaker is open. When its time is up the first caller becomes the probe."""
    left = _open_for(provider)
    if left is None or (left <= 0 and _becomes_the_probe(provider)):
        return
    raise Away(f"{name} is not answering.", after=max(1.0, left), scope="provider")


def _open_for(provider: str) -> float | None:
    """Seconds that the breaker stays open, less than none where it is time for a probe; None where it is closed."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM open_until - clock_timestamp()) FROM sync_breaker"
            " WHERE provider = %s AND open_until IS NOT NULL",
            [provider],
        )
        row = cursor.fetchone()
    return float(row[0]) if row else None


def _becomes_the_probe(provider: str) -> bool:
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE sync_breaker SET open_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE provider = %s AND open_until <= clock_timestamp() RETURNING 1",
            [durations().breaker_first, provider],
        )
        return cursor.fetchone() is not None


def failed(provider: str) -> None:
    """The provider did not answer, or answered with an error of its own."""
    pace = durations()
    with database.cursor() as cursor:
        cursor.execute(
            "INSERT INTO sync_breaker AS b (provider, failures, opened) VALUES (%s, 1, 0)"
            " ON CONFLICT (provider) DO UPDATE SET failures = b.failures + 1 RETURNING failures, opened",
            [provider],
        )
        failures, opened = cursor.fetchone()
        if failures < OPENS_AFTER:
            return
        pause = min(pace.breaker_most, pace.breaker_first * 2**opened)
        cursor.execute(
            "UPDATE sync_breaker SET opened = opened + 1, open_until = clock_timestamp() + make_interval(secs => %s)"
            " WHERE provider = %s",
            [pause * CHANCE.uniform(0.7, 1.0), provider],
        )


def worked(provider: str) -> bool:
    """The provider answered: it is there. True when it was away until now."""
    with database.cursor() as cursor:
        cursor.execute(
            "WITH before AS (SELECT id, opened FROM sync_breaker WHERE provider = %s AND failures > 0 FOR UPDATE)"
            " UPDATE sync_breaker b SET failures = 0, opened = 0, open_until = NULL"
            " FROM before WHERE b.id = before.id RETURNING before.opened > 0",
            [provider],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def probe_in(provider: str) -> float | None:
    """Seconds until the next probe, while the breaker is open."""
    left = _open_for(provider)
    return None if left is None else max(1.0, left)
