"""Free ports on 127.0.0.1, the same after a restart where they are still free."""

import random
import socket

from cartrover.embedded.errors import EmbeddedError
from cartrover.embedded.notes import Notes

# Below the ports that systems give to outgoing calls, or one of those may sit on ours at the next start.
CHOICE = range(20_000, 32_000)


class Ports:
    def __init__(self, notes: Notes) -> None:
        self.notes = notes

    def take(self, name: str, preferred: int | None = None) -> int:
        """The first free one of: the port of last time, the preferred one, any."""
        noted = self.notes.read()
        before = noted.get(name)
        port = next((p for p in (before and int(before), preferred) if p and is_free(p)), None) or _any_free()
        self.notes.write(noted | {name: str(port)})
        return port

    def forget(self, name: str) -> None:
        """Next time another port is taken."""
        self.notes.write({known: port for known, port in self.notes.read().items() if known != name})


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Like the servers: connections of a former run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free() -> int:
    for port in random.SystemRandom().sample(CHOICE, 200):
        if is_free(port):
            return port
    raise EmbeddedError(f"No free port was found between {CHOICE.start} and {CHOICE.stop}.")
