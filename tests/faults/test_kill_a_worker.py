"""A worker is killed in the middle of each step; the stand-ins' ledgers tell what came of it."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from cartrover.connections.models import Cart
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, OrderLine, Shipment
from cartrover.sync import durations, streams
from cartrover.sync.runner import run
from tests.faults.conftest import Mortals
from tests.faults.outcome import companies, created, delivered, problems, recover
from tests.faults.workers import kill, worker
from tests.stage import Stage
from tests.waiting import wait_until

ORDER = ["order claimed", "order intended", "order sent", "order answered", "order confirmed", "order done", "customer sent"]
VOID = [f"void {step}" for step in ("intended", "sent", "answered", "confirmed")]
TRACKING = [f"tracking {step}" for step in ("claimed", "intended", "sent", "answered", "confirmed", "done")]


@pytest.mark.parametrize("point", ORDER)
def test_an_order_is_at_the_warehouse_once_wherever_its_worker_dies(point: str, stage: Stage, mortals: Mortals) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=2)
    stage.world.let_pass()
    stage.wake()
    assert mortals.die(point) == -signal.SIGKILL
    recover(stage)
    assert created(stage, number) == 1
    assert len(companies(stage)) == 1
    assert stage.order(number).status == "at_wms"
    assert problems(stage) == []


@pytest.mark.parametrize("point", VOID)
def test_an_order_is_voided_once_wherever_its_worker_dies(point: str, stage: Stage, mortals: Mortals) -> None:
    number = delivered(stage)
    stage.world.ebay.control(f"orders/{number}/cancel")
    stage.world.let_pass()
    stage.wake("pull_orders")
    (pull,) = streams.claim(1)
    run(pull)
    assert stage.order(number).errand == "void"
    assert mortals.die(point) == -signal.SIGKILL
    recover(stage)
    voided = [entry for entry in stage.world.gecko.ledger("order_voided") if entry["account_id"] == stage.account]
    assert (len(voided), created(stage, number), stage.order(number).status) == (1, 1, "canceled")
    assert problems(stage) == []


@pytest.mark.parametrize("point", TRACKING)
def test_a_package_is_told_once_wherever_its_worker_dies(point: str, stage: Stage, mortals: Mortals) -> None:
    number = delivered(stage)
    stage.ship(number)
    stage.world.let_pass()
    stage.wake("pull_shipments", "confirm_shipments")
    assert mortals.die(point) == -signal.SIGKILL
    recover(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]
    assert stage.order(number).status == "confirmed"
    assert problems(stage) == []


def test_a_listing_shows_the_figure_of_before_although_the_worker_died_that_had_set_another(
    stage: Stage, mortals: Mortals
) -> None:
    stage.stock("TENT-2P", on_hand=5)
    stage.world.ebay.control("listings", marketplace="EBAY_US", seller=stage.seller, sku="TENT-2P", quantity=1)
    stage.settle()
    assert stage.shown("TENT-2P") == 5
    stage.count("TENT-2P", 7)
    _upload(stage, on=False)  # all else that a push waits for happens first
    stage.settle()
    _upload(stage, on=True)
    stage.wake("push_stock")
    assert mortals.die("stock sent") == -signal.SIGKILL
    assert stage.shown("TENT-2P") == 7
    stage.count("TENT-2P", 5)
    recover(stage)
    assert stage.shown("TENT-2P") == 5


def _upload(stage: Stage, *, on: bool) -> None:
    with acting_for(stage.merchant):
        Cart.objects.update(services={"inventory_upload": {"on": on}})


def test_a_page_that_was_half_stored_is_not_there_at_all_and_is_read_again(stage: Stage, mortals: Mortals) -> None:
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P") for _ in range(3)]
    stage.world.let_pass()
    stage.wake("pull_orders")
    assert mortals.die("page half stored") == -signal.SIGKILL
    with acting_for(stage.merchant):
        assert Order.objects.count() == 0
    recover(stage)
    with acting_for(stage.merchant):
        assert OrderLine.objects.count() == 3
    assert [created(stage, number) for number in numbers] == [1, 1, 1]


def test_a_package_that_was_half_stored_is_read_again(stage: Stage, mortals: Mortals) -> None:
    number = delivered(stage)
    stage.ship(number)
    stage.world.let_pass()
    stage.wake("pull_shipments")
    assert mortals.die("package half stored") == -signal.SIGKILL
    with acting_for(stage.merchant):
        assert Shipment.objects.count() == 0
    recover(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


def test_the_warehouse_ships_before_we_know_that_the_order_is_there(stage: Stage, mortals: Mortals) -> None:
    """Its package is read while the order is still in doubt, and must not be passed over for that."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.let_pass()
    stage.wake()
    assert mortals.die("order sent") == -signal.SIGKILL
    stage.ship(number)
    with durations.changed(safety=0.0, watermark_lag=0.0):
        for _ in range(2):
            stage.settle("pull_shipments")
    assert stage.packages_at_ebay() == []
    recover(stage)
    assert created(stage, number) == 1
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


def test_who_cancels_when_the_order_is_there_although_we_do_not_know_it_yet_has_it_voided_there(
    stage: Stage, mortals: Mortals
) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.let_pass()
    stage.wake()
    assert mortals.die("order confirmed") == -signal.SIGKILL
    stage.world.ebay.control(f"orders/{number}/cancel")
    stage.settle("pull_orders")
    recover(stage)
    assert (created(stage, number), stage.order(number).status) == (1, "canceled")
    assert stage.at_warehouse() == []
    assert problems(stage) == []


def test_a_stopped_worker_that_goes_on_later_changes_nothing(stage: Stage, mortals: Mortals) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.let_pass()
    stage.wake()
    sleeper = mortals.start("order answered", signal.SIGSTOP)
    wait_until(lambda: psutil.Process(sleeper.pid).status() == psutil.STATUS_STOPPED)
    recover(stage)
    before = stage.order(number)
    assert before.status == "at_wms"
    stage.ship(number)
    stage.settle()
    recover(stage)
    assert stage.order(number).status == "confirmed"
    os.kill(sleeper.pid, signal.SIGCONT)
    assert sleeper.end() == 0
    assert (stage.order(number).status, stage.order(number).delivered_at) == ("confirmed", before.delivered_at)
    assert created(stage, number) == 1


def test_a_second_worker_takes_over_what_the_first_was_sending(stage: Stage) -> None:
    """Nothing is shortened here: the lease ends by itself, and the successor's own look finds the order."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("effect_then_delay", method="POST", path="/orders$", seconds=20.0)
    with worker() as first:
        wait_until(lambda: created(stage, number) == 1)
        kill(first)
    assert stage.order(number).status == "new"
    with worker():
        wait_until(lambda: stage.order(number).status == "at_wms")
    assert created(stage, number) == 1
