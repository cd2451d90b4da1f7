"""What the demo's own staff do in the portal while it runs: they pack at the desk, and ask once whether anything is missing."""

from __future__ import annotations

import random
from functools import cache

from cartrover.connections.models import Cart
from cartrover.embedded.catalogue import MARKETPLACES
from cartrover.embedded.people import MERCHANT, STAFF
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.packing import parcels, picking
from cartrover.packing.desks import DeskSettings, desks
from cartrover.packing.models import PackingOrder
from cartrover.packing.refusal import Refusal
from cartrover.sync import jobs
from cartrover.sync.models import Job


def pack_next(chance: random.Random, *, keep: int) -> None:
    """Pack and ship the most urgent order that nobody has begun; one of several lines leaves in two packages.

    The last ``keep`` orders stay.
    """
    with acting_for(_merchant()):
        waiting = list(picking.waiting(desks().values_list("connection", flat=True)).filter(parcels__isnull=True))
        if len(waiting) > keep:
            try:
                _pack(waiting[0], chance)
            except Refusal:
                return  # somebody who tries the demo was quicker


def _pack(order: PackingOrder, chance: random.Random) -> None:
    lines = list(order.lines.order_by("position"))
    carrier = DeskSettings.of(desks().get(connection=order.connection_id)).carrier_for(order.shipping_method) or "DHL"
    for units in [{line.pk: line.quantity} for line in lines]:
        parcel = parcels.pack(order, units, actor=STAFF)
        parcels.ship(parcel, carrier, f"00340{chance.randrange(10**15):015d}")


def ask_for_proof() -> None:
    """Whether anything is missing at the first cart, when there is something to compare."""
    with acting_for(_merchant()):
        cart = Cart.objects.filter(integration="ebay", variant=MARKETPLACES[0]).first()
        if cart is not None and not Job.objects.filter(kind="reconcile").exists():
            jobs.ask("reconcile", by=STAFF, subject=f"cart-{cart.pk}", cart=cart, days=2)


@cache
def _merchant() -> Merchant:
    with across_merchants("the demo's staff look for their merchant"):
        found: Merchant = Merchant.objects.get(name=MERCHANT)
    return found
