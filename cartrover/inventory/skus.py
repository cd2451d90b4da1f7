"""What a cart's code is sent as: the merchant's rules, or else the code itself. Inside the merchant's door.

A cart's own rule comes before one for all carts. A rule's parts are the warehouse's SKUs; they are not translated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cartrover.inventory.models import SkuRule

SEND, LEAVE_OUT, REFUSE = SkuRule.Action.SEND, SkuRule.Action.LEAVE_OUT, SkuRule.Action.REFUSE


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

    rules: Mapping[tuple[int | None, str], Translation]

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
