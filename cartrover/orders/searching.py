"""The words an order is found by, and the form that what a person types has to take to meet them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LONGEST = 200

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """Lower case, without accents, letters and digits alone: ``12-34567`` and ``1234567`` are the same word."""
    if not text.isascii():
        text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return _NEITHER_LETTER_NOR_DIGIT.sub("", text.casefold())[:LONGEST]


def words(text: str) -> set[str]:
    """The words of a text, each in its normal form. A search finds orders by all words of what was typed, or by it as one."""
    return {normal(word) for word in text.split()} - {""}


def terms(numbers: Iterable[str], names: Iterable[str]) -> set[str]:
    """What to keep of an order: numbers, SKUs and e-mail addresses whole, names by their words."""
    found = {normal(number) for number in numbers}
    for name in names:
        found |= words(name)
    return found - {""}
