"""Figures as pictures: places on a canvas of 100 by 40, for SVG that needs no script and no style of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100.0, 40.0
FLAT = 0.6  # what a bar of something small is at least high, so that it is seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that stands on the ground: ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float], gap: float = 0.3) -> list[Bar]:
    """One bar a value, the highest as high as the canvas. ``gap`` is the part of each place that stays empty."""
    if not values:
        return []
    place, most = WIDTH / len(values), max(max(values), 1e-9)
    heights = [max(FLAT, HEIGHT * value / most) if value > 0 else 0.0 for value in values]
    return [
        Bar(round(place * (index + gap / 2), 2), round(HEIGHT - height, 2), round(place * (1 - gap), 2), round(height, 2))
        for index, height in enumerate(heights)
    ]


def line(values: Sequence[float | None], most: float) -> list[str]:
    """The points of a line, as ``x,y x,y``; one part for each run of values without a gap. ``most`` is the canvas' height.

    A value that stands alone is told twice, so that round ends make a dot of it.
    """
    if not values:
        return []
    place, parts, part = WIDTH / len(values), [], []
    for index, value in enumerate([*values, None]):
        if value is not None:
            part.append(f"{place * (index + 0.5):.2f},{HEIGHT * (1 - min(1.0, value / max(most, 1e-9))):.2f}")
        elif part:
            parts.append(" ".join(part * 2 if len(part) == 1 else part))
            part = []
    return parts
