"""The account the database servers run under.

PostgreSQL refuses to run as root. As root, a system account without a shell or a home takes its place; otherwise the
servers run as whoever started them.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from cartrover.embedded.errors import EmbeddedError

NAME = "cartrover"
SHARED = Path("/var/lib/cartrover")


@dataclass(frozen=True)
class Account:
    """`uid` and `gid` are None where the servers run as ourselves."""

    uid: int | None = None
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Gives the account one file or folder, for nobody else to read."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def reach(self, package: str, *folders: str) -> Path:
        """Where the account can run programs of an installed package: the parent of the `folders` asked for.

        As root they are copied, since ours may lie in a private home, which stays private.
        """
        installed = Path(str(distribution(package).locate_file("")))
        if self.uid is None:
            return installed
        copy = SHARED / f"{package}-{distribution(package).version}"
        if not copy.exists():
            SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
            _copy(installed, folders, copy)
        return copy


def account() -> Account:
    """Ourselves, or as root the system account, which is made when it is missing."""
    if os.geteuid() != 0:
        return Account()
    entry = _found() or _made_once()
    return Account(entry.pw_uid, entry.pw_gid)


def _found() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _made_once() -> pwd.struct_passwd:
    """Two first starts at once must not both make it: the second's useradd may undo the first's, whose servers run by then."""
    SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    with (SHARED / "account.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _found() or _made()


def _made() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and the account {NAME!r} could not be made: {error}. "
            f"Run as another user, or make the account: {' '.join(command)}"
        ) from error
    return pwd.getpwnam(NAME)


def _copy(source: Path, folders: tuple[str, ...], target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=SHARED) as unfinished:
        copy = Path(unfinished, "copy")
        for folder in folders:
            shutil.copytree(source / folder, copy / folder, symlinks=True)
        try:
            copy.rename(target)
        except OSError:
            # Another start was quicker, and its copy is the same.
            if not target.exists():
                raise
