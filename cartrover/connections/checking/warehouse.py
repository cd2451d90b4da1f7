"""Can a warehouse's orders, shipments, items and stock be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cartrover.connections.checking.findings import OK, WARN, Line
from cartrover.connections.checking.here import Here, provider_time
from integrations.contract import Window


def readable(here: Here) -> Iterator[Line]:
    client = here.house()
    lately = Window(provider_time(here) - timedelta(days=1), provider_time(here))
    client.orders_changed_in(lately)
    yield Line("orders", OK, "Orders can be read")
    client.shipments_in(lately)
    yield Line("shipments", OK, "Shipments can be read")


def catalogue(here: Here) -> Iterator[Line]:
    total = here.house().items().total
    if total:
        yield Line("items", OK, "Items and stock can be read", f"{total:,} item{'' if total == 1 else 's'}")
    else:
        yield Line("items", WARN, f"{here.name} holds no items yet", fix="Make the items there, with the SKUs of your cart.")
