"""What people decide about an order: to hold it back, to let it go on, to let it pass a gate."""

from __future__ import annotations

from django.db.models import QuerySet

from cartrover.events.telling import event, tell
from cartrover.orders import errands
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import SENT, decide

# The gates that a person may overrule, by the code of their verdict, with the words of the button.
RELEASES = {
    "by_person": "Release",
    "rule_hold": "Release",
    "rule_skip": "Send it anyway",
    "too_early": "Send it anyway",
    "po_box": "Send it anyway",
    "country": "Send it anyway",
    "total_differs": "Send it anyway",
    "unmapped_method": "Send it as the cart calls it",
    "address_too_long": "Send it shortened",
    "number_too_long": "Send the short number",
}
_HOLDABLE = (Status.NEW, Status.ERROR, Status.HELD)
# What waits for its own buttons: releasing it would send it past them.
_SETTLED_FIRST = ("ambiguous", "malformed", *errands.SEND_AGAIN)


def release_words(order: Order) -> str:
    """What the button says that lets it go on; empty where a person cannot overrule what stops it."""
    return RELEASES.get(order.reason_code, "") if order.status in (Status.ERROR, Status.HELD, Status.SKIPPED) else ""


def may_hold(order: Order) -> bool:
    """Whether a person can still stop it: nothing of it is, or may be, at the warehouse."""
    if order.held_by or order.status not in _HOLDABLE or order.reason_code in _SETTLED_FIRST:
        return False
    return not order.effects.filter(kind="order", state__in=SENT).exists()


def hold(orders: QuerySet[Order], actor: str) -> int:
    """Hold those back that are not sent yet, until a person releases them. Returns how many."""
    chosen = [order for order in _locked(orders) if may_hold(order)]
    for order in chosen:
        order.held_by = actor
    Order.objects.bulk_update(chosen, ["held_by"])
    decide(_these(chosen), actor)
    return len(chosen)


def release(orders: QuerySet[Order], actor: str) -> tuple[int, set[int]]:
    """Let those go on that a person or a gate holds. What else stops them is said next.

    Returns how many, and the connections whose order delivery the caller has to wake.
    """
    chosen = [order for order in _locked(orders) if release_words(order)]
    for order in chosen:
        if order.reason_code == "by_person":
            order.held_by = ""
        else:
            order.waived = [*order.waived, order.reason_code]
    Order.objects.bulk_update(chosen, ["held_by", "waived"])
    tell(event(order, "released", f"{RELEASES[order.reason_code]}: {order.reason}", actor=actor) for order in chosen)
    return len(chosen), decide(_these(chosen))


def _locked(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.select_for_update(of=("self",), no_key=True).order_by("pk")


def _these(orders: list[Order]) -> QuerySet[Order]:
    return Order.objects.filter(pk__in=[order.pk for order in orders])
