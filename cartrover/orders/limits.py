"""What a warehouse takes of an order: what its integration declares, and the narrower limits that the merchant has set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cartrover.connections.declared import address_limits, number_limit
from cartrover.connections.models import Warehouse

Address = dict[str, str]

FIELDS = {
    "name": "Name",
    "company": "Company",
    "line1": "Street",
    "line2": "Second line",
    "city": "City",
    "region": "Region",
    "postal_code": "Postcode",
    "phone": "Phone",
}
CHARACTERS = {
    "dashes": (re.compile(r"[A-Za-z0-9-]*"), "letters, digits and hyphens"),
    "plain": (re.compile(r"[A-Za-z0-9]*"), "letters and digits"),
    "digits": (re.compile(r"[0-9]*"), "digits"),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """``number_length`` 0 is no limit; ``address`` is the longest each field may be; no ``countries`` means all of them.

    ``number_characters`` is one of CHARACTERS, or empty for any. ``holds_po_boxes``: a person decides about those.
    """

    number_length: int = 0
    number_characters: str = ""
    address: Mapping[str, int] = field(default_factory=dict)
    holds_po_boxes: bool = False
    countries: frozenset[str] = frozenset()

    def against(self, number: str) -> str:
        """What speaks against a number, as in "has 24 characters, and 20 fit"; empty where it fits."""
        if self.number_length and len(number) > self.number_length:
            return f"has {len(number)} characters, and {self.number_length} fit"
        allowed, words = CHARACTERS.get(self.number_characters, (None, ""))
        if allowed is not None and not allowed.fullmatch(number):
            return f"holds more than {words}"
        return ""

    def too_long(self, address: Mapping[str, str]) -> dict[str, int]:
        """The fields of an address that are longer than their limit, with it."""
        return {name: most for name, most in self.address.items() if len(address.get(name) or "") > most}

    def shortened(self, address: Address) -> Address:
        """The address with every field inside its limit. What does not fit the street goes to an empty second line."""
        fitted = dict(address)
        most = self.address.get("line1")
        if most and len(fitted.get("line1", "")) > most and not fitted.get("line2"):
            fitted["line1"], fitted["line2"] = _broken(fitted["line1"], most)
        return {name: text[: self.address.get(name)].strip() if text else text for name, text in fitted.items()}


def _broken(text: str, most: int) -> tuple[str, str]:
    """Two lines, broken between words where the first line has one."""
    at = text.rfind(" ", 1, most + 1)
    at = at if at > 0 else most
    return text[:at].strip(), text[at:].strip()


def limits_of(warehouse: Warehouse) -> Limits:
    """The narrower one of what the integration declares and what the merchant has set."""
    told = warehouse.limits
    declared = dict(address_limits(warehouse))
    own = {name: int(most) for name, most in told.get("address", {}).items() if name in FIELDS}
    return Limits(
        number_length=_narrower(number_limit(warehouse), int(told.get("number_length") or 0)),
        number_characters=str(told.get("number_characters", "")),
        address={name: _narrower(declared.get(name, 0), own.get(name, 0)) for name in {**declared, **own}},
        holds_po_boxes=bool(told.get("holds_po_boxes")),
        countries=frozenset(told.get("countries", ())),
    )


def _narrower(one: int, other: int) -> int:
    """The smaller limit, where 0 is none."""
    return min(one, other) if one and other else one or other
