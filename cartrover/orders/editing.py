"""Changing an order before it goes out. What is laid over what the cart tells, and how it is read, says ``edits.py``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartrover.events.telling import event, tell
from cartrover.orders.canceling import may_send_again
from cartrover.orders.edits import FIELDS, edited
from cartrover.orders.errands import look_again
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import SENT, decide

_OPEN = (Status.NEW, Status.ERROR, Status.HELD)


def may_edit(order: Order) -> bool:
    """Whether an edit can still go out: it is to be sent, now or again, or the warehouse can be told of a change.

    Not while it is in doubt whether it is there, nor when some of it has left.
    """
    if order.status == Status.AT_WMS:
        return not order.errand and order.sent is not None and not order.shipments.exclude(state="void").exists()
    if may_send_again(order):
        return True
    if order.status not in _OPEN or order.reason_code == "malformed":
        return False
    return not order.effects.filter(kind="order", state__in=(*SENT, "held")).exists()


def edit(order: Order, wanted: Mapping[str, Any], actor: str) -> tuple[list[str], set[int]]:
    """Lay over what the cart tells what is ``wanted`` instead: the address by field, ``shipping_method`` and ``note``.

    The order is judged anew, since an edit may end what it waits for. Call with the row locked. Returns in words what differs
    from the cart's now, and the connections whose order delivery the caller has to wake.
    """
    told = order.ship_to or {}
    address = {name: wanted[name] for name in FIELDS if wanted[name] != (told.get(name) or "")}
    edits: dict[str, Any] = {"ship_to": address} if address else {}
    if wanted["shipping_method"]:
        edits["shipping_method"] = wanted["shipping_method"]
    if wanted["note"] != order.note:
        edits["note"] = wanted["note"]
    if edits == order.edits:
        return edited(order), set()
    order.edits = edits
    order.save(update_fields=["edits"])
    words = edited(order)
    tell([event(order, "edited", f"Edited here: {', '.join(words)}." if words else "It goes as the cart tells it.", actor=actor)])
    if order.status == Status.AT_WMS:
        return words, look_again([order], {order.pk})
    return words, decide(Order.objects.filter(pk=order.pk), actor)
