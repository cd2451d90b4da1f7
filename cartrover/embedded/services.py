"""The database and Redis for whoever needs them: those of the environment, else the embedded ones.

    python -m cartrover.embedded.services COMMAND...

runs a command with the checkout's own, and joins them where `make demo` or `make up` has them running.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cartrover.embedded.account import account
from cartrover.embedded.errors import AlreadyRunning, EmbeddedError
from cartrover.embedded.place import Place, default_root, held, held_throwaway
from cartrover.embedded.postgres_server import postgres
from cartrover.embedded.redis_server import redis
from cartrover.embedded.tether import end_leftovers

DATABASES = ("DATABASE_URL", "DATABASE_OWNER_URL")


@contextmanager
def running(root: Path | None = None) -> Iterator[dict[str, str]]:
    """The variables that reach a database and a Redis until the block ends, and the keys of this data folder:
    DATABASE_URL, DATABASE_OWNER_URL, REDIS_URL, SECRET_KEY, CREDENTIAL_KEYS.

    What the environment names already is used as it is, and nothing is started in its place. The data lies in `root`,
    by default in the checkout's own data folder, and is there again at the next start.
    """
    with held(root or default_root()) as place, serving(place, durable=True) as environment:
        yield environment


@contextmanager
def throwaway() -> Iterator[dict[str, str]]:
    """The same on empty servers, quick rather than durable, of which nothing is left after the block."""
    with held_throwaway() as place, serving(place, durable=False) as environment:
        yield environment


@contextmanager
def joined() -> Iterator[dict[str, str]]:
    """The checkout's own servers: those of a demo or portal that runs now, else started for this block."""
    with ExitStack() as stack:
        try:
            environment = stack.enter_context(running())
        except AlreadyRunning:
            environment = Place(default_root()).environment.read()
            if not environment:
                raise
        yield environment


@contextmanager
def serving(place: Place, *, durable: bool) -> Iterator[dict[str, str]]:
    """What `running` does, in a data folder that is held already."""
    environment = {name: os.environ[name] for name in (*DATABASES, "REDIS_URL") if os.environ.get(name)}
    named = [name for name in DATABASES if name in environment]
    if len(named) == 1:
        raise EmbeddedError(f"Only {named[0]} is set. Set both {' and '.join(DATABASES)}, or neither.")
    end_leftovers(place.root)
    with ExitStack() as stack:
        if not named:
            logins = stack.enter_context(postgres(place, account(), durable=durable))
            environment |= {"DATABASE_URL": logins.app, "DATABASE_OWNER_URL": logins.owner}
        if "REDIS_URL" not in environment:
            environment["REDIS_URL"] = stack.enter_context(redis(place, account(), durable=durable))
        environment["SECRET_KEY"] = os.environ.get("SECRET_KEY") or place.password("secret_key")
        environment["CREDENTIAL_KEYS"] = os.environ.get("CREDENTIAL_KEYS") or place.credential_key()
        place.environment.write(environment)
        stack.callback(place.environment.path.unlink, missing_ok=True)
        yield environment


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        with joined() as environment:
            return subprocess.run(command, env=os.environ | environment).returncode
    except EmbeddedError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
