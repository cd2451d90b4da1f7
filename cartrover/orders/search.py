"""Finding orders by what a person types: any number, an SKU, a buyer.

Under row-level security LIKE finds no index, but equality and ranges in the C collation do: the words that begin with what was
typed are those between it and the end of its range.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from cartrover.orders.models import Order, SearchTerm

LONGEST = 200
SHORTEST_PREFIX = 3  # a shorter word has to be a whole one
MOST_WORDS = 6
_LAST = "\U0010ffff"
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def normal(text: str) -> str:
    """Lower case, without accents, letters and digits alone: ``12-34567`` and ``1234567`` are the same word."""
    if not text.isascii():
        text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return _NEITHER_LETTER_NOR_DIGIT.sub("", text.casefold())[:LONGEST]


def words(text: str) -> set[str]:
    """The words of a text, each in its normal form."""
    return {normal(word) for word in text.split()} - {""}


def terms(texts: Iterable[str]) -> set[str]:
    """What to keep of an order: each text whole and by its words, so that a family name finds its buyer."""
    found: set[str] = set()
    for text in texts:
        found |= {normal(text), *words(text)}
    return found - {""}


def matching(orders: QuerySet[Order], typed: str) -> QuerySet[Order]:
    """Those of ``orders`` that are found by what was typed as one word, or by each of its words."""
    whole = normal(typed)
    if not whole:
        return orders.none()
    each_word = Q()
    for word in sorted(words(typed))[:MOST_WORDS]:
        each_word &= _found_by(word)
    return orders.filter(_found_by(whole) | each_word)


def _found_by(word: str) -> Q:
    term = Q(term__gte=word, term__lt=word + _LAST) if len(word) >= SHORTEST_PREFIX else Q(term=word)
    return Q(pk__in=SearchTerm.objects.filter(term).values("order_id"))
