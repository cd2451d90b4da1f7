"""Child processes that end when we end, however we end."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

from cartrover.embedded.account import Account

MARK = "CARTROVER_DATA"
SERVERS = ("postgres", "redis-server")
PATIENCE = 15.0
PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    output: int | IO[bytes],
    farewell: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    text: str | None = None,
) -> subprocess.Popen[bytes]:
    """Starts a child that gets the signal `farewell` when we are gone (on Linux; elsewhere the next start ends it).

    The child stands outside the terminal's process group: Ctrl-C reaches us alone, and we end the children in order.
    """
    account = account or Account()
    child = subprocess.Popen(
        [str(part) for part in command],
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid,
        group=account.gid,
        extra_groups=None if account.gid is None else [],
        # After the change of account, which would clear the wish.
        preexec_fn=_farewell_wish(farewell),
    )
    if child.stdin is not None and text is not None:
        child.stdin.write(text.encode())
        child.stdin.close()
    return child


def end(child: subprocess.Popen[bytes], farewell: signal.Signals = signal.SIGTERM) -> None:
    """Asks the child to end, and kills it when it does not."""
    if child.poll() is None:
        child.send_signal(farewell)
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def end_leftovers(root: Path) -> None:
    """Ends what an earlier run from this data folder left running. Only the folder's holder may ask for it."""
    leftovers = [process for process in psutil.process_iter() if _is_leftover(process, root)]
    for farewell in (signal.SIGINT, signal.SIGKILL):
        for process in leftovers:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(farewell)
        _, leftovers = psutil.wait_procs(leftovers, timeout=PATIENCE)


def _is_leftover(process: psutil.Process, root: Path) -> bool:
    try:
        if process.pid == os.getpid():
            return False
        if process.name() in SERVERS:
            return Path(process.cwd()).is_relative_to(root)
        return process.environ().get(MARK) == str(root)
    except (psutil.Error, OSError):
        # Gone by now, or not ours to look at.
        return False


def _farewell_wish(farewell: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl

    def wish() -> None:
        prctl(PR_SET_PDEATHSIG, farewell)
        if os.getppid() != parent:
            os._exit(1)

    return wish
