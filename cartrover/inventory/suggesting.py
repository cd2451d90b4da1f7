"""Which of a warehouse's SKUs a cart's code may stand for: the likeliest first. Pure.

First what differs in case and punctuation alone, then what begins alike, then what difflib finds alike by SKU or title. A
catalogue is looked through once; each code is then compared with the few items that share something with it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher

MOST = 5
ALIKE = 0.6  # of 1: what is less alike is no suggestion
BEGINNING = 4  # letters and digits that two SKUs must begin with to count as beginning alike
COMPARED = 200  # items that one code is compared with by difflib

_NOT_PLAIN = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Item:
    """What a warehouse has, as far as it can be compared."""

    sku: str
    name: str = ""


def plain(text: str) -> str:
    """Without case and punctuation."""
    return _NOT_PLAIN.sub("", text.casefold())


def words(text: str) -> set[str]:
    """Its parts of three letters or digits and more."""
    return {word for word in _NOT_PLAIN.split(text.casefold()) if len(word) > 2}


class Catalogue:
    """The items of a warehouse, ready to be compared with."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = {item.sku: item for item in items if item.sku}
        self._plain: dict[str, list[str]] = defaultdict(list)
        self._by_word: dict[str, list[str]] = defaultdict(list)
        for item in self._items.values():
            self._plain[plain(item.sku)].append(item.sku)
            for word in words(item.sku) | words(item.name):
                self._by_word[word].append(item.sku)
        self._sorted = sorted(self._plain)

    def suggest(self, code: str, title: str = "", most: int = MOST) -> list[str]:
        """SKUs that the code may stand for, at most ``most``, each once."""
        ranked = [*self._same(code), *self._beginning_alike(code), *self._alike(code, title)]
        return list(dict.fromkeys(ranked))[:most]

    def _same(self, code: str) -> list[str]:
        return sorted(self._plain.get(plain(code), [])) if plain(code) else []

    def _beginning_alike(self, code: str) -> list[str]:
        """By the length of what they begin with alike, of which the one with less after it comes first."""
        wanted = plain(code)
        if len(wanted) < BEGINNING:
            return []
        at = bisect_left(self._sorted, wanted)
        start = bisect_left(self._sorted, wanted[:BEGINNING])
        near = {*self._sorted[max(start, at - COMPARED) : at + COMPARED]}
        shared = {each: _shared(wanted, each) for each in near if _shared(wanted, each) >= BEGINNING}
        # A beginning says something where one SKU is the beginning of the other; two of many sizes share one as well.
        whole = [each for each, length in shared.items() if length == min(len(each), len(wanted))]
        ordered = sorted(whole, key=lambda each: (-shared[each], len(each), each))
        return [sku for each in ordered for sku in sorted(self._plain[each])]

    def _alike(self, code: str, title: str) -> list[str]:
        counts: dict[str, int] = defaultdict(int)
        for word in words(code) | words(title):
            found = self._by_word.get(word, [])
            if len(found) <= COMPARED:
                for sku in found:
                    counts[sku] += 1
        likely = sorted(counts, key=lambda sku: (-counts[sku], sku))[:COMPARED]
        scores = {sku: self._score(code, title, self._items[sku]) for sku in likely}
        return sorted((sku for sku in likely if scores[sku] >= ALIKE), key=lambda sku: (-scores[sku], sku))

    def _score(self, code: str, title: str, item: Item) -> float:
        by_sku = SequenceMatcher(None, plain(code), plain(item.sku)).ratio()
        by_name = SequenceMatcher(None, title.casefold(), item.name.casefold()).ratio() if title and item.name else 0.0
        return max(by_sku, by_name)


def _shared(one: str, other: str) -> int:
    """How many letters two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
