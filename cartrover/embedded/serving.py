"""Starting and ending one server on a port of 127.0.0.1."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cartrover.embedded.account import Account
from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import Place
from cartrover.embedded.tether import end, spawn

# Recovery after a crash of the machine may take a while.
START_SECONDS = 120.0
LOOK_SECONDS = 0.02
TRIES = 5


@dataclass(frozen=True)
class Server:
    """What to run: `port_taken` is what its log says when it could not have the port."""

    name: str
    command: Callable[[int], Sequence[str | Path]]
    ready: Callable[[subprocess.Popen[bytes], int], bool]
    farewell: signal.Signals
    port_taken: str
    text: str | None = None


@contextmanager
def served(server: Server, place: Place, account: Account) -> Iterator[int]:
    """The server runs, and answers on the port yielded, until the block ends."""
    process, port = _started(server, place, account)
    try:
        yield port
    finally:
        end(process, server.farewell)


def _started(server: Server, place: Place, account: Account) -> tuple[subprocess.Popen[bytes], int]:
    log = place.log(server.name)
    home = place.folder(server.name)
    account.own(home)
    for _ in range(TRIES):
        # Between our look and the server's start somebody else may take the port: then another is tried.
        port = place.ports.take(server.name)
        before = log.stat().st_size
        with log.open("ab") as output:
            process = spawn(
                server.command(port),
                environment={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                folder=home,
                output=output,
                farewell=server.farewell,
                account=account,
                text=server.text,
            )
        if _answers(server, process, port):
            return process, port
        end(process, server.farewell)
        said = log.read_bytes()[before:].decode(errors="replace")
        if server.port_taken not in said:
            raise EmbeddedError(f"{server.name} did not start. The end of {log}:\n{log_end(log)}")
        place.ports.forget(server.name)
    raise EmbeddedError(f"{server.name} found no free port on 127.0.0.1 in {TRIES} tries; see {log}.")


def _answers(server: Server, process: subprocess.Popen[bytes], port: int) -> bool:
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        if server.ready(process, port):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def log_end(log: Path) -> str:
    """Its last lines."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])
