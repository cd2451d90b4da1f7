"""P16: what one tick costs when a hundred thousand connections sleep and a hundred are due."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import Measure, middle, row

if TYPE_CHECKING:
    from tests.stage import World

IDLE = 100_000
DUE = 100
MERCHANTS = 1_000
TIMES = 9


def rows(world: World, folder: Path) -> Iterator[str]:
    """One tick looks for what is due, and workers claim all of it; beside the same with no idle connection at all."""
    few = _milliseconds(idle=0)
    many = _milliseconds(idle=IDLE)
    yield row(
        "P16",
        f"milliseconds of one tick that finds and claims {DUE} due streams beside {IDLE} idle connections; median of {TIMES}",
        {"milliseconds": Measure(ours=many, floor=50.0, stretch=10.0, least=False)},
        without_idle=few,
        grows=round(many / few, 2),
    )


def _milliseconds(*, idle: int) -> float:
    from cartrover.sync import streams

    _people(idle)
    took = []
    for _ in range(TIMES):
        _make_due()
        started = time.perf_counter()
        due = streams.due_count(DUE)
        claimed = streams.claim(DUE)
        took.append((time.perf_counter() - started) * 1000)
        if (due, len(claimed)) != (DUE, DUE):
            raise RuntimeError(f"{due} due and {len(claimed)} claimed, not {DUE}")
    return middle(took)


def _people(idle: int) -> None:
    """Merchants with connections whose order pulls sleep for an hour, written by the owner in one go."""
    import os

    import psycopg

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("TRUNCATE merchants_merchant CASCADE")
        owner.execute(
            "INSERT INTO merchants_merchant (public_id, name, time_zone, created_at)"
            " SELECT 'm' || n, 'Merchant ' || n, 'UTC', now() FROM generate_series(1, %s) AS n",
            [MERCHANTS],
        )
        owner.execute(
            "INSERT INTO connections_connection (merchant_id, public_id, integration, environment, account_id, account_name,"
            " authorised_by, authorised_at, state, facts, created_at)"
            " SELECT m.id, 'c' || n, 'ebay', 'simulator', 'a' || n, 'seller', '', now(), 'active', '{}', now()"
            " FROM generate_series(1, %s) AS n JOIN merchants_merchant m ON m.public_id = 'm' || (n %% %s + 1)",
            [idle + DUE, MERCHANTS],
        )
        owner.execute(
            "INSERT INTO sync_stream (merchant_id, connection_id, kind, cursor, due_at, lease_token, running, wakes, failures,"
            " crashes, last_error, last_note)"
            " SELECT merchant_id, id, 'pull_orders', '{}', now() + interval '1 hour', 0, false, 0, 0, 0, '', ''"
            " FROM connections_connection"
        )
        owner.execute("VACUUM ANALYZE")


def _make_due() -> None:
    from cartrover.merchants.tenancy import across_merchants
    from cartrover.sync.models import Stream

    with across_merchants("the benchmark makes streams due"):
        from django.db.models.functions import Now

        Stream.objects.filter(lease_until__isnull=False).update(lease_until=None, running=False, due_at=None)
        chosen = Stream.objects.order_by("connection_id").values_list("pk", flat=True)[:DUE]
        Stream.objects.filter(pk__in=list(chosen)).update(due_at=Now(), crashes=0)
