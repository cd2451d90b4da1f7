"""The data folder: where it is, who holds it, what it keeps."""

import fcntl
import hashlib
import os
import secrets
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from cartrover.embedded.account import SHARED
from cartrover.embedded.errors import AlreadyRunning, EmbeddedError
from cartrover.embedded.notes import Notes
from cartrover.embedded.ports import Ports
from cartrover.embedded.tether import end_leftovers

CHECKOUT = Path(__file__).resolve().parents[2]
THROWAWAY = "throwaway"


class Place:
    """One data folder. Two of them share nothing, so two checkouts never meet."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.secrets = Notes(root / "secrets.json")
        self.environment = Notes(root / "environment.json")
        self.ports = Ports(Notes(root / "ports.json"))

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def log(self, name: str) -> Path:
        path = self.folder("logs") / f"{name}.log"
        path.touch()
        return path

    def password(self, name: str) -> str:
        return self.secrets.once(name, lambda: secrets.token_urlsafe(48))

    def credential_key(self) -> str:
        """`keyid:base64` of 32 bytes, the form of CREDENTIAL_KEYS."""
        return self.secrets.once("credential_key", lambda: f"k1:{b64encode(secrets.token_bytes(32)).decode()}")


def home() -> Path:
    """Where this checkout's data folders lie side by side: in the checkout; as root outside private homes, since the servers
    run under another account.
    """
    if os.geteuid() != 0:
        return CHECKOUT / ".data"
    return SHARED / hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:10]


def default_root() -> Path:
    """The data folder of `make demo` and `make up`."""
    return home() / "portal"


@contextmanager
def held(root: Path) -> Iterator[Place]:
    """Holds the folder for this process. The kernel lets go of it when we die, so the lock is never stale."""
    try:
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = _opened(root / "lock")
    except OSError as error:
        raise EmbeddedError(f"The data folder {root} cannot be written: {error.strerror}.") from error
    with lock:
        if not _locked(lock):
            raise AlreadyRunning(f"CartRover already runs from {root}, as process {lock.read()}. End it first.")
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield Place(root)


@contextmanager
def held_throwaway() -> Iterator[Place]:
    """A folder for one run, deleted at its end; what killed runs left behind is deleted too."""
    parent = home() / THROWAWAY
    parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _opened(parent / "lock") as door:
            # One start after the other: a folder that is made and not yet held would look abandoned.
            fcntl.flock(door, fcntl.LOCK_EX)
            _delete_abandoned(parent)
            root = Path(tempfile.mkdtemp(dir=parent))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            place = stack.enter_context(held(root))
        # The servers' account passes through; what it and we keep inside is private.
        root.chmod(0o711)
        yield place


def _delete_abandoned(parent: Path) -> None:
    for folder in (path for path in parent.iterdir() if path.is_dir()):
        with _opened(folder / "lock") as lock:
            if _locked(lock):
                end_leftovers(folder)
                shutil.rmtree(folder, ignore_errors=True)


def _opened(path: Path) -> IO[str]:
    stream = path.open("a+")
    stream.seek(0)
    return stream


def _locked(stream: IO[str]) -> bool:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
