"""The merchant's own gates: filters leave an order out, holds make it wait for a person."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import OrderRule, Status
from cartrover.orders.routing import Case
from cartrover.orders.rules import Rule, passes
from cartrover.orders.verdicts import Cause, Verdict


def filtered(case: Case, cart: Cart, known: Context) -> Verdict | None:
    found = _applying(OrderRule.Action.SKIP, case, cart, known)
    return Verdict(Status.SKIPPED, "rule_skip", f"your rule: {_words(found)}") if found else None


def held(case: Case, cart: Cart, known: Context) -> Verdict | None:
    """All the rules that hold it are named: who releases it lets it pass them all."""
    found = _applying(OrderRule.Action.HOLD, case, cart, known)
    if not found:
        return None
    first = found[0]
    card = f"Held by your rule “{first.words}”. Look at them, then release them."
    cause = Cause("rule_hold", first.words[:200], about=first.row, words=card, data={"rule": first.row.pk})
    return Verdict(Status.HELD, "rule_hold", f"your rule: {_words(found)}", cause=cause)


def _applying(action: str, case: Case, cart: Cart, known: Context) -> list[Rule]:
    own = [rule for rule in known.order_rules if rule.action == action and rule.cart_id in (None, cart.pk)]
    return [rule for rule in own if passes(case, rule)]


def _words(rules: list[Rule]) -> str:
    return "; ".join(rule.words for rule in rules)
