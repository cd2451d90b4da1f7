"""The warehouse's customer for a cart: found or made once, and remembered by its effect."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.sync.deliveries import identity_of
from cartrover.sync.effects import Found, Plan, carry_out
from cartrover.sync.work import Work
from integrations.contract import Warehouse as WarehouseClient


def customer_of(work: Work, client: WarehouseClient, cart: Cart) -> str:
    """The customer's id at the warehouse. Raises an Outcome."""
    identity = identity_of(cart)

    def look(key: str) -> Found | None:
        found = client.find_customer(identity)
        return Found(found) if found else None

    return carry_out(
        work,
        Plan(
            kind="customer",
            subject=identity.key,
            content=identity,
            look=look,
            send=lambda key: client.find_customer(identity) or client.make_customer(identity, key=key),
        ),
    )
