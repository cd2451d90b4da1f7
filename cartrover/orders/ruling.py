"""A merchant's rules are added, switched and deleted; what they had stopped is judged again. Inside the merchant's door.

What a person has released stays released: the gates do not ask a rule about it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Prefetch, Q
from django.utils import timezone

from cartrover.merchants import audit
from cartrover.orders.models import Order, OrderLine, OrderRule, Status
from cartrover.orders.preparing import decide
from cartrover.orders.routing import case_of
from cartrover.orders.rules import Rule, passes

DAYS = 30
MOST = 5000  # orders that a preview looks at
STOPPED = ("rule_skip", "rule_hold")


@dataclass(frozen=True, slots=True)
class Touched:
    """How many of some orders a rule is about. ``more``: there were others, which were not looked at."""

    count: int
    of: int
    more: bool


def touched(row: OrderRule) -> Touched:
    """What the rule, saved or not, would say of the orders of the last days, the newest first."""
    rule = Rule.of(row)
    orders = Order.objects.filter(placed_at__gte=timezone.now() - timedelta(days=DAYS)).defer("raw", "marks")
    if row.cart_id is not None:
        orders = orders.filter(cart_id=row.cart_id)
    newest = list(orders.order_by("-placed_at", "-pk").prefetch_related(Prefetch("lines", OrderLine.objects.all()))[: MOST + 1])
    looked_at = newest[:MOST]
    count = sum(passes(case_of(order, list(order.lines.all())), rule) for order in looked_at)
    return Touched(count, len(looked_at), len(newest) > MOST)


def add(row: OrderRule, actor: audit.Actor) -> set[int]:
    """Save a new rule. Returns, as all here do, the connections whose order delivery the caller has to wake."""
    row.save()
    audit.record(actor, "added a rule", row, after=_told(row))
    return judge_for_rules()


def switch(row: OrderRule, on: bool, actor: audit.Actor) -> set[int]:
    with audit.watched(actor, "switched a rule", row, "on"):
        row.on = on
        row.save(update_fields=["on"])
    return judge_for_rules()


def delete(row: OrderRule, actor: audit.Actor) -> set[int]:
    audit.record(actor, "deleted a rule", row, before=_told(row))
    OrderRule.objects.filter(pk=row.pk).delete()
    return judge_for_rules()


def judge_for_rules() -> set[int]:
    """Judge again what rules have stopped, and what has still to be sent."""
    return decide(Order.objects.filter(Q(reason_code__in=STOPPED) | Q(status=Status.NEW)))


def _told(row: OrderRule) -> dict[str, object]:
    cart = row.cart.name if row.cart is not None else "all carts"
    return {"action": row.action, "cart": cart, "field": row.field, "test": row.test, "values": row.values}
