"""Narrowing the list of orders: each filter's name in the address, its words on a chip, and how the database answers it.

What cannot be read narrows to nothing. A slip of the pen must never stand for all orders, least of all when something is done to
all that match. Every filter is answered by an index, also among a million orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from math import floor
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import QueryDict

from cartrover.connections.declared import marketplaces
from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Problem
from cartrover.merchants.days import midnight
from cartrover.orders.counts import late, partly_shipped
from cartrover.orders.models import Order, Status
from cartrover.orders.search import matching

Rows = QuerySet[Order]
MOST_MONEY = Decimal(10) ** 14
_BESIDE_STATUSES: Mapping[str, Callable[[Rows], Rows]] = {"partial": partly_shipped, "late": late}


@dataclass(frozen=True, slots=True)
class Filter:
    """``narrow`` gets the rows, what was asked and the merchant's zone, and raises ValueError where it cannot read it.

    ``label`` and ``words`` are a chip's; a filter without a label shows itself elsewhere on the page.
    """

    name: str
    narrow: Callable[[Rows, str, ZoneInfo], Rows]
    label: str = ""
    words: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: ``without`` is the query that takes it off."""

    label: str
    words: str
    without: str


def _status(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    narrow = _BESIDE_STATUSES.get(asked)
    return narrow(rows) if narrow else rows.filter(status=Status(asked))


def _problem(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    return rows.filter(problem_id=row_id(asked))


def row_id(asked: str) -> int:
    if not (asked.isascii() and asked.isdecimal() and len(asked) < 19):
        raise ValueError("no row's number")
    return int(asked)


def _problem_words(asked: str) -> str:
    found = Problem.objects.filter(pk=row_id(asked)).first()
    return found.words if found is not None else asked


def _of(column: str, model: type[Cart] | type[Warehouse]) -> Callable[[Rows, str, ZoneInfo], Rows]:
    """By the id itself, looked up first: PostgreSQL knows how many orders a cart has only when it knows which."""

    def narrow(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
        found = model.objects.filter(public_id=asked).values_list("pk", flat=True).first()
        return rows.filter(**{column: found}) if found is not None else rows.none()

    return narrow


def _name_of(model: type[Cart] | type[Warehouse]) -> Callable[[str], str]:
    def words(asked: str) -> str:
        found = model.objects.filter(public_id=asked).first()
        return found.name if found is not None else asked

    return words


def _countries(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    return rows.filter(country__in=asked.upper().replace(",", " ").split())


def _from(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    return rows.filter(placed_at__gte=midnight(date.fromisoformat(asked), zone))


def _until(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    return rows.filter(placed_at__lt=midnight(date.fromisoformat(asked), zone) + timedelta(days=1))


def _day(asked: str) -> str:
    day = date.fromisoformat(asked)
    return f"{day.day} {day:%b %Y}"


def _least(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    amount = _amount(asked)
    return rows.filter(worth__gte=floor(amount), total__gte=amount)


def _most(rows: Rows, asked: str, zone: ZoneInfo) -> Rows:
    amount = _amount(asked)
    return rows.filter(worth__lte=floor(amount), total__lte=amount)


def _amount(asked: str) -> Decimal:
    try:
        amount = Decimal(asked.strip())
    except InvalidOperation:
        raise ValueError("no amount") from None
    if not (amount.is_finite() and abs(amount) < MOST_MONEY):
        raise ValueError("no amount")
    return round(amount, 4)


FILTERS: tuple[Filter, ...] = (
    Filter("q", lambda rows, asked, zone: matching(rows, asked)),
    Filter("status", _status),
    Filter("problem", _problem, "Waits for", _problem_words),
    Filter("cart", _of("cart_id", Cart), "Cart", _name_of(Cart)),
    Filter("warehouse", _of("warehouse_id", Warehouse), "Warehouse", _name_of(Warehouse)),
    Filter(
        "marketplace",
        lambda rows, asked, zone: rows.filter(marketplace=asked),
        "Marketplace",
        lambda asked: marketplaces().get(asked, asked),
    ),
    Filter("country", _countries, "Ships to", str.upper),
    Filter("from", _from, "Placed from", _day),
    Filter("until", _until, "Placed until", _day),
    Filter("least", _least, "Total from"),
    Filter("most", _most, "Total up to"),
)


def asked_for(query: QueryDict) -> dict[str, str]:
    """What an address asks of the list: the filters' own names, each once, without those that are empty."""
    told = {each.name: str(query.get(each.name, "")).strip() for each in FILTERS}
    return {name: value for name, value in told.items() if value}


def narrowed(rows: Rows, asked: Mapping[str, str], zone: str) -> Rows:
    """The rows that pass every filter. None pass one that cannot be read."""
    if any("\0" in value for value in asked.values()):  # no row holds one, and PostgreSQL takes none in a question
        return rows.none()
    for each in FILTERS:
        if each.name in asked:
            try:
                rows = each.narrow(rows, asked[each.name], ZoneInfo(zone))
            except ValueError:
                return rows.none()
    return rows


def chips(asked: Mapping[str, str]) -> list[Chip]:
    return [
        Chip(each.label, _words(each, asked[each.name]), as_query({**asked, each.name: ""}))
        for each in FILTERS
        if each.label and each.name in asked
    ]


def _words(each: Filter, asked: str) -> str:
    try:
        return each.words(asked)
    except ValueError:
        return asked


def as_query(asked: Mapping[str, str]) -> str:
    """The address's query for what is asked: ``?status=held&cart=...``; ``?`` alone for everything."""
    query = QueryDict(mutable=True)
    for each in FILTERS:
        if asked.get(each.name):
            query[each.name] = asked[each.name]
    return "?" + query.urlencode()
