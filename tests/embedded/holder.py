"""Somebody else who runs servers, and a look at what runs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from cartrover.embedded.place import CHECKOUT

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


def servers_in(root: Path) -> list[psutil.Process]:
    """The server processes that work in the folder."""
    return [process for process in psutil.process_iter() if _works_in(process, root)]


def _works_in(process: psutil.Process, root: Path) -> bool:
    try:
        return os.path.commonpath([process.cwd(), root]) == str(root)
    except (psutil.Error, ValueError):  # it ended meanwhile, or its folder did
        return False
