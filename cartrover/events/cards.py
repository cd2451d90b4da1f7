"""Open Problems as cards: the cause in words, what waits for it, and what solves it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Min, Sum

from cartrover.connections.models import Connection
from cartrover.events.models import Problem


@dataclass(slots=True)
class Card:
    """One cause. ``value`` is what the waiting orders come to, by currency; ``connection`` is the one to mend, if it is one."""

    problem: Problem
    orders: int = 0
    value: dict[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None
    connection: Connection | None = None


def open_cards() -> list[Card]:
    """Your moves first, then by what has waited longest."""
    cards = _cards(Problem.objects.filter(closed_at__isnull=True))
    return sorted(cards, key=lambda card: (card.problem.whose != Problem.Whose.MERCHANT, card.problem.opened_at))


def card_of(problem: Problem) -> Card:
    (card,) = _cards([problem])
    return card


def cards_of(problems: Iterable[Problem]) -> list[Card]:
    """In the order of ``problems``."""
    return list(_cards(problems))


def _cards(problems: Iterable[Problem]) -> Collection[Card]:
    cards = {problem.pk: Card(problem) for problem in problems}
    waiting = Problem.objects.filter(pk__in=cards, orders__isnull=False).values("pk", "orders__currency")
    for row in waiting.annotate(count=Count("orders"), value=Sum("orders__total"), oldest=Min("orders__placed_at")).order_by():
        card = cards[row["pk"]]
        card.orders += row["count"]
        card.value[row["orders__currency"]] = row["value"]
        card.oldest = min(filter(None, (card.oldest, row["oldest"])))
    _name_connections(cards.values())
    return cards.values()


def _name_connections(cards: Iterable[Card]) -> None:
    about = [card for card in cards if card.problem.about == "connection"]
    found = Connection.objects.in_bulk([card.problem.about_id for card in about])
    for card in about:
        card.connection = found.get(card.problem.about_id)


def value_at_stake(cards: list[Card]) -> dict[str, Decimal]:
    """What all the waiting orders come to, by currency."""
    total: dict[str, Decimal] = {}
    for card in cards:
        for currency, amount in card.value.items():
            total[currency] = total.get(currency, Decimal(0)) + amount
    return total
