"""What a listing ought to show, as a sum of named steps: the number that is pushed is the last one of those that a page shows.

In this order, of each warehouse SKU that the listing stands for:

1. what is available at the locations that count, added up, and rounded down
2. less what was sold and is not committed at the warehouse yet, never below 0
3. no more than the warehouse itself wants to be shown (``max_online``)
4. divided by the units of it that one unit of the listing is, rounded down

and then of the listing:

5. the least over its parts, which is how many kits can be made
6. less the buffer, never below 0
7. the percentage of that, rounded down
8. nothing where that is less than the minimum level
9. no more than the maximum
10. nothing where the warehouse was read too long ago

No step raises the number, so that no rule can offer what there is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from cartrover.inventory.rules import StockRules


@dataclass(frozen=True, slots=True)
class Part:
    """One warehouse SKU of a listing: what is there of it, and how many units of it one unit of the listing is.

    Args:
        available: units by location, as the warehouse told them.
        sold: units that were sold and that this reading does not know of yet.
    """

    sku: str
    units: int
    available: Mapping[str, str]
    sold: int
    max_online: int | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sum and the number after it. ``kind`` names the step, ``detail`` what it was made with."""

    kind: str
    detail: str
    after: Decimal


@dataclass(frozen=True, slots=True)
class PartSum:
    """The steps of one part. ``sets`` is for how many units of the listing it is enough."""

    part: Part
    steps: tuple[Step, ...]
    sets: int


@dataclass(frozen=True, slots=True)
class Sum:
    """How a listing's figure came about, its ``result`` being the number after the last step."""

    parts: tuple[PartSum, ...]
    steps: tuple[Step, ...]
    result: int

    @property
    def read_at(self) -> datetime:
        """When the warehouse was read: of several parts, the one longest ago."""
        return min(each.part.read_at for each in self.parts)

    @property
    def told_until(self) -> datetime:
        """Sales up to then have to be known before the figure may be shown: of several parts, the one read last."""
        return max(each.part.read_at for each in self.parts)


def publishable(parts: Sequence[Part], rules: StockRules, locations: Iterable[str], now: datetime) -> Sum:
    """Whole units of a listing that may be offered for sale. ``parts`` is not empty; ``locations`` empty counts all of them."""
    chosen = frozenset(locations)
    sums = tuple(_of_part(part, chosen) for part in parts)
    enough = min(each.sets for each in sums)
    kits = [("least", "", enough)] if len(sums) > 1 else []
    steps = [*kits, *_by_rules(enough, rules, min(part.read_at for part in parts), now)]
    result = steps[-1][2] if steps else enough
    return Sum(sums, tuple(Step(kind, detail, Decimal(after)) for kind, detail, after in steps), result)


def _of_part(part: Part, chosen: frozenset[str]) -> PartSum:
    steps: list[Step] = []
    total = Decimal(0)
    for location, units in part.available.items():
        if not chosen or location in chosen:
            total += Decimal(units)
            steps.append(Step("location", location, total))
    whole = math.floor(total)
    if whole != total:
        steps.append(Step("rounded", "", Decimal(whole)))
    left = max(0, whole - part.sold)
    steps.append(Step("sold", str(part.sold), Decimal(left)))
    if part.max_online is not None:
        left = min(left, max(0, part.max_online))
        steps.append(Step("max_online", str(part.max_online), Decimal(left)))
    if part.units != 1:
        left //= part.units
        steps.append(Step("units", str(part.units), Decimal(left)))
    return PartSum(part, tuple(steps), left)


def _by_rules(left: int, rules: StockRules, read_at: datetime, now: datetime) -> Iterator[tuple[str, str, int]]:
    """(step, what it was made with, the number after it) of each rule that the cart has."""
    if rules.buffer:
        left = max(0, left - rules.buffer)
        yield "buffer", str(rules.buffer), left
    if rules.percentage != 100:
        left = left * rules.percentage // 100
        yield "percentage", str(rules.percentage), left
    if rules.minimum:
        left = left if left >= rules.minimum else 0
        yield "minimum", str(rules.minimum), left
    if rules.maximum is not None:
        left = min(left, rules.maximum)
        yield "maximum", str(rules.maximum), left
    if rules.stale_hours is not None:
        left = left if now - read_at <= timedelta(hours=rules.stale_hours) else 0
        yield "stale", str(rules.stale_hours), left
