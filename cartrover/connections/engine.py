"""How connections reach the engine. It is built on connections, so it is imported when it is needed."""

from __future__ import annotations

from cartrover.connections.models import Cart, Connection
from integrations.contract import Wire


def changed(connection: Connection) -> None:
    """Run the streams that the connection now needs, from now on, and stop the others. Inside the merchant's door."""
    from cartrover.sync import streams

    streams.ensure(connection)
    streams.wake(connection.pk, *streams.wanted_kinds(connection))


def account_read(connection: Connection) -> None:
    """What the account lacked it may have by now. Inside the merchant's door."""
    from cartrover.sync import lacking

    lacking.found(connection)


def products_renamed(cart: Cart) -> None:
    """The cart's products go by another number from now on: what waits for a SKU is judged again. Inside the merchant's door."""
    from cartrover.sync import sku_rules

    sku_rules.renamed(cart)


def wire(connection: Connection) -> Wire:
    """A wire for what a person asks just now: within the provider's budget and in the request trail, under no stream's lease."""
    from cartrover.sync import opening

    return opening.wire_for_a_person(connection)
