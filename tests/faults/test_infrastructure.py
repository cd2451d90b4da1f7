"""Redis is only a hint, workers come and go, and PostgreSQL may be away at the worst moment."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection as database
from redis import Redis

from cartrover.celery import app
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync import durations, effects, streams, tasks
from cartrover.sync.models import Call, Stream
from tests.faults.outcome import created, delivered, drain, problems, recover
from tests.faults.workers import kill, own_redis, worker
from tests.stage import Stage
from tests.waiting import wait_until


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.flushall()
        yield client
        client.flushall()


def test_hints_that_are_lost_are_given_again(stage: Stage, redis: Redis) -> None:
    stage.wake()
    assert tasks.tick()
    queue = app.conf.task_default_queue
    assert redis.llen(queue) > 0
    redis.flushall()
    assert tasks.tick()
    assert redis.llen(queue) > 0


def test_any_number_of_tickers_give_no_more_hints_than_there_are_hands(stage: Stage, redis: Redis) -> None:
    stage.wake()
    for _ in range(5):
        tasks.tick()
    assert redis.llen(app.conf.task_default_queue) <= settings.WORKER_SLOTS


def test_nobody_waits_for_a_redis_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """One try, and then none for a while: a page, or a step that wakes another, does not hang on it."""
    tried: list[str] = []
    real = app.connection_for_write

    def nowhere(**options: Any) -> Any:
        tried.append("redis")
        return real("redis://127.0.0.1:9/0", **options)

    monkeypatch.setattr(app, "connection_for_write", nowhere)
    monkeypatch.setattr(tasks, "_away", tasks._Away())
    assert [tasks.hint(1) for _ in range(3)] == [False, False, False]
    assert tried == ["redis"]
    with durations.changed(hint_patience=0.0):
        monkeypatch.setattr(tasks, "_away", tasks._Away())
        assert [tasks.hint(1) for _ in range(2)] == [False, False]
    assert tried == ["redis"] * 3


def test_a_forged_hint_names_no_stream_and_no_merchant(stage: Stage) -> None:
    stage.wake()
    due = streams.due_count(100)
    for forged in ({"args": [17]}, {"kwargs": {"merchant_id": stage.merchant.pk, "stream_id": 1}}):
        assert isinstance(tasks.look.apply(**forged).result, TypeError)
    assert streams.due_count(100) == due
    with acting_for(stage.merchant):
        assert not Stream.objects.filter(running=True).exists()


def terminate_backend() -> None:
    """PostgreSQL ends this process's session, as when it restarts."""
    pid = database.connection.info.backend_pid
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])


@pytest.mark.parametrize("kind", ["order", "shipment"])
def test_the_database_that_goes_away_between_answer_and_commit_doubles_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    number = delivered(stage)
    if kind == "order":
        number = stage.sell("TENT-2P")
    else:
        stage.ship(number)
    real = effects._settle
    gone: list[int] = []

    def settle(work: Any, effect: Any, **changes: Any) -> None:
        if effect.kind == kind and not gone:
            gone.append(1)
            terminate_backend()
        real(work, effect, **changes)

    monkeypatch.setattr(effects, "_settle", settle)
    stage.settle()
    assert gone == [1]
    recover(stage)
    assert created(stage, number) == 1
    assert stage.packages_at_ebay() == ([] if kind == "order" else [(number, "1Z999AA1")])
    assert problems(stage) == []


def test_without_a_database_nobody_is_called(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call whose result could not be recorded is not made."""
    delivered(stage)
    stage.sell("TENT-2P")
    real = effects._intend

    def intend(*args: Any) -> None:
        terminate_backend()
        real(*args)

    with acting_for(stage.merchant):
        before = Call.objects.filter(method="POST").count()
    monkeypatch.setattr(effects, "_intend", intend)
    stage.settle()
    with acting_for(stage.merchant):
        assert Call.objects.filter(method="POST").count() == before
        assert Order.objects.filter(status="new").count() == 1
    monkeypatch.setattr(effects, "_intend", real)
    recover(stage)
    assert len(stage.at_warehouse()) == 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_worker_goes_on_without_redis_and_leaves_nothing_half_done_when_it_is_told_to_stop(
    stage: Stage, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.stock("TENT-2P")
    with own_redis(tmp_path, free_port()) as (server, variables), worker(**variables) as process:
        with app.connection_for_write(variables["REDIS_URL"]) as broker:
            app.send_task("cartrover.look", args=["forged"], connection=broker)
        first = stage.sell("TENT-2P")
        wait_until(lambda: created(stage, first) == 1)
        kill(server)
        second = stage.sell("TENT-2P")
        wait_until(lambda: created(stage, second) == 1, 90)
        stage.world.gecko.fault("effect_then_delay", method="POST", path="/orders$", seconds=3.0)
        third = stage.sell("TENT-2P")
        wait_until(lambda: created(stage, third) == 1, 90)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    with acting_for(stage.merchant):
        assert not Stream.objects.filter(running=True).exists(), "each lease was given back"
    assert {stage.order(number).status for number in (first, second, third)} == {"at_wms"}
    drain()
    assert [created(stage, number) for number in (first, second, third)] == [1, 1, 1]
