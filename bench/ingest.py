"""P1, P2 and P11: orders into PostgreSQL, the same again, and what it costs in calls."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.dlt import Dlt
from bench.figure import Measure, middle, row
from bench.stage import counted, fill, forget_orders, only, pull_until_it_rests, versions_written

if TYPE_CHECKING:
    from tests.stage import World

ORDERS = 20_000
DELIVERED = 200
RUNS = 3


def rows(world: World, folder: Path) -> Iterator[str]:
    """Measure on one seller with many orders. Yields the rows as they are known."""
    from cartrover.merchants.tenancy import acting_for
    from cartrover.orders.models import Order
    from cartrover.sync.models import Stream
    from tests.stage import set_up

    stage = set_up(world, seller="bulk_seller")
    stage.stock(*(f"SKU-{number:03d}" for number in range(1, 101)), on_hand=10**6)
    fill(stage, ORDERS)
    only(stage, Stream.Kind.PULL_STOCK)
    pull_until_it_rests()
    token = world.ebay.grant(stage.seller)["access_token"]
    since = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S.000Z")

    ours, theirs, calls = [], [], {}
    for number in range(RUNS):
        forget_orders()
        called = counted(lambda: world.ebay.told("calls"))
        only(stage, Stream.Kind.PULL_ORDERS)
        ours.append(ORDERS / pull_until_it_rests())
        calls = called()
        with acting_for(stage.merchant):
            assert Order.objects.count() == ORDERS
        dlt = Dlt(f"bulk_{number}", world.ebay.api, token, since, folder)
        theirs.append(ORDERS / dlt.pull()["seconds"])
        assert len(dlt.orders()) == ORDERS
    yield row("P1", "orders a second from the eBay stand-in into PostgreSQL", _p1(ours, theirs), comparator="dlt", orders=ORDERS)

    with acting_for(stage.merchant):
        cursor = dict(Stream.objects.get(kind=Stream.Kind.PULL_ORDERS).cursor)
    before, rates = versions_written(), []
    for _ in range(RUNS):
        only(stage, Stream.Kind.PULL_ORDERS, **{**cursor, "gaps": [[cursor["since"], cursor["until"]]]})
        rates.append(ORDERS / pull_until_it_rests())
    written = versions_written() - before
    yield row(
        "P2",
        "polling again when nothing changed: row versions written, orders looked at a second",
        {"row_versions": Measure(written, 0, 0, least=False), "orders_a_second": Measure(middle(rates), 15_000, 30_000)},
    )

    called = counted(lambda: world.ebay.told("calls"))
    only(stage, Stream.Kind.PULL_ORDERS, **cursor)
    pull_until_it_rests()
    idle = sum(called().values())
    yield row(
        "P11",
        "list calls an order pulled; destination calls an order delivered; calls an idle order poll",
        {
            "list_calls": Measure(round(calls["getOrders"] / ORDERS, 5), 0.01, 0.007, least=False),
            "destination_calls": Measure(_destination_calls(stage), 1.1, 1.0, least=False),
            "idle_poll": Measure(idle, 1, 1, least=False),
        },
    )


def _p1(ours: list[float], theirs: list[float]) -> dict[str, Measure]:
    return {"orders_a_second": Measure(middle(ours), 1.5, 3, theirs=middle(theirs))}


def _destination_calls(stage: object) -> float:
    """Deliver some of the orders, and count what the warehouse was called for each."""
    from django.db.models.functions import Now

    from cartrover.merchants.tenancy import acting_for
    from cartrover.orders.models import Order, Status
    from cartrover.sync.models import Stream
    from tests.stage import Stage

    assert isinstance(stage, Stage)
    with acting_for(stage.merchant):
        chosen = list(Order.objects.filter(status=Status.NEW).order_by("pk").values_list("pk", flat=True)[:DELIVERED])
        Order.objects.filter(status=Status.NEW).exclude(pk__in=chosen).update(due_at=None)
        Order.objects.filter(pk__in=chosen).update(due_at=Now(), pulled_at=Now())
    called = counted(lambda: stage.world.gecko.control("GET", "calls"))
    only(stage, Stream.Kind.DELIVER_ORDERS)
    pull_until_it_rests()
    with acting_for(stage.merchant):
        delivered = Order.objects.filter(pk__in=chosen, status=Status.AT_WMS).count()
    return round(sum(called().values()) / delivered, 3)
