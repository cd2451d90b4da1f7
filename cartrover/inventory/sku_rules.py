"""Rules about SKUs as people want them: what is wrong with one, and keeping it. Call inside the merchant's door.

Whoever changes a rule by way of this has to judge again what waits for its code; ``sync/sku_rules.py`` does both.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuPart, SkuRule
from cartrover.inventory.skus import SEND, Part
from cartrover.merchants import audit
from cartrover.merchants.audit import Actor

LONGEST = 200
MOST_PARTS = 50
MOST_UNITS = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule as it should be. ``cart`` None is for all carts; ``parts`` only where the code is sent as something."""

    code: str
    cart: Cart | None = None
    action: str = SEND
    promotional: bool = False
    parts: tuple[Part, ...] = ()

    @property
    def key(self) -> tuple[int | None, str]:
        return (self.cart.pk if self.cart else None, self.code)

    def wrong(self) -> list[str]:
        """What keeps it from being kept, in sentences; empty where nothing does."""
        found = [*_wrong_code("The cart's SKU", self.code)]
        if self.action not in SkuRule.Action.values:
            found.append("Say what becomes of the code: send, leave out or refuse.")
        if self.action == SEND and not self.parts:
            found.append("Name at least one SKU that it is sent as.")
        if self.action != SEND and self.parts:
            found.append("What is left out or refused is sent as nothing.")
        return found + self._wrong_parts()

    def _wrong_parts(self) -> list[str]:
        found = [words for part in self.parts for words in _wrong_code("The warehouse's SKU", part.sku)]
        if len(self.parts) > MOST_PARTS:
            found.append(f"A kit has at most {MOST_PARTS} parts.")
        if any(not 1 <= part.units <= MOST_UNITS for part in self.parts):
            found.append(f"The units of a part are a whole number from 1 to {MOST_UNITS:,}.")
        skus = [part.sku for part in self.parts]
        twice = sorted({sku for sku in skus if sku and skus.count(sku) > 1})
        return found + [f"{sku} is named twice. Give it the units of both." for sku in twice]


def _wrong_code(what: str, code: str) -> Iterable[str]:
    if not code.strip():
        yield f"{what} is missing."
    elif len(code) > LONGEST:
        yield f"{what} is longer than {LONGEST} characters."
    elif any(unicodedata.category(letter) in ("Cc", "Cs") for letter in code):
        yield f"{what} holds a character that no SKU has, such as a line break."


def current(wanted: Wanted) -> SkuRule | None:
    """The rule that there is for the same code and cart."""
    row: SkuRule | None = rules().filter(sku=wanted.code, cart=wanted.cart).first()
    return row


def rules() -> QuerySet[SkuRule]:
    """All rules, with what showing one needs."""
    parts = SkuPart.objects.order_by("position", "pk")
    return SkuRule.objects.select_related("cart").prefetch_related(Prefetch("parts", parts))


def as_wanted(rule: SkuRule) -> Wanted:
    """A stored rule in the form that people change it in."""
    parts = sorted(rule.parts.all(), key=lambda part: (part.position, part.pk))
    return Wanted(rule.sku, rule.cart, rule.action, rule.promotional, tuple(Part(part.sku, part.units) for part in parts))


def keep(wanted: Wanted, actor: Actor) -> SkuRule:
    """Store a sound rule, in place of the one that there is for its code and cart."""
    before = current(wanted)
    told = _told(as_wanted(before)) if before else {}
    rule = before or SkuRule(sku=wanted.code, cart=wanted.cart, created_by=_name(actor))
    rule.action, rule.promotional = wanted.action, wanted.promotional
    rule.save()
    rule.parts.exclude(sku__in=[part.sku for part in wanted.parts]).delete()
    SkuPart.objects.bulk_create(
        [SkuPart(rule=rule, position=at, sku=part.sku, units=part.units) for at, part in enumerate(wanted.parts)],
        update_conflicts=True,
        unique_fields=["merchant", "rule", "sku"],
        update_fields=["position", "units"],
    )
    audit.record(actor, "changed the rule for a SKU" if before else "made a rule for a SKU", rule, told, _told(wanted))
    return rule


def drop(rule: SkuRule, actor: Actor) -> None:
    audit.record(actor, "deleted the rule for a SKU", rule, _told(as_wanted(rule)))
    rule.delete()


def _told(wanted: Wanted) -> dict[str, object]:
    return {
        "cart": wanted.cart.name if wanted.cart else "all carts",
        "action": SkuRule.Action(wanted.action).label,
        "no product": wanted.promotional,
        "parts": ", ".join(f"{part.units} x {part.sku}" for part in wanted.parts),
    }


def _name(actor: Actor) -> str:
    return actor if isinstance(actor, str) else actor.user.get_username() if actor else ""
