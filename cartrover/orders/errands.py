"""What becomes of an order that is at the warehouse when it is no longer wanted as it was sent.

Decides and writes it down. What is to be done at the warehouse is the order's errand, which its delivery stream runs
(``sync/run_errands.py``); what nobody but a person can do is a Problem. All of it belongs inside the merchant's door, on rows
that are locked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from cartrover.events.models import Event, Problem
from cartrover.events.telling import event, open_problem, tell
from cartrover.orders import lines_now, lines_there
from cartrover.orders.models import Order, Status
from cartrover.orders.wanted_lines import WantedLines, still_to_come, wanted_lines

# Why an order is to be voided, by the code that its row holds meanwhile.
VOIDED_FOR = {
    "void_canceled": "canceled at the cart",
    "void_failed": "its payment failed",
    "void_refunded": "it was fully refunded",
    "void_asked": "the buyer asked to cancel",
    "void_by_person": "its sending was canceled here",
}
TOO_LATE, ASKED, NOT_CHANGED = "too_late", "cancel_asked_late", "not_changed"
GONE, WANTED_AGAIN, DIFFERS = "voided_there", "wanted_again", "differs_at_warehouse"
VOIDED, CANCELED_HERE = "voided", "canceled_here"  # the ends: for what the cart says, and for what a person here said
SEND_AGAIN = (GONE, WANTED_AGAIN)  # held: the warehouse has it no more, and the cart wants it
HAS_LEFT = (Status.SHIPPED, Status.CONFIRMED)
KINDS = (TOO_LATE, ASKED, NOT_CHANGED, GONE, WANTED_AGAIN, DIFFERS)

_STATE = ("status", "errand", "due_at", "attempts", "reason_code", "reason", "problem")


def look_again(orders: Iterable[Order], edited: Collection[int] = ()) -> set[int]:
    """Judge orders that are, or were, at the warehouse by what the cart says now. ``edited`` were changed in what was sent.

    Returns the connections whose order delivery the caller has to wake.
    """
    events: list[Event] = []
    woken: set[int] = set()
    for order in orders:
        events += _judge(order, order.pk in edited)
        if order.errand and order.warehouse is not None and order.warehouse.connection_id is not None:
            woken.add(order.warehouse.connection_id)
    tell(events)
    return woken


def waits_for(order: Order, *kinds: str) -> Problem | None:
    """The open Problem of these kinds that an order waits for: an order may have several, and its reason tells one of them."""
    if order.reason_code not in KINDS:
        return None
    return order.problem if order.reason_code in kinds else _open(order, kinds)


def _open(order: Order, kinds: Collection[str]) -> Problem | None:
    rows = Problem.objects.filter(about="order", about_id=order.pk, kind__in=kinds, closed_at__isnull=True)
    newest: Problem | None = rows.order_by("-opened_at", "-pk").first()
    return newest


def _judge(order: Order, edited: bool) -> list[Event]:
    cause = unwanted(order)
    if order.status == Status.HELD and order.reason_code in SEND_AGAIN and cause:
        return [voided(order, cause)]
    if order.status == Status.CANCELED and order.reason_code == VOIDED and not cause:
        return _wanted_again(order)
    if order.status in HAS_LEFT:
        _add_to_what_has_left(order, edited, cause)
    if order.status != Status.AT_WMS:
        return []
    if cause:
        return begin_void(order, cause)
    events = _wanted_after_all(order)
    if edited and order.errand != Order.Errand.VOID:
        _set(order, errand=Order.Errand.CHANGE, due_at=timezone.now(), attempts=0)
    if order.cancel == "asked" and not waits_for(order, ASKED, TOO_LATE):
        events += _asked(order)
    return events


def _add_to_what_has_left(order: Order, edited: bool, cause: str) -> None:
    """Lines that come when all has left are tried, and told to a person. Of an order that nobody wants they are over."""
    waits = waits_for(order, NOT_CHANGED)
    if cause and waits:
        settled(order, NOT_CHANGED)
    elif edited and not cause and (waits or still_to_come(order)):
        _set(order, errand=Order.Errand.CHANGE, due_at=timezone.now(), attempts=0)


def unwanted(order: Order) -> str:
    """The code of why the cart no longer wants it; empty where it does."""
    if order.cancel == "canceled":
        return "void_canceled"
    if order.payment in ("failed", "refunded"):
        return f"void_{order.payment}"
    at_once = order.cart is not None and order.cart.settings.get("void_when_asked")
    return "void_asked" if order.cancel == "asked" and at_once else ""


def begin_void(order: Order, cause: str, *, actor: str = "CartRover", again: bool = False) -> list[Event]:
    """Have it voided at the warehouse. What the warehouse has refused is asked once more only ``again``."""
    if order.errand == Order.Errand.VOID or (waits_for(order, TOO_LATE) and not again):
        return []
    _close(order, *KINDS)
    words = f"{VOIDED_FOR[cause]}, and is to be voided at the warehouse"
    _set(order, errand=Order.Errand.VOID, due_at=timezone.now(), attempts=0, reason_code=cause, reason=words, problem=None)
    return [event(order, "void_wanted", _sentence(words), actor=actor)]


def _wanted_after_all(order: Order) -> list[Event]:
    """The cart has taken back why it did not want it. What a person here has asked for stays."""
    if order.reason_code in VOIDED_FOR and order.reason_code != "void_by_person":
        _set(order, errand="", due_at=None, reason_code="", reason="")
        return [event(order, "wanted", "The cart wants it after all: it stays at the warehouse.")]
    if waits_for(order, TOO_LATE) and _why(order) != "void_by_person":
        settled(order, TOO_LATE)
        return [event(order, "wanted", "The cart wants it after all.")]
    if order.cancel != "asked" and waits_for(order, ASKED):
        settled(order, ASKED)
        return [event(order, "wanted", "The buyer no longer asks to cancel: it stays at the warehouse.")]
    return []


def _asked(order: Order) -> list[Event]:
    words = (
        f"The buyer of order {order.number} asks to cancel, and it is at {order.warehouse} already. Answer the buyer at the "
        "cart: if you agree, we void it at the warehouse, else it ships."
    )
    problem = open_problem(ASKED, words, about=order)
    reason = "the buyer asks to cancel, and it is at the warehouse already"
    _set(order, reason_code=ASKED, reason=reason, problem=problem)
    return [event(order, ASKED, _sentence(reason))]


def _wanted_again(order: Order) -> list[Event]:
    """Voided for what the cart has taken back since."""
    words = f"Order {order.number} was voided at {order.warehouse}, and the cart wants it after all. Send it again or cancel it."
    return [_held(order, WANTED_AGAIN, words, "voided at the warehouse, and the cart wants it after all")]


# ------------------------------------------------------------------------------------------------------------- what came of it


def voided(order: Order, cause: str = "", *, actor: str = "CartRover") -> Event:
    """It is not at the warehouse, or void there, and nobody wants it any more. Its stock is free again.

    Without a ``cause`` it is why it was to be voided, or should have been when that was too late.
    """
    cause = cause or _why(order) or unwanted(order) or "void_canceled"
    code = CANCELED_HERE if cause == "void_by_person" else VOIDED
    was_there = bool(order.remote_id)
    _close(order, *KINDS, "engine")
    _set(
        order,
        status=Status.CANCELED,
        errand="",
        due_at=None,
        attempts=0,
        reason_code=code,
        reason=VOIDED_FOR[cause],
        problem=None,
    )
    if was_there:
        _is_void_there(order)
    words = f"{VOIDED_FOR[cause]}, and void at the warehouse" if was_there else VOIDED_FOR[cause]
    return event(order, VOIDED, _sentence(words), actor=actor)


def too_late(order: Order, why: str, detail: str = "") -> Event:
    """The warehouse does not void it: it ships unless somebody there stops it."""
    cause = _why(order) or "void_canceled"
    words = (
        f"Order {order.number}: {VOIDED_FOR[cause]}, and it is too late to void it at {order.warehouse}. {_sentence(why)} "
        "Call the warehouse: have it stopped, or let it ship."
    )
    problem = open_problem(TOO_LATE, words, about=order, detail=detail, data={"cause": cause})
    reason = f"{VOIDED_FOR[cause]}, too late for the warehouse: {why[:1].lower()}{why[1:].rstrip('.')}"
    _set(order, errand="", due_at=None, attempts=0, reason_code=TOO_LATE, reason=reason, problem=problem)
    return event(order, TOO_LATE, _sentence(reason), detail=detail)


def not_changed(
    order: Order, why: str, differences: Sequence[Mapping[str, str]], wanted: Mapping[str, Any], detail: str, lacks: str = ""
) -> Event:
    """The warehouse does not take the change. ``differences`` are told on the order's page alone: some are personal.

    ``lacks`` is the code or SKU that has to be put right first, where that is all: then it is tried again by itself.
    """
    what = ", ".join(dict.fromkeys(each["what"] for each in differences))
    words = (
        f"Order {order.number} was changed at the cart when it was at {order.warehouse} already ({what}), and the change was not "
        f"taken there. {_sentence(why)} Tell the warehouse what is different now."
    )
    _close(order, NOT_CHANGED)
    data = {"differences": list(differences), "wanted": wanted, "lacks": lacks}
    problem = open_problem(NOT_CHANGED, words, about=order, detail=detail, data=data)
    reason = f"changed at the cart ({what}), and not at the warehouse: {why[:1].lower()}{why[1:].rstrip('.')}"
    _set(order, errand="", due_at=None, attempts=0, reason_code=NOT_CHANGED, reason=reason, problem=problem)
    return event(order, NOT_CHANGED, _sentence(reason), detail=detail)


def lacking(connection_id: int) -> set[str]:
    """The codes and SKUs that changes for a warehouse wait for."""
    rows = Problem.objects.filter(kind=NOT_CHANGED, closed_at__isnull=True, orders__warehouse__connection_id=connection_id)
    return {str(data["lacks"]) for data in rows.values_list("data", flat=True) if data.get("lacks")}


def try_again(codes: Collection[str]) -> set[int]:
    """These codes and SKUs are put right: changes that waited for one are tried again. Returns the connections to wake."""
    rows = Order.objects.filter(reason_code=NOT_CHANGED, problem__data__lacks__in=list(codes), errand="")
    orders = list(rows.select_for_update(of=("self",), no_key=True).select_related("warehouse").order_by("pk"))
    change_again(orders)
    at = {order.warehouse.connection_id for order in orders if order.warehouse is not None}
    return {connection_id for connection_id in at if connection_id is not None}


def change_again(orders: Iterable[Order]) -> None:
    """Have them made at the warehouse as they are wanted now."""
    for order in orders:
        _set(order, errand=Order.Errand.CHANGE, due_at=timezone.now(), attempts=0)


def changed(order: Order, differences: Sequence[Mapping[str, str]], wanted: Mapping[str, Any], lines: WantedLines) -> Event:
    """The warehouse has it as it is wanted now."""
    _as_wanted(order, wanted, lines)
    what = ", ".join(dict.fromkeys(each["what"] for each in differences))
    words = f"Changed at the warehouse too: {what}." if what else "At the warehouse it is as it was sent."
    return event(order, "changed_there", words)


def nothing_to_change(order: Order) -> None:
    """What was changed at the cart was changed back, or is nothing that the warehouse was told."""
    _set(order, errand="", due_at=None, attempts=0)
    if waits_for(order, NOT_CHANGED):
        settled(order, NOT_CHANGED)


def void_there(order: Order) -> Event:
    """The warehouse says that it is void: as it was meant to be, or against what the buyer wants."""
    meant = order.errand == Order.Errand.VOID or waits_for(order, TOO_LATE) or unwanted(order)
    return voided(order, actor="Warehouse") if meant else gone(order)


def gone(order: Order) -> Event:
    """The warehouse has canceled what the buyer still wants. It is not sent again before a person says so."""
    words = f"{order.warehouse} canceled order {order.number}, and the buyer still wants it. Send it again, or cancel it."
    return _held(order, GONE, words, "the warehouse canceled it, and the buyer still wants it", actor="Warehouse")


def differs(order: Order, words: str) -> list[Event]:
    """The order is another one at the warehouse than was sent."""
    told = f"Order {order.number} is different at {order.warehouse} now: {words}. If it is not meant to be so, correct it there."
    _close(order, DIFFERS)
    problem = open_problem(DIFFERS, told, about=order)
    if not order.reason_code:
        _set(order, reason_code=DIFFERS, reason=f"different at the warehouse: {words}", problem=problem)
    return [event(order, "differs", f"Changed at the warehouse: {words}.", actor="Warehouse")]


def remarked(order: Order, remark: str) -> Event:
    """It came to the warehouse, and not all of it as was asked."""
    problem = open_problem(DIFFERS, remark, about=order)
    _set(order, reason_code=DIFFERS, reason=remark, problem=problem)
    return event(order, "differs", remark)


def shipped(order: Order) -> list[Event]:
    """Every unit has left: what was asked for came too late, and nothing of it waits but what the cart has added since."""
    cause = _why(order)
    more = not cause and bool(still_to_come(order))
    if not more:
        _set(order, errand="", due_at=None)
    if not more or order.reason_code != NOT_CHANGED:
        settled(order, *(kind for kind in KINDS if kind != DIFFERS or order.reason_code == DIFFERS))
    return [event(order, "shipped_anyway", f"It has left although {VOIDED_FOR[cause]}.")] if cause else []


def told_by_person(order: Order, actor: str) -> list[Event]:
    """A person has told the warehouse of a change, or knows of one there: from now on it counts as done."""
    problem = waits_for(order, NOT_CHANGED, DIFFERS)
    if problem is None:
        return []
    if problem.kind == NOT_CHANGED and problem.data:
        _as_wanted(order, problem.data["wanted"], wanted_lines(order))
    told = "The warehouse was told of the change." if problem.kind == NOT_CHANGED else "The change at the warehouse is known."
    settled(order, problem.kind)
    return [event(order, "told", told, actor=actor)]


# --------------------------------------------------------------------------------------------------------------------- details


def _as_wanted(order: Order, wanted: Mapping[str, Any], lines: WantedLines) -> None:
    lines_there.write(order, lines)
    Order.objects.filter(pk=order.pk).update(sent=dict(wanted))
    if order.errand != Order.Errand.VOID:  # it may have been canceled meanwhile
        _set(order, errand="", due_at=None, attempts=0)
    if waits_for(order, NOT_CHANGED, DIFFERS):
        settled(order, NOT_CHANGED, DIFFERS)


def _held(order: Order, code: str, words: str, reason: str, *, actor: str = "CartRover") -> Event:
    _close(order, *KINDS, "engine")
    problem = open_problem(code, words, about=order)
    _set(order, status=Status.HELD, errand="", due_at=None, attempts=0, reason_code=code, reason=reason, problem=problem)
    _is_void_there(order)
    return event(order, code, _sentence(reason), actor=actor)


def _is_void_there(order: Order) -> None:
    """What was made of it is no more: whoever sends it again sends a new order."""
    lines_now.take_over(order)
    Order.objects.filter(pk=order.pk).update(stock_committed=False, remote_status="void")
    order.effects.filter(kind="order", state="confirmed").update(state="rejected", said="Void at the warehouse.")


def settled(order: Order, *kinds: str) -> None:
    """It waits for these no longer; for nothing where none is named. What else it waits for is its reason from now on."""
    _close(order, *(kinds or KINDS))
    other = _open(order, KINDS)
    if other is None:
        _set(order, reason_code="", reason="", problem=None)
    elif other.pk != order.problem_id:
        _set(order, reason_code=other.kind, reason=other.words, problem=other)


def _close(order: Order, *kinds: str) -> None:
    """Close the order's Problems of these kinds, and forget what personal data they hold."""
    rows = Problem.objects.filter(about="order", about_id=order.pk, kind__in=kinds, closed_at__isnull=True)
    rows.update(closed_at=timezone.now(), data={})


def _why(order: Order) -> str:
    """The code of why it is to be voided, or was when that was too late; empty where it is wanted."""
    if order.reason_code in VOIDED_FOR:
        return order.reason_code
    late = waits_for(order, TOO_LATE)
    return str(late.data.get("cause", "")) if late is not None else ""


def _set(order: Order, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(order, name, value)
    order.save(update_fields=[name for name in _STATE if name in changes])


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith(('.', '!', '?')) else '.'}"
