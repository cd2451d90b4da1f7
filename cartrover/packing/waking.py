"""How the desk tells the engine that something has changed. The engine is built on the desk, so it is imported when needed."""

from __future__ import annotations


def packages_changed(connection_id: int) -> None:
    """Packages were made, shipped or taken back. Inside the merchant's door; the engine looks once that is committed."""
    from cartrover.sync import streams
    from cartrover.sync.models import Stream

    streams.ready(connection_id, Stream.Kind.PULL_SHIPMENTS)


def stock_changed(connection_id: int) -> None:
    """There is more or less to sell. As ``packages_changed``."""
    from cartrover.sync import streams
    from cartrover.sync.models import Stream

    streams.ready(connection_id, Stream.Kind.PULL_STOCK)
