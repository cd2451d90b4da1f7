"""Figures as pictures: places on a canvas of 100 by 40, for SVG that needs no script and no style of its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 100.0, 40.0
GAP = 0.3  # the part of a bar's place that stays empty
FLAT = 0.6  # what a bar of something small is at least high, so that it is seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that stands on the ground: ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


def bars(values: Sequence[float]) -> list[Bar]:
    """One bar a value, the highest as high as the canvas."""
    if not values:
        return []
    place, most = WIDTH / len(values), max(max(values), 1e-9)
    heights = [max(FLAT, HEIGHT * value / most) if value > 0 else 0.0 for value in values]
    return [
        Bar(round(place * (index + GAP / 2), 2), round(HEIGHT - height, 2), round(place * (1 - GAP), 2), round(height, 2))
        for index, height in enumerate(heights)
    ]


@dataclass(frozen=True, slots=True)
class Line:
    """``parts`` has the points of each run of values, as ``x,y x,y``; ``dots`` those values that stand alone, as (x, y)."""

    parts: list[str]
    dots: list[tuple[str, str]]


def line(values: Sequence[float | None], most: float) -> Line:
    """A line that is broken where values are missing. ``most`` is the canvas' height."""
    runs: list[list[tuple[str, str]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            x, y = WIDTH / len(values) * (index + 0.5), HEIGHT * (1 - min(1.0, value / max(most, 1e-9)))
            runs[-1].append((f"{x:.2f}", f"{y:.2f}"))
    return Line(
        [" ".join(",".join(point) for point in run) for run in runs if len(run) > 1],
        [point for run in runs if len(run) == 1 for point in run],
    )
