"""What other stock rules would make of a cart's listings, before they are saved."""

from __future__ import annotations

from dataclasses import dataclass

from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing
from cartrover.inventory.publishing import Figure, figures
from cartrover.inventory.rules import StockRules

LOOKED_AT = 500
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Change:
    """A listing's figure before and after; None where it gets none, for the reason in ``trouble``."""

    listing: Listing
    before: int | None
    after: int | None
    trouble: str

    @property
    def by(self) -> int:
        return abs((self.after or 0) - (self.before or 0))


@dataclass(frozen=True, slots=True)
class Preview:
    """``changes`` are those that change most, of ``differ`` out of ``looked_at`` listings; ``to_zero`` would show none."""

    looked_at: int
    differ: int
    to_zero: int
    changes: tuple[Change, ...]


def preview(cart: Cart, rules: StockRules) -> Preview:
    """Compare the cart's own rules with these, on its first listings by SKU."""
    listings = list(Listing.objects.filter(cart=cart, gone=False).order_by("sku", "pk")[:LOOKED_AT])
    pairs = zip(figures(cart, listings), figures(cart, listings, rules=rules), strict=True)
    changes = [_change(before, after) for before, after in pairs]
    differ = sorted((each for each in changes if each.before != each.after), key=lambda each: -each.by)
    to_zero = sum(each.after == 0 for each in differ)
    shown = differ or [each for each in changes if each.after is not None]
    return Preview(len(changes), len(differ), to_zero, tuple(shown[:SHOWN]))


def _change(before: Figure, after: Figure) -> Change:
    return Change(before.listing, before.desired, after.desired, after.trouble)
