"""Finding orders by what a person types: any number, an SKU, a buyer.

Under row-level security LIKE finds no index, but equality and ranges in the C collation do: the words that begin with what was
typed are those between it and the end of its range.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import reduce
from typing import Any

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


def terms(numbers: Iterable[str], names: Iterable[str] = ()) -> set[str]:
    """What to keep of an order: numbers, SKUs and e-mail addresses whole, names by their words."""
    found = {normal(number) for number in numbers}
    for name in names:
        found |= words(name)
    return found - {""}


def remember(order: Order, numbers: Iterable[str], names: Iterable[str] = ()) -> None:
    """The order is found by these as well from now on. Inside the merchant's door."""
    rows = [SearchTerm(order=order, term=term) for term in terms(numbers, names)]
    SearchTerm.objects.bulk_create(rows, ignore_conflicts=True)


def matching(orders: QuerySet[Order], typed: str) -> QuerySet[Order]:
    """Those of ``orders`` that are found by what was typed as one word, or by each of its words.

    One set of ids, which PostgreSQL reads before the orders: an OR of two sets would have it walk all orders instead.
    """
    whole = normal(typed)
    if not whole:
        return orders.none()
    several = sorted(words(typed) - {whole})[:MOST_WORDS]
    found = _found_by(whole)
    if several:
        found = found.union(reduce(lambda all_before, word: all_before.intersection(word), map(_found_by, several)))
    return orders.filter(pk__in=found)


def _found_by(word: str) -> QuerySet[SearchTerm, Any]:
    term = Q(term__gte=word, term__lt=word + _LAST) if len(word) >= SHORTEST_PREFIX else Q(term=word)
    return SearchTerm.objects.filter(term).values("order_id")
