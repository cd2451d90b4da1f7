"""What a cart sells and what its warehouse has, read now: before going live nothing else has read them.

As a job of its own it is asked for on the SKUs page; a rehearsal and a test order begin with it where a side is not known yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from cartrover.connections.models import Cart, Warehouse
from cartrover.inventory.models import Listing
from cartrover.orders.gates.context import context
from cartrover.sync.jobs import Running, Step
from cartrover.sync.listings import read_listings
from cartrover.sync.pull_stock import read_catalogue


def run(running: Running) -> Iterator[Step]:
    """Raises an Outcome where an account cannot be read."""
    cart = running.cart()
    yield Step(words="Reading what the cart sells.")
    _read_cart(running, cart)
    yield Step(words="Reading what the warehouse has.")
    _read_warehouse(running, cart.warehouse)
    with running.rows():
        listings = Listing.objects.filter(connection_id=cart.connection_id, gone=False).count()
    yield Step(words=f"Both sides are read: {listings} listings on the account of {cart.name}.")


def know(running: Running, cart: Cart) -> Iterator[str]:
    """Read what is not known yet; says in words what is being read."""
    with running.rows():
        listed = Listing.objects.filter(connection_id=cart.connection_id).exists()
        complete = context(cart.connection_id or 0, ()).complete
    if not listed:
        yield "Reading what the cart sells."
        _read_cart(running, cart)
    if cart.warehouse is not None and cart.warehouse.connection_id not in complete:
        yield "Reading what the warehouse has."
        _read_warehouse(running, cart.warehouse)


def _read_cart(running: Running, cart: Cart) -> None:
    if cart.connection is not None:
        work = running.open_work(cart.connection)
        read_listings(work, work.cart(cart.settings))


def _read_warehouse(running: Running, warehouse: Warehouse | None) -> None:
    if warehouse is not None and warehouse.connection is not None:
        work = running.open_work(warehouse.connection)
        read_catalogue(work, work.warehouse(warehouse.settings))
