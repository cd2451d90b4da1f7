"""A listing's sum in words: what was done in each step, and the number after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from cartrover.connections.models import Warehouse
from cartrover.inventory.sums import PartSum, Step, Sum


@dataclass(frozen=True, slots=True)
class Line:
    """One step: what was done, by how much, and the number after it."""

    words: str
    change: str
    after: str


@dataclass(frozen=True, slots=True)
class Section:
    """The steps of one warehouse SKU, or of the listing as a whole, where ``part`` is None."""

    title: str
    lines: tuple[Line, ...]
    part: PartSum | None = None


def explained(made: Sum, warehouse: Warehouse) -> list[Section]:
    """The sum as a page shows it: each part, then the listing."""
    names = _locations(warehouse)
    sections = [Section(_title(each), _lines(each.steps, Decimal(0), names), each) for each in made.parts]
    if made.steps:
        before = Decimal(min(each.sets for each in made.parts))
        sections.append(Section("The listing", _lines(made.steps, before, names)))
    return sections


def _locations(warehouse: Warehouse) -> dict[str, str]:
    facts = warehouse.connection.facts if warehouse.connection is not None else {}
    return {str(each["id"]): str(each["label"]) for each in facts.get("locations", ())}


def _title(each: PartSum) -> str:
    return each.part.sku if each.part.units == 1 else f"{each.part.units} × {each.part.sku}"


def _lines(steps: tuple[Step, ...], before: Decimal, names: Mapping[str, str]) -> tuple[Line, ...]:
    lines = []
    for step in steps:
        words = _WORDS[step.kind](step, before, names)
        lines.append(Line(words, _change(step, before), number(step.after)))
        before = step.after
    return tuple(lines)


def _change(step: Step, before: Decimal) -> str:
    """What the step was made with where that is a number of units, else by how much it changed the sum."""
    if step.kind == "units":
        return f"÷ {step.detail}"
    if step.kind == "percentage":
        return f"× {step.detail}%"
    by = -Decimal(step.detail) if step.kind in ("sold", "buffer") else step.after - before
    if not by:
        return ""
    return f"+ {number(by)}" if by > 0 else f"− {number(-by)}"


def number(units: Decimal) -> str:
    """Units as people write them: ``1,204`` or ``12.5``."""
    return f"{units.normalize():,f}"


Words = Callable[[Step, Decimal, Mapping[str, str]], str]

_WORDS: Mapping[str, Words] = {
    "location": lambda step, before, names: f"Available at {names.get(step.detail, step.detail)}",
    "rounded": lambda step, before, names: "Whole units only",
    "sold": lambda step, before, names: "Sold, and not yet committed at the warehouse",
    "max_online": lambda step, before, names: f"The warehouse wants no more than {step.detail} online",
    "units": lambda step, before, names: f"{step.detail} units of it make one",
    "least": lambda step, before, names: "As many as the scarcest part makes",
    "buffer": lambda step, before, names: "Buffer that is kept back",
    "percentage": lambda step, before, names: f"{step.detail}% of what is left, in whole units",
    "minimum": lambda step, before, names: _minimum(step, before),
    "maximum": lambda step, before, names: f"Shown at most: {step.detail}",
    "stale": lambda step, before, names: _stale(step, before),
}


def _minimum(step: Step, before: Decimal) -> str:
    enough = before >= Decimal(step.detail)
    return f"Minimum level {step.detail}: {'there are as many' if enough else 'there are fewer, so none are shown'}"


def _stale(step: Step, before: Decimal) -> str:
    if step.after < before:
        return f"The warehouse was read more than {step.detail} hours ago, so none are shown"
    return f"The warehouse was read within {step.detail} hours"
