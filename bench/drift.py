"""P3: orders that change while they are paged. Who has lost some for ever?"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.dlt import Dlt
from bench.figure import Measure, row
from bench.stage import fill, only, pull_until_it_rests

if TYPE_CHECKING:
    from tests.stage import World

ORDERS = 5029
POLLS = 6
QUIET = 2  # of them, at the end
RATES = (1, 5)  # orders that change after each answered page
CLOSED = 7.0  # seconds: a window ends five seconds before the provider's now, whose header tells whole ones


def rows(world: World, folder: Path) -> Iterator[str]:
    measures = {f"{rate}_a_page": _lost(world, folder, rate) for rate in RATES}
    yield row(
        "P3",
        f"orders missing for ever of {ORDERS}, when some change after each page; {POLLS} polls, {QUIET} of them quiet",
        measures,
        comparator="dlt",
        stale={name: dict(measure.more) for name, measure in measures.items()},
    )


def _lost(world: World, folder: Path, rate: int) -> Measure:
    from cartrover.merchants.tenancy import acting_for
    from cartrover.orders.models import Order
    from cartrover.sync.models import Stream
    from tests.stage import set_up

    stages = {who: set_up(world, seller=f"drift_{who}_{rate}") for who in ("ours", "dlt")}
    for stage in stages.values():
        fill(stage, ORDERS)
    token = world.ebay.grant(stages["dlt"].seller)["access_token"]
    since = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    dlt = Dlt(f"drift_{rate}", world.ebay.api, token, since, folder)
    cursor: dict[str, object] = {}
    world.ebay.set(newest_first=False)  # as eBay's specification says; what changes then moves back past the next page
    for poll in range(POLLS):
        world.ebay.set(drift_per_page=0 if poll >= POLLS - QUIET else rate)
        time.sleep(CLOSED)
        only(stages["ours"], Stream.Kind.PULL_ORDERS, **cursor)
        pull_until_it_rests()
        with acting_for(stages["ours"].merchant):
            cursor = dict(Stream.objects.get(kind=Stream.Kind.PULL_ORDERS).cursor)
            mine = dict(Order.objects.values_list("external_id", "modified_at"))
        dlt.pull()
    world.ebay.set(drift_per_page=0)
    there = {each["orderId"]: each for each in world.ebay.told("orders")}
    real = {who: _of(there, stage.seller) for who, stage in stages.items()}
    theirs = dlt.orders()
    stale = sum(mine[key] != at for key, at in real["ours"].items() if key in mine)
    return Measure(
        len(real["ours"].keys() - mine.keys()),
        0,
        0,
        theirs=len(real["dlt"].keys() - theirs.keys()),
        least=False,
        more={"ours": stale, "dlt": sum(_moment(theirs[key]) != at for key, at in real["dlt"].items() if key in theirs)},
    )


def _of(orders: dict[str, dict[str, str]], seller: str) -> dict[str, datetime]:
    return {key: _moment(each["lastModifiedDate"]) for key, each in orders.items() if each["sellerId"] == seller}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
