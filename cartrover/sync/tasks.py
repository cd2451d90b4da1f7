"""The Celery door: a hint says "there is something to claim", and a worker looks."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import close_old_connections, connections

from cartrover.celery import app
from cartrover.sync import streams
from cartrover.sync.durations import durations

log = logging.getLogger(__name__)
_stopping = threading.Event()


# A page that a person waits for, or a step that wakes another, must not wait for Redis as well.
_AT_ONCE = {"socket_timeout": 2, "socket_connect_timeout": 1, "max_retries": 0, "interval_start": 0, "interval_max": 0}


class _Away:
    """Until when this process does not try Redis again, by its own clock."""

    until = 0.0


_away = _Away()


@shared_task(name="cartrover.look")
def look() -> int:
    """Claim and run streams until none is due. Returns how many ran."""
    from cartrover.sync.runner import run  # the steps import the integrations, which the ticker does not need

    ran = 0
    close_old_connections()
    while not _stopping.is_set():
        claimed = streams.claim(1)
        if not claimed:
            return ran
        run(claimed[0])
        ran += 1
    return ran


def hint(count: int) -> bool:
    """Tell the workers that streams are due. False when Redis is away; nothing is lost by that, and nobody waits for it."""
    if time.monotonic() < _away.until:
        return False
    try:
        with app.connection_for_write(transport_options=_AT_ONCE) as broker:
            waiting = broker.default_channel.client.llen(app.conf.task_default_queue)
            for _ in range(max(0, min(count, settings.WORKER_SLOTS - waiting))):
                look.apply_async(connection=broker, retry=False)
    except Exception as error:  # whatever Redis throws, the next tick looks again
        log.warning("no hint could be sent: %s", type(error).__name__)
        _away.until = time.monotonic() + durations().hint_patience
        return False
    return True


def tick() -> bool:
    """Hint for what is due. Any number of processes may tick. False when hints cannot be sent and something is due."""
    due = streams.due_count(settings.WORKER_SLOTS)
    return hint(due) if due else True


class Ticker:
    """Ticks each second. In a worker it runs due streams itself while Redis is away: slower, but everything still moves."""

    def __init__(self, *, hands: int = 0) -> None:
        self._pool = ThreadPoolExecutor(hands, thread_name_prefix="without-redis") if hands else None
        self._busy = threading.Semaphore(hands) if hands else None

    def run(self) -> None:
        while not _stopping.wait(durations().tick):
            try:
                close_old_connections()
                if not tick():
                    self._look_here()
            except Exception:  # PostgreSQL restarts; the ticker outlives it
                log.warning("a tick failed", exc_info=True)
                connections.close_all()

    def _look_here(self) -> None:
        if self._pool is None or self._busy is None or not self._busy.acquire(blocking=False):
            return
        busy = self._busy

        def work() -> None:
            try:
                look()
            finally:
                busy.release()
                connections.close_all()

        self._pool.submit(work)


def stop_ticking() -> None:
    _stopping.set()


@worker_ready.connect
def _tick_here(**kwargs: Any) -> None:
    _stopping.clear()
    threading.Thread(target=Ticker(hands=4).run, name="ticker", daemon=True).start()


@worker_shutting_down.connect
def _stop(**kwargs: Any) -> None:
    _stopping.set()
