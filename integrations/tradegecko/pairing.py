"""Which line of an order at TradeGecko is which line that is wanted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.tradegecko.reading import Row, identifier, number, reference, text

Wanted = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pair:
    """A line there and the line that is wanted; one of them is None where it has no partner."""

    there: Row | None
    wanted: Wanted | None


def paired(lines: Iterable[Row], wanted: Sequence[Wanted], known: Sequence[str], packed: Mapping[str, int]) -> list[Pair]:
    """Pairs in the order of what is wanted, then what is there beyond it.

    By its id where we know it, then the line that is so already, then any of the same kind. Of several, one that is packed in
    part comes first, since it cannot go.

    Args:
        known: TradeGecko's id of each line that is wanted, as far as it is known; the rest may be left out.
        packed: units in boxes, by the id of the line.
    """
    left = sorted(lines, key=lambda line: (-packed.get(identifier(line, "id"), 0), number(line, "position"), number(line, "id")))
    matching = _Matching(left, wanted, dict(enumerate(known)))
    for same in (_by_id, _as_it_is, _of_its_kind):
        matching.match(same)
    return [*(Pair(matching.found.get(at), line) for at, line in enumerate(wanted)), *(Pair(line, None) for line in left)]


@dataclass(slots=True)
class _Matching:
    """``left`` are the lines there that have no partner yet, ``found`` those that have, by the place of theirs."""

    left: list[Row]
    wanted: Sequence[Wanted]
    known: Mapping[int, str]
    found: dict[int, Row] = field(default_factory=dict)

    def match(self, same: Callable[[Row, Wanted, str], bool]) -> None:
        for at, line in enumerate(self.wanted):
            if at not in self.found:
                partner = next((each for each in self.left if same(each, line, self.known.get(at, ""))), None)
                if partner is not None:
                    self.found[at] = partner
                    self.left.remove(partner)


def _by_id(there: Row, wanted: Wanted, known: str) -> bool:
    return bool(known) and identifier(there, "id") == known and _kind(there) == _kind(wanted)


def _as_it_is(there: Row, wanted: Wanted, known: str) -> bool:
    return _kind(there) == _kind(wanted) and all(number(there, name) == number(wanted, name) for name in ("quantity", "price"))


def _of_its_kind(there: Row, wanted: Wanted, known: str) -> bool:
    return _kind(there) == _kind(wanted)


def _kind(line: Mapping[str, Any]) -> tuple[str, str]:
    """What makes two lines the same one: the variant, or what else it stands for. A shipping line is renamed, not replaced."""
    variant = reference(line, "variant_id")
    line_type = text(line, "line_type") or "product"
    if variant:
        return "product", variant
    return line_type, "" if line_type == "shipping" else text(line, "label")
