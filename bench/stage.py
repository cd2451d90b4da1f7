"""What is measured: the real engine on a real PostgreSQL with row-level security, against the stand-ins as processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from tests.stage import Stage

BATCH = 2500  # orders that the stand-in is asked to make at once
COUNTED = ("orders_order", "orders_orderline", "orders_shipment", "orders_shipmentline", "events_event")


@contextmanager
def installation() -> Iterator[None]:
    """Empty servers, gone afterwards, and Django on them."""
    from cartrover.embedded.services import throwaway

    with throwaway() as environment:
        os.environ.update(environment)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartrover.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", database="owner", verbosity=0)
        call_command("createcachetable", database="owner", verbosity=0)
        yield


def fill(stage: Stage, count: int, *, hours: float = 24 * 20) -> None:
    """Orders at the stand-in, placed evenly over the last days, each rendered once beforehand."""
    ebay = stage.world.ebay
    for number in range(1, 101):
        ebay.control(
            "listings", seller=stage.seller, marketplace="EBAY_US", sku=f"SKU-{number:03d}", price="19.95", quantity=10**6
        )
    for done in range(0, count, BATCH):
        ebay.control("orders/generate", seller=stage.seller, count=min(BATCH, count - done), hours=hours, seed=done)
    read_all(stage)


def read_all(stage: Stage) -> None:
    """Read every page once, so that the stand-in has its answers at hand: a benchmark of a client should measure the client."""
    ebay, offset, total = stage.world.ebay, 0, 1
    token = ebay.grant(stage.seller)["access_token"]
    since = (datetime.now(UTC) - timedelta(days=80)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    while offset < total:
        page = ebay.session.get(
            f"{ebay.api}/sell/fulfillment/v1/order?filter=lastmodifieddate:%5B{since}..%5D&limit=200&offset={offset}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        ).json()
        total, offset = page["total"], offset + 200


def pull_until_it_rests() -> float:
    """Let the order pulls run as a worker would. Returns the seconds it took."""
    from cartrover.sync import streams
    from cartrover.sync.runner import run

    started = time.perf_counter()
    while claimed := streams.claim(1):
        run(claimed[0])
    return time.perf_counter() - started


def only(stage: Stage, *kinds: str, **cursor: Any) -> None:
    """Make only these streams due, from the beginning or with this cursor."""
    from django.db.models.functions import Now

    from cartrover.merchants.tenancy import acting_for
    from cartrover.sync.models import Stream

    with acting_for(stage.merchant):
        Stream.objects.update(due_at=None)
        Stream.objects.filter(kind__in=kinds).update(due_at=Now(), cursor=cursor)


def forget_orders() -> None:
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("TRUNCATE orders_order, events_event, sync_call CASCADE")
        owner.execute("VACUUM ANALYZE")


def versions_written() -> int:
    """Row versions of orders, lines, shipments and events, as PostgreSQL counts them."""
    from django.db import connections

    connections.close_all()  # a backend hands in its counts when it ends
    time.sleep(1)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        [count] = owner.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE relname = ANY(%s)",
            [list(COUNTED)],
        ).fetchone() or (0,)
    return int(count)


def counted(calls: Callable[[], dict[str, int]]) -> Callable[[], dict[str, int]]:
    """What was called since."""
    before = calls()
    return lambda: {name: count - before.get(name, 0) for name, count in calls().items() if count > before.get(name, 0)}
