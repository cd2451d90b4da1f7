"""From pulled to ready: the gates judge an order when it is read, when what they judge by has changed, and before it is sent."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from cartrover.connections.models import Connection
from cartrover.orders.gates import GATES
from cartrover.orders.gates.context import Context, context
from cartrover.orders.gates.ours import made_by_us
from cartrover.orders.models import Order, Status
from cartrover.orders.routing import Case, case_of, route
from cartrover.orders.settling import OURS, settle
from cartrover.orders.verdicts import Verdict

# States of an effect whose write is, or may be, at the warehouse although the order does not say so yet.
SENT = ("intent", "ambiguous", "confirmed")


def on_their_way(order_ids: Iterable[int]) -> set[int]:
    """Those of these orders that are, or may be, at the warehouse by what was sent."""
    sent = Order.objects.filter(pk__in=order_ids, effects__kind="order", effects__state__in=SENT)
    return set(sent.values_list("pk", flat=True))


def judge(case: Case, known: Context) -> Verdict:
    """What becomes of an order that is not at the warehouse."""
    if made_by_us(case, known):
        return Verdict(Status.SKIPPED, "made_by_us", "we made it")
    if case.filtered:
        return Verdict(Status.SKIPPED, "filtered", case.filtered)
    way = route(case, known.carts)
    if way.cart is None:
        return Verdict(Status.SKIPPED, way.code, way.reason)
    for gate in GATES:
        found = gate(case, way.cart, known)
        if found is not None and found.code not in case.waived:
            return Verdict(found.status, found.code, found.reason, way.cart, found.cause)
    return Verdict(Status.NEW, cart=way.cart)


# ----------------------------------------------------------------------------------------------------------- judging once more

# What these gates have decided they may decide anew. A hold for a doubt stays until a person has looked.
_OURS_TO_CHANGE = {
    Status.NEW: None,
    Status.ERROR: None,
    Status.SKIPPED: None,
    Status.CANCELED: {"canceled"},
    Status.HELD: {
        *("payment", "cancel_asked", "counting", "malformed", "no_warehouse", "total_differs"),
        *("by_person", "rule_hold", "po_box", "country"),
    },
}
# Skipped for what the merchant can change: adding a cart or switching one on judges these again.
_OPEN_TO_CARTS = ("no_cart", "download_off", "too_early", "no_warehouse")


def may_judge(order: Order) -> bool:
    """Whether the gates decide about it. Not once its delivery has begun: then what was sent must be settled first."""
    codes = _OURS_TO_CHANGE.get(Status(order.status), set())
    return order.reason_code != "made_by_us" and (codes is None or order.reason_code in codes)


def judge_again(connection: Connection) -> set[int]:
    """Judge what was skipped for want of a cart, and what is on its way to where the cart's orders went before, after a cart was
    added, changed or switched on.

    Returns the connections whose order delivery the caller has to wake.
    """
    skipped = Q(status__in=(Status.SKIPPED, Status.HELD), reason_code__in=_OPEN_TO_CARTS)
    return decide(Order.objects.filter(skipped | Q(status__in=(Status.NEW, Status.ERROR)), connection=connection))


def release(kind: str, subject: str, connection: Connection) -> set[int]:
    """What a Problem said of a warehouse is no longer so: close it and judge again what waited for it.

    Returns as :func:`judge_again`.
    """
    waited = Order.objects.filter(
        problem__kind=kind, problem__subject=subject, problem__about="connection", problem__about_id=connection.pk
    )
    return decide(waited.filter(status=Status.ERROR))


def decide(orders: QuerySet[Order], actor: str = OURS, *, just_read: bool = False) -> set[int]:
    """Judge these orders now, and write what changed. Returns the connections whose order delivery the caller has to wake.

    Locks the rows, in the order of their keys. ``actor`` is whose doing it is. Of an order that could not be read nobody knows
    whether it is still wanted: only a reading decides about it (``just_read``).
    """
    orders = orders if just_read else orders.exclude(reason_code="malformed")
    chosen = [each for each in orders.select_for_update(of=("self",)).order_by("pk").prefetch_related("lines") if may_judge(each)]
    sent = on_their_way([each.pk for each in chosen])
    by_connection: dict[int, list[Order]] = {}
    for order in chosen:
        if order.pk not in sent:
            by_connection.setdefault(order.connection_id, []).append(order)
    woken: set[int] = set()
    for connection_id, group in by_connection.items():
        cases = [case_of(order, list(order.lines.all())) for order in group]
        known = context(connection_id, cases)
        woken |= settle([(order, judge(case, known)) for order, case in zip(group, cases, strict=True)], actor)
    return woken
