"""Real workers: Celery on a real Redis, as in production, at thirty times the pace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cartrover.embedded.account import account
from cartrover.embedded.processes import WORKER
from cartrover.embedded.redis_server import server_program
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
PACE = {"ENGINE_PACE": "30", "WORKER_SLOTS": "4"}


@contextmanager
def worker(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, in a process group of its own that is gone afterwards."""
    command = [sys.executable, "-m", *WORKER]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | PACE | environment, start_new_session=True)
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process at once, as a power cut does. It may be gone already."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


@contextmanager
def own_redis(folder: Path, port: int) -> Iterator[tuple[subprocess.Popen[bytes], Mapping[str, str]]]:
    """A Redis that a test may kill, and the variable that points a worker at it."""
    command = [str(server_program(account())), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_until(lambda: _answers(port))
        yield process, {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    finally:
        kill(process)


def _answers(port: int) -> bool:
    with Redis(host="127.0.0.1", port=port) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False
