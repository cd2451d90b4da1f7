"""A merchant's rules for the figures of one cart, as ``Cart.stock_rules`` keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

MOST_UNITS = 1_000_000
MOST_HOURS = 24 * 365


@dataclass(frozen=True, slots=True)
class StockRules:
    """Each of them can only lower a figure. Without any, a cart is told what there is.

    Raises ValueError, in words for a person, where they contradict each other or are out of bounds.

    Args:
        locations: ids of the warehouse's locations whose stock counts; none leaves that to the warehouse's own settings.
        buffer: units that are kept back.
        percentage: how much is shown of what is left then.
        minimum: with fewer units than this, none are shown.
        maximum: the most that is shown; None for no limit.
        stale_hours: none are shown where the warehouse was last read longer ago than this; None for however long.
        excluded: the cart's codes whose listings are never told a figure.
    """

    locations: tuple[str, ...] = ()
    buffer: int = 0
    percentage: int = 100
    minimum: int = 0
    maximum: int | None = None
    stale_hours: int | None = None
    excluded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _within("The buffer", self.buffer, 0, MOST_UNITS)
        _within("The percentage", self.percentage, 0, 100)
        _within("The minimum level", self.minimum, 0, MOST_UNITS)
        if self.maximum is not None:
            _within("The maximum", self.maximum, 0, MOST_UNITS)
            if self.maximum < self.minimum:
                raise ValueError("The maximum is below the minimum level, so nothing would ever be shown.")
        if self.stale_hours is not None:
            _within("The hours", self.stale_hours, 1, MOST_HOURS)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> StockRules:
        """The rules that a cart keeps. Raises ValueError for a rule that there is not."""
        unknown = set(stored) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"There is no stock rule {', '.join(sorted(unknown))}.")
        lists = {name: tuple(str(each) for each in stored[name]) for name in ("locations", "excluded") if name in stored}
        return cls(**{**stored, **lists})

    def stored(self) -> dict[str, Any]:
        """As a cart keeps them: what lowers nothing is not kept."""
        plain = StockRules()
        kept = {name: value for name, value in asdict(self).items() if value != getattr(plain, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


def _within(what: str, value: object, least: int, most: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{what} is a whole number from {least:,} to {most:,}.")
