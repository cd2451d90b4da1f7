import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cartrover.embedded.place import CHECKOUT

VARIABLES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS")
HOLDER = """
import json, os, sys, time
from pathlib import Path
from cartrover.embedded.services import running
from cartrover.embedded.supervisor import end_on_signals
end_on_signals()
with running(Path(sys.argv[1])) as environment:
    print(json.dumps(environment), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no server, unlike that of a test run."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def make_root() -> Iterator[Callable[[], Path]]:
    """Empty data folders where the servers' account can reach them, which a test's own folder is not."""
    roots: list[Path] = []

    def make() -> Path:
        root = Path(tempfile.mkdtemp(prefix="cartrover-test-"))
        root.chmod(0o711)
        roots.append(root)
        return root

    yield make
    for root in roots:
        shutil.rmtree(root)


@pytest.fixture
def root(make_root: Callable[[], Path]) -> Path:
    return make_root()


class Holder:
    """A process of its own that runs the servers of a data folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(root)], cwd=CHECKOUT, stdout=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdout is not None
        self.environment: dict[str, str] = json.loads(self.process.stdout.readline())
        self.servers = servers_in(root)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def holder(bare: None, root: Path) -> Iterator[Holder]:
    holder = Holder(root)
    yield holder
    holder.end(signal.SIGKILL)
    until(lambda: not servers_in(root))


def servers_in(root: Path) -> list[psutil.Process]:
    """The server processes that work in the folder."""
    return [process for process in psutil.process_iter() if _works_in(process, root)]


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for what happens in another process."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not happen"
        time.sleep(0.05)


def _works_in(process: psutil.Process, root: Path) -> bool:
    try:
        return os.path.commonpath([process.cwd(), root]) == str(root)
    except psutil.Error:
        return False
