"""What a cart's code is sent as: the merchant's rules, or else the code itself. Inside the merchant's door.

A cart's own rule comes before one for all carts. A rule's parts are the warehouse's SKUs; they are not translated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cartrover.connections import declared
from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuRule

SEND, LEAVE_OUT, REFUSE = SkuRule.Action.SEND, SkuRule.Action.LEAVE_OUT, SkuRule.Action.REFUSE


class Sold(Protocol):
    """A line of an order, with the numbers that may name its product."""

    @property
    def sku(self) -> str: ...
    @property
    def listing_id(self) -> str: ...
    @property
    def variation_id(self) -> str: ...


def code_of(cart: Cart, line: Sold) -> str:
    """The code of a line's product, by the cart's own choice of number; empty where it has none."""
    return declared.identifier(cart).of(line.sku, line.listing_id, line.variation_id)


class Listed(Protocol):
    """Something that a cart sells, as its row or as its integration tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def external_id(self) -> str: ...


def code_of_listing(cart: Cart, listing: Listed) -> str:
    """The code of what a listing sells, as :func:`code_of` gives it for the listing's orders."""
    listing_id, _, variation = listing.external_id.partition(":")
    return declared.identifier(cart).of(listing.sku, listing_id, variation)


@dataclass(frozen=True, slots=True)
class Part:
    """A warehouse's SKU, and how many units of it one unit of the cart's code is."""

    sku: str
    units: int = 1


@dataclass(frozen=True, slots=True)
class Translation:
    """What one code is sent as. ``parts`` is empty where the line is left out or the order refused; ``rule_id`` None: no rule."""

    parts: tuple[Part, ...]
    action: str = SEND
    promotional: bool = False
    rule_id: int | None = None

    @property
    def kit(self) -> bool:
        """One unit at the cart is not simply one unit at the warehouse."""
        return len(self.parts) > 1 or any(part.units != 1 for part in self.parts)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules for some codes, by (cart or None for all, code)."""

    rules: Mapping[tuple[int | None, str], Translation] = field(default_factory=dict)

    @classmethod
    def of(cls, codes: Iterable[str] | None = None) -> Rulebook:
        """Two queries. ``codes`` None reads every rule of the merchant."""
        rows = SkuRule.objects.prefetch_related("parts")
        if codes is not None:
            rows = rows.filter(sku__in=set(codes) - {""})
        return cls({(row.cart_id, row.sku): _translation(row) for row in rows})

    def translate(self, cart_id: int | None, code: str) -> Translation:
        """What the cart's code is sent as; without a rule it is the SKU itself."""
        return self.rules.get((cart_id, code)) or self.rules.get((None, code)) or Translation((Part(code),))


def _translation(rule: SkuRule) -> Translation:
    parts = sorted(rule.parts.all(), key=lambda part: (part.position, part.pk)) if rule.action == SEND else []
    return Translation(tuple(Part(part.sku, part.units) for part in parts), rule.action, rule.promotional, rule.pk)
