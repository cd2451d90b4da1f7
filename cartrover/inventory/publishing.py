"""What each cart is told, and why: the figure of every listing, or why it gets none.

A listing's code is translated by the merchant's SKU rules, as its orders' lines are. ``sums.py`` is the arithmetic,
``uncommitted.py`` what was sold meanwhile, ``showing.py`` what the marketplace shows by itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.inventory.models import Listing, StockLevel
from cartrover.inventory.rules import StockRules
from cartrover.inventory.skus import LEAVE_OUT, REFUSE, Rulebook, Translation, code_of_listing
from cartrover.inventory.sums import Part, Sum, publishable
from cartrover.inventory.uncommitted import Sold, by_sku, uncommitted

NO_WAREHOUSE = "The cart has no warehouse."


@dataclass(frozen=True, slots=True)
class Figure:
    """What a listing ought to show, and the sum that says so. ``trouble`` says why there is none.

    ``code`` is what the listing's product goes by at the cart.
    """

    listing: Listing
    sum: Sum | None = None
    trouble: str = ""
    code: str = ""

    @property
    def desired(self) -> int | None:
        return self.sum.result if self.sum is not None else None

    @property
    def read_at(self) -> datetime | None:
        return self.sum.read_at if self.sum is not None else None


def figures(
    cart: Cart, listings: Sequence[Listing], *, rules: StockRules | None = None, now: datetime | None = None
) -> list[Figure]:
    """The figure of each listing, from the newest reading of the cart's warehouse, in nine queries.

    ``rules`` are others than the cart keeps, to see what they would do. Raises ValueError as :class:`StockRules`.
    """
    warehouse = cart.warehouse
    if warehouse is None or warehouse.connection_id is None:
        return [Figure(listing, trouble=NO_WAREHOUSE) for listing in listings]
    rules = rules if rules is not None else StockRules.of(cart.stock_rules)
    codes = [code_of_listing(cart, listing) for listing in listings]
    book = Rulebook.of(codes)
    stock = _Stock.of(warehouse, {part.sku for code in codes for part in book.translate(cart.pk, code).parts})
    locations = rules.locations or _locations(warehouse)
    found = []
    for listing, code in zip(listings, codes, strict=True):
        translated = book.translate(cart.pk, code)
        trouble = _untold(code, cart, rules, translated) or stock.trouble(translated)
        parts = [] if trouble else stock.parts(translated)
        sum_ = publishable(parts, rules, locations, now or timezone.now()) if parts else None
        found.append(Figure(listing, sum_, trouble, code))
    return found


def _locations(warehouse: Warehouse) -> list[str]:
    return [str(location) for location in warehouse.settings.get("stock_locations") or []]


def sold_for(warehouse: Warehouse, figure: Figure) -> list[Sold]:
    """The orders whose units a figure leaves out, each with its units."""
    parts = figure.sum.parts if figure.sum is not None else ()
    return uncommitted(warehouse, {each.part.sku: each.part.read_at for each in parts})


# ------------------------------------------------------------------------------------------------------------- why there is none


def _untold(code: str, cart: Cart, rules: StockRules, translated: Translation) -> str:
    """Why the listings of a code are never told a figure, whatever the warehouse has."""
    if not code:
        return "The listing has no SKU. Give it one at the cart."
    if translated.promotional:
        return f"{code} is a promotional code and no product."
    if translated.action == LEAVE_OUT:
        return f"{code} is ignored: a rule leaves it out of orders."
    if translated.action == REFUSE:
        return f"A rule refuses orders of {code}."
    if not translated.parts:
        return f"The rule for {code} names no SKU of the warehouse. Complete it."
    if code in rules.excluded:
        return f"The stock rules of {cart.name} exclude {code}."
    return ""


@dataclass(frozen=True, slots=True)
class _Stock:
    """What a warehouse has of some SKUs, and what was sold of them meanwhile."""

    warehouse: Warehouse
    levels: Mapping[str, Sequence[StockLevel]]
    sold: Mapping[str, int]

    @classmethod
    def of(cls, warehouse: Warehouse, skus: Iterable[str]) -> _Stock:
        levels: dict[str, list[StockLevel]] = defaultdict(list)
        for level in StockLevel.objects.filter(connection_id=warehouse.connection_id, sku__in=set(skus) - {""}, gone=False):
            levels[level.sku].append(level)
        read_at = {sku: found[0].read_at for sku, found in levels.items() if len(found) == 1}
        return cls(warehouse, levels, by_sku(uncommitted(warehouse, read_at)))

    def trouble(self, translated: Translation) -> str:
        """Why there is no figure of these parts; of a kit, the first part that is in the way."""
        for part in translated.parts:
            found = self.levels.get(part.sku, ())
            if not found:
                return f"{part.sku} is not at {self.warehouse.name}. Add it there, or make a rule of what the code stands for."
            if len(found) > 1:
                return f"{part.sku} is at {self.warehouse.name} {len(found)} times. Each needs a SKU of its own."
        if not self.parts(translated):
            skus = " and ".join(part.sku for part in translated.parts)
            return f"{self.warehouse.name} does not count {skus}. Its listing keeps the figure that you give it."
        return ""

    def parts(self, translated: Translation) -> list[Part]:
        """The parts that are counted. What the warehouse does not count never runs out, and limits no kit."""
        counted = [(part, self.levels[part.sku][0]) for part in translated.parts]
        return [
            Part(part.sku, part.units, level.available, self.sold.get(part.sku, 0), level.max_online, level.read_at)
            for part, level in counted
            if level.tracked
        ]
