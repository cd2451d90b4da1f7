"""Thirty orders through real workers while the list changes under the pull and calls fail at random, judged by the ledgers."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from django.conf import settings
from redis import Redis

from cartrover.orders.models import Status
from tests.faults.outcome import created, problems
from tests.faults.workers import kill, worker
from tests.stage import Stage
from tests.waiting import wait_until

ORDERS = 30
SEED = 20_260_722


@pytest.fixture
def unruly(stage: Stage) -> Iterator[Stage]:
    """Open orders change while eBay's list is paged; calls to both sides fail now and then, some after they took effect."""
    chance = random.Random(SEED)
    stage.world.ebay.set(drift_per_page=2)
    for _ in range(12):
        kind = chance.choice(["effect_then_status", "effect_then_reset", "truncate"])
        where = chance.choice(["/orders$", "/companies$", "/fulfillments$", "/stock_levels$", "/variants$"])
        stage.world.gecko.fault(kind, path=where, status=500)
        stage.world.ebay.control("faults", kind=kind, path=chance.choice(["/order$", "/shipping_fulfillment$"]), status=500)
    yield stage
    stage.world.ebay.set(drift_per_page=0)


@pytest.mark.soak
def test_each_is_delivered_once_and_each_package_told_once(unruly: Stage) -> None:
    stage = unruly
    stage.stock("TENT-2P", "LAMP", on_hand=500)
    numbers = [stage.sell(("TENT-2P", "LAMP")[at % 2], quantity=1 + at % 3) for at in range(ORDERS)]
    with worker() as first:
        wait_until(lambda: len(stage.at_warehouse()) >= ORDERS // 2, 120)
        Redis.from_url(settings.REDIS_URL).flushall()
        kill(first)
        with worker():
            wait_until(lambda: len(stage.at_warehouse()) == ORDERS, 120)
            stage.world.gecko.control("POST", "ship", {"account": stage.account, "share_partial": 0.3, "seed": SEED})
            stage.world.gecko.control("POST", "ship", {"account": stage.account, "only": "partial", "seed": SEED})
            wait_until(lambda: set(stage.statuses().values()) == {Status.CONFIRMED}, 180)
            time.sleep(2)  # what would be sent twice is sent by now
    assert Counter(created(stage, number) for number in numbers) == {1: ORDERS}
    told = stage.packages_at_ebay()
    left = [package["tracking_number"] for order in stage.at_warehouse() for package in order["fulfillments"]]
    assert sorted(tracking for _order, tracking in told) == sorted(left)
    assert len(told) == len(set(told))
    assert [each for each in problems(stage) if each[2] == "merchant"] == []
