"""Whether a parcel would find its way, and whether the warehouse takes the address as it is."""

from __future__ import annotations

import re

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.limits import FIELDS
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict

_NEEDED = {"line1": "street", "city": "city", "country": "country"}

# As buyers write it in the languages that we meet most. A word that also names streets counts only where a number follows.
_PO_BOX = re.compile(
    r"""\b(?:
        p\.?\s*o\.?\s*b(?:ox|\.|\b) | post\s*office\s*box | postal\s*box | (?:gpo|private|locked)\s*(?:box|bag)
        | postfach | postbus | postboks | casella\s+postale | caixa\s+postal | bo[îi]te\s+postale
        | apartado(?:\s+(?:de\s+correos|postal))?\s*(?:n\S*\s*)?\d | apdo\.?\s | skrytka\s+pocztowa | skr\.?\s*poczt
        | b\.?p\.?\s*\d | (?<!\w)c\.?\s?p\.?\s*n?\.?\s*\d{1,4}\b | po[šs]tov[ýn][íi]\s+p[řr]ihr[áa]dka
    ) | ^(?:box|pl|pf\.?)\s*\d+\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


_BOXED = "The address is a PO box, and its warehouse does not ship to those unless you say so."


def address_complete(case: Case, cart: Cart, known: Context) -> Verdict | None:
    address = case.ship_to or {}
    missing = [label for name, label in _NEEDED.items() if not address.get(name)]
    if not (address.get("name") or address.get("company")):
        missing.insert(0, "name")
    if not missing:
        return None
    words = f"The address has no {' and no '.join(missing)}." if case.ship_to else "There is no address to ship to."
    return Verdict(Status.ERROR, "address", words, cause=Cause("address"))


def country_served(case: Case, cart: Cart, known: Context) -> Verdict | None:
    country = (case.ship_to or {}).get("country", "")
    warehouse = cart.warehouse
    if warehouse is None or not known.limits[warehouse.pk].countries or country in known.limits[warehouse.pk].countries:
        return None
    words = f"{warehouse} does not ship to {country}"
    return Verdict(Status.HELD, "country", words, cause=Cause("country", country, words=f"{words}, unless you say so."))


def no_po_box(case: Case, cart: Cart, known: Context) -> Verdict | None:
    warehouse = cart.warehouse
    if warehouse is None or not known.limits[warehouse.pk].holds_po_boxes or not is_po_box(case.ship_to or {}):
        return None
    return Verdict(Status.HELD, "po_box", "the address is a PO box", cause=Cause("po_box", words=_BOXED))


def is_po_box(address: dict[str, str]) -> bool:
    return any(_PO_BOX.search((address.get(name) or "").strip()) for name in ("line1", "line2", "company"))


def address_fits(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if cart.warehouse is None:
        return None
    found = known.limits[cart.warehouse.pk].too_long(case.ship_to or {})
    if not found:
        return None
    name, most = next(iter(found.items()))
    words = f"{FIELDS[name]} has {len((case.ship_to or {})[name])} characters, and {most} fit at {cart.warehouse}."
    return Verdict(Status.ERROR, "address_too_long", words, cause=Cause("address_too_long"))
