"""Whether a parcel would find its way."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict

_NEEDED = {"line1": "street", "city": "city", "country": "country"}


def address_complete(case: Case, cart: Cart, known: Context) -> Verdict | None:
    address = case.ship_to or {}
    missing = [label for name, label in _NEEDED.items() if not address.get(name)]
    if not (address.get("name") or address.get("company")):
        missing.insert(0, "name")
    if not missing:
        return None
    words = f"The address has no {' and no '.join(missing)}." if case.ship_to else "There is no address to ship to."
    return Verdict(Status.ERROR, "address", words, cause=Cause("address"))
