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
BATCH = 5_000  # rows a statement


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
    """Merchants with connections whose order pulls sleep for an hour."""
    import os
    from datetime import timedelta

    import psycopg
    from django.utils import timezone

    from cartrover.connections.models import Connection
    from cartrover.merchants.models import Merchant
    from cartrover.merchants.tenancy import across_merchants
    from cartrover.sync.models import Stream

    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("TRUNCATE merchants_merchant CASCADE")
        now = timezone.now()
        with across_merchants("the benchmark makes merchants"):
            merchants = Merchant.objects.bulk_create(Merchant(name=f"Merchant {number}") for number in range(MERCHANTS))
            connections = Connection.objects.bulk_create(
                (
                    Connection(
                        merchant_id=merchants[number % MERCHANTS].pk,
                        integration="ebay",
                        environment="simulator",
                        account_id=f"a{number}",
                        account_name="seller",
                        authorised_at=now,
                    )
                    for number in range(idle + DUE)
                ),
                batch_size=BATCH,
            )
            asleep = now + timedelta(hours=1)
            Stream.objects.bulk_create(
                (
                    Stream(merchant_id=each.merchant_id, connection=each, kind=Stream.Kind.PULL_ORDERS, due_at=asleep)
                    for each in connections
                ),
                batch_size=BATCH,
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
