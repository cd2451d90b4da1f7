"""Processes side by side, as one thing that runs or does not."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import CHECKOUT, Place
from cartrover.embedded.serving import log_end
from cartrover.embedded.tether import MARK, end, spawn

Found = TypeVar("Found")

LOOK_SECONDS = 0.1
START_SECONDS = 60.0


@dataclass
class Child:
    name: str
    process: subprocess.Popen[bytes]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=100))
    reader: threading.Thread | None = None

    def hear_out(self) -> None:
        """Waits until what the process printed has arrived; a child of its own may keep the pipe open for longer."""
        if self.reader is not None:
            self.reader.join(timeout=2)


class Supervisor:
    """Runs processes until the block ends. When one of them dies all end: half a portal looks like a whole one.

    What each prints goes to `logs/<name>.log` in the data folder and, unless `quiet`, to our output behind its name.
    """

    def __init__(self, place: Place, environment: Mapping[str, str], *, quiet: bool = False) -> None:
        self.place = place
        self.environment = dict(environment) | {MARK: str(place.root), "PYTHONUNBUFFERED": "1"}
        self.quiet = quiet
        self.children: dict[str, Child] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The last started leans on those before it.
        while self.children:
            end(self.children.popitem()[1].process)

    def start(self, name: str, command: Sequence[str], **variables: str) -> None:
        """Starts a process that is to run until the end."""
        self._spawn(name, command, variables, None if self.quiet else f"{name:>10} | ")

    def announced(self, name: str, command: Sequence[str]) -> dict[str, Any]:
        """Starts a process that prints a line of JSON once it is ready, and gives what that line says."""
        self.start(name, command)
        lines = self.children[name].lines
        said: dict[str, Any] = json.loads(
            self._wait(name, lambda: next((line for line in list(lines) if line.startswith("{")), None))
        )
        return said

    def wait_for_port(self, name: str, port: int) -> None:
        """Waits until something answers on 127.0.0.1:port, which the process `name` is to do."""
        self._wait(name, lambda: _answers(port) or None)

    def run(self, name: str, command: Sequence[str]) -> str:
        """Runs a command to its end and gives the last line it printed; its failure is an EmbeddedError."""
        code, last_line = self.outcome(name, command, prefix=None if self.quiet else f"{name:>10} | ")
        if code != 0:
            raise EmbeddedError(f"{name} failed ({_how(code)}). {self._last_words(name)}")
        return last_line

    def outcome(self, name: str, command: Sequence[str], *, prefix: str | None = "") -> tuple[int, str]:
        """Runs a command to its end, beside the others, and gives its exit code and the last line it printed."""
        child = self._spawn(name, command, {}, prefix)
        del self.children[name]
        try:
            while child.process.poll() is None:
                self.check()
                time.sleep(LOOK_SECONDS)
        finally:
            end(child.process)
        child.hear_out()
        return child.process.returncode, child.lines[-1] if child.lines else ""

    def check(self) -> None:
        """Raises when a process is no longer there."""
        for name, child in self.children.items():
            if child.process.poll() is not None:
                child.hear_out()
                how = _how(child.process.returncode)
                raise EmbeddedError(f"{name} ended ({how}), so everything ends. {self._last_words(name)}")

    def watch(self) -> None:
        """Waits for ever, and raises when a process is no longer there."""
        while True:
            self.check()
            time.sleep(LOOK_SECONDS)

    def _spawn(self, name: str, command: Sequence[str], variables: Mapping[str, str], prefix: str | None) -> Child:
        process = spawn(
            local(command),
            environment=self.environment | dict(variables),
            folder=CHECKOUT,
            output=subprocess.PIPE,
        )
        child = self.children[name] = Child(name, process)
        child.reader = threading.Thread(target=self._relay, args=(child, prefix), daemon=True)
        child.reader.start()
        return child

    def _relay(self, child: Child, prefix: str | None) -> None:
        with self.place.log(child.name).open("ab", buffering=0) as log:
            for line in child.process.stdout or ():
                log.write(line)
                text = line.decode(errors="replace").rstrip("\n")
                child.lines.append(text)
                if prefix is not None:
                    print(f"{prefix}{text}", flush=True)

    def _wait(self, name: str, look: Callable[[], Found | None]) -> Found:
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            self.check()
            if (found := look()) is not None:
                return found
            time.sleep(LOOK_SECONDS)
        raise EmbeddedError(f"{name} was not ready after {START_SECONDS:g} s. {self._last_words(name)}")

    def _last_words(self, name: str) -> str:
        log = self.place.log(name)
        return f"The end of {log}:\n{log_end(log)}"


def local(command: Sequence[str]) -> list[str]:
    """The command with the program of the Python environment that we run in."""
    program, *arguments = command
    if program == "python":
        return [sys.executable, *arguments]
    beside = Path(sys.executable).with_name(program)
    return [str(beside) if beside.exists() else program, *arguments]


def end_on_signals() -> None:
    """SIGTERM and a closed terminal then end us as Ctrl-C does, so that every block is left in order.

    Ctrl-C is named too: a shell that starts us in the background has us ignore it.
    """

    def leave(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _how(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
