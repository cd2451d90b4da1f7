"""Which orders a merchant's rule is about: its fields and tests, in code and in words.

A rule compares what a field of the order holds with its values. Texts are compared without regard to case. A field may hold
several texts (the SKUs of all lines): one that fits is enough, and ``none_of`` asks that none does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from cartrover.orders.models import OrderRule
from cartrover.orders.routing import Case

Held = Sequence[str] | Decimal
TESTS = {
    "any_of": "is one of",
    "none_of": "is none of",
    "starts": "starts with",
    "contains": "contains",
    "filled": "is there",
    "at_least": "is at least",
    "below": "is below",
}
NUMERIC = ("at_least", "below")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing about an order that a rule may ask for. ``example`` shows how its values are written."""

    label: str
    tests: tuple[str, ...]
    read: Callable[[Case], Held]
    example: str = ""


def _of_address(name: str) -> Callable[[Case], Held]:
    return lambda case: ((case.ship_to or {}).get(name) or "",)


_LISTED = ("any_of", "none_of")
FIELDS: dict[str, Field] = {
    "total": Field("Order total", NUMERIC, lambda case: case.total, "500, in the order's own currency"),
    "units": Field("Units", NUMERIC, lambda case: Decimal(sum(line.left for line in case.lines)), "10"),
    "country": Field("Country", _LISTED, _of_address("country"), "DE, AT, CH"),
    "postal_code": Field("Postcode", (*_LISTED, "starts"), _of_address("postal_code"), "967, 968"),
    "sku": Field("SKU", (*_LISTED, "starts"), lambda case: [line.sku for line in case.lines if line.left], "TENT-2P-GREEN"),
    "shipping_method": Field("Shipping method", (*_LISTED, "contains"), lambda case: (case.shipping_method,), "US_UPSNextDayAir"),
    "payment": Field("Payment", _LISTED, lambda case: (case.payment,), "partially_refunded"),
    "note": Field("Buyer's note", ("filled", "contains"), lambda case: (case.note,), "gift"),
    "buyer": Field("Buyer", (*_LISTED, "contains"), lambda case: case.buyer, "a name, a user id or an e-mail address"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as the gates see it. ``values`` are folded, for comparing; ``words`` are for people."""

    field: str
    test: str
    values: tuple[str, ...]
    action: str
    cart_id: int | None
    words: str
    row: OrderRule

    @classmethod
    def of(cls, row: OrderRule) -> Rule:
        values = tuple(str(value).casefold() for value in row.values)
        return cls(row.field, row.test, values, row.action, row.cart_id, words(row.field, row.test, row.values), row)


def passes(case: Case, rule: Rule) -> bool:
    """Whether the rule is about this order. A rule that asks for what nobody knows any more is about none."""
    field = FIELDS.get(rule.field)
    if field is None or rule.test not in field.tests:
        return False
    held = field.read(case)
    if isinstance(held, Decimal):
        return _compares(held, rule)
    texts = [text.casefold() for text in held if text]
    return bool(texts) if rule.test == "filled" else _matches(texts, rule)


def _compares(held: Decimal, rule: Rule) -> bool:
    bound = number(rule.values[0]) if rule.values else None
    if bound is None:
        return False
    return held >= bound if rule.test == "at_least" else held < bound


def _matches(texts: Sequence[str], rule: Rule) -> bool:
    if rule.test == "none_of":
        return not any(text in rule.values for text in texts)
    fits: Callable[[str, str], bool] = _FITS[rule.test]
    return any(fits(text, value) for text in texts for value in rule.values)


_FITS: dict[str, Callable[[str, str], bool]] = {
    "any_of": str.__eq__,
    "starts": str.startswith,
    "contains": str.__contains__,
}


def number(text: str) -> Decimal | None:
    """An amount as a person types it, or None."""
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def words(field: str, test: str, values: Iterable[str]) -> str:
    """A rule as a sentence without its full stop: "Country is one of DE, AT"."""
    label = FIELDS[field].label if field in FIELDS else field
    return f"{label} {TESTS.get(test, test)} {', '.join(map(str, values))}".strip()
