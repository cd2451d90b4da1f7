from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from tests.journeys.conftest import outside, stage
from tests.stage import World

__all__ = ["outside", "stage"]

ROOT = Path(__file__).parents[2]


@dataclass
class Mortal:
    """A worker on its way to its end."""

    pid: int
    answers: IO[str]

    def end(self) -> int:
        """Wait for it. Returns its exit code; a negative one is the signal that ended it."""
        return int(json.loads(self.answers.readline())["ended"])


@dataclass
class Mortals:
    """Workers that die where they are told to; see ``dying.py``."""

    process: subprocess.Popen[str]

    def start(self, point: str, number: signal.Signals = signal.SIGKILL) -> Mortal:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"point": point, "signal": number.name}) + "\n")
        self.process.stdin.flush()
        return Mortal(int(json.loads(self.process.stdout.readline())["pid"]), self.process.stdout)

    def die(self, point: str) -> int:
        return self.start(point).end()


@pytest.fixture(scope="session")
def mortals(outside: World, django_db_setup: None) -> Iterator[Mortals]:
    command = [sys.executable, "-m", "tests.faults.dying"]
    environment = os.environ | outside.environment
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield Mortals(process)
    os.killpg(process.pid, signal.SIGKILL)  # the workers that it has forked too
    process.wait(30)
