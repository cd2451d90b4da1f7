"""Whether the warehouse takes the order number."""

from __future__ import annotations

from cartrover.connections.declared import number_limit
from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict


def number_fits(case: Case, cart: Cart, known: Context) -> Verdict | None:
    limit = number_limit(cart.warehouse) if cart.warehouse else 0
    if not limit or len(case.number) <= limit:
        return None
    words = f"The order number has {len(case.number)} characters, and {cart.warehouse} takes {limit}."
    return Verdict(Status.ERROR, "number_too_long", words, cause=Cause("number_too_long"))
