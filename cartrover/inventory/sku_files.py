"""Rules about SKUs as a file: a line for each part, the parts of a kit under one another. Pure but for what is there already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuRule
from cartrover.inventory.sku_rules import Wanted, as_wanted
from cartrover.inventory.skus import LEAVE_OUT, REFUSE, SEND, Part
from cartrover.pages.csv_files import Errors, Row
from cartrover.pages.typed import whole_number

COLUMNS = ("code", "cart", "action", "no_product", "sku", "units")
NEEDED = ("code",)
DELETE = "delete"
_ACTIONS = {"send": SEND, "leave out": LEAVE_OUT, "refuse": REFUSE, DELETE: DELETE}
_WORDS = {action: word for word, action in _ACTIONS.items()}
_YES = {"yes": True, "no": False, "": False}


@dataclass(slots=True)
class Plan:
    """What a file would change. Where there are errors, nothing of it is to be applied."""

    added: list[Wanted] = field(default_factory=list)
    changed: list[tuple[Wanted, Wanted]] = field(default_factory=list)
    deleted: list[SkuRule] = field(default_factory=list)
    same: int = 0
    errors: Errors = field(default_factory=Errors)

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.deleted)


def rows(rules: Iterable[SkuRule]) -> Iterator[tuple[str | int, ...]]:
    """The lines of a file that holds these rules."""
    for rule in rules:
        wanted = as_wanted(rule)
        head = (
            wanted.code,
            wanted.cart.name if wanted.cart else "",
            _WORDS[wanted.action],
            "yes" if wanted.promotional else "no",
        )
        for part in wanted.parts:
            yield (*head, part.sku, part.units)
        if not wanted.parts:
            yield (*head, "", "")


def plan(lines: Sequence[Row], errors: Errors, carts: Iterable[Cart], rules: Iterable[SkuRule]) -> Plan:
    """What the lines of a file come to, beside the rules that there are. A code that the file does not name stays as it is.

    ``errors`` are those found in reading the lines; it gets what is wrong with what they say.
    """
    made = Plan(errors=errors)
    there = {(rule.cart_id, rule.sku): rule for rule in rules}
    reader = _Reader(carts, made.errors)
    for first, wanted in reader.rules(lines):
        now = there.get(wanted.key)
        if wanted.action == DELETE:
            if now is None:
                made.errors.add(first, f"There is no rule for {wanted.code} to delete.")
            else:
                made.deleted.append(now)
            continue
        for words in wanted.wrong():
            made.errors.add(first, words)
        if now is None:
            made.added.append(wanted)
        elif as_wanted(now) == wanted:
            made.same += 1
        else:
            made.changed.append((as_wanted(now), wanted))
    return made


class _Reader:
    """Turns lines into rules, and notes what is wrong with each."""

    def __init__(self, carts: Iterable[Cart], errors: Errors) -> None:
        self._errors = errors
        self._carts: dict[str, list[Cart]] = {}
        for cart in carts:
            self._carts.setdefault(cart.name.casefold(), []).append(cart)

    def rules(self, lines: Sequence[Row]) -> Iterator[tuple[int, Wanted]]:
        """(first line, rule) of each code and cart, in the order of the file."""
        groups: dict[tuple[int | None, str], list[Row]] = {}
        carts: dict[tuple[int | None, str], Cart | None] = {}
        for line in lines:
            cart = self._cart(line)
            key = (cart.pk if cart else None, line.values["code"])
            groups.setdefault(key, []).append(line)
            carts[key] = cart
        for key, group in groups.items():
            first = group[0]
            action, promotional = self._action(first), self._yes(first)
            for line in group[1:]:
                if (self._action(line), self._yes(line)) != (action, promotional):
                    self._errors.add(line.line, f"says otherwise of {key[1]} than line {first.line}.")
            parts = tuple(part for line in group for part in self._part(line, action))
            yield first.line, Wanted(key[1], carts[key], action, promotional, parts)

    def _cart(self, line: Row) -> Cart | None:
        name = line.values["cart"]
        found = self._carts.get(name.casefold(), [])
        if name and len(found) != 1:
            several = f"{len(found)} carts are called {name}. Rename one, so that they can be told apart."
            self._errors.add(line.line, several if found else f"There is no cart called {name}.")
        return found[0] if found else None

    def _action(self, line: Row) -> str:
        """Without a word it is sent."""
        told = line.values["action"].casefold() or "send"
        if told not in _ACTIONS:
            self._errors.add(line.line, f"“{told}” is no action. It is one of: {', '.join(_ACTIONS)}.")
        return _ACTIONS.get(told, SEND)

    def _yes(self, line: Row) -> bool:
        told = line.values["no_product"].casefold()
        if told not in _YES:
            self._errors.add(line.line, f"no_product is yes or no, not “{told}”.")
        return _YES.get(told, False)

    def _part(self, line: Row, action: str) -> Iterator[Part]:
        sku, told = line.values["sku"], line.values["units"] or "1"
        if not sku and action != SEND:
            return
        units = whole_number(told)
        if units is None:
            self._errors.add(line.line, f"“{told}” is no whole number of units.")
        if action != DELETE:
            yield Part(sku, 1 if units is None else units)
