"""One row of the table of figures, as one JSON line."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from statistics import median
from typing import Any

Ratio = float | None


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured value, beside a comparator's where there is one.

    ``reached`` is judged on the ratio to the comparator where there is one, else on our own value; ``least`` says that more is
    better.
    """

    ours: float
    floor: float
    stretch: float
    theirs: float | None = None
    least: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> Ratio:
        return None if not self.theirs else round(self.ours / self.theirs, 3)

    @property
    def reached(self) -> bool:
        value = self.ours if self.ratio is None else self.ratio
        return value >= self.floor if self.least else value <= self.floor


def row(identity: str, measure: str, measures: Mapping[str, Measure], *, comparator: str = "", **more: Any) -> str:
    """The line of one row. Several measures become objects keyed by measure, a single one stands for itself."""
    parts: dict[str, Callable[[Measure], Any]] = {
        "ours": lambda each: each.ours,
        "ratio": lambda each: each.ratio,
        "floor": lambda each: each.floor,
        "stretch": lambda each: each.stretch,
    }
    said = {name: _one_or_all({key: part(each) for key, each in measures.items()}) for name, part in parts.items()}
    theirs = {comparator: _one_or_all({key: each.theirs for key, each in measures.items()})} if comparator else {}
    line = {
        "id": identity,
        "measure": measure,
        "ours": said["ours"],
        "theirs": theirs,
        "ratio": said["ratio"],
        "floor": said["floor"],
        "stretch": said["stretch"],
        "reached": all(each.reached for each in measures.values()),
        **more,
    }
    return json.dumps(line)


def middle(values: list[float], digits: int = 1) -> float:
    return round(median(values), digits)


def machine(**versions: str) -> str:
    """The machine and the versions that the figures hold for."""
    told = {
        "cores": os.cpu_count(),
        "load": [round(each, 1) for each in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "django": version("django"),
        "psycopg": version("psycopg"),
        **versions,
    }
    return json.dumps({"machine": told})


def _one_or_all(values: Mapping[str, Any]) -> Any:
    return next(iter(values.values())) if len(values) == 1 else dict(values)
