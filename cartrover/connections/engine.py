"""How the engine hears that a connection changed. It is built on connections, so it is imported when it is needed."""

from __future__ import annotations

from cartrover.connections.models import Connection


def changed(connection: Connection) -> None:
    """Run the streams that the connection now needs, from now on, and stop the others. Inside the merchant's door."""
    from cartrover.sync import streams

    streams.ensure(connection)
    streams.wake(connection.pk, *streams.wanted_kinds(connection))
