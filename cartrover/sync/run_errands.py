"""Errands at the warehouse: orders that are there already are voided, or made to be as the cart wants them now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone

from cartrover.connections.models import Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders import errands, lines_now, preparing, units
from cartrover.orders.differences import Difference, differences
from cartrover.orders.models import Order, OrderLine, Shipment, Status
from cartrover.orders.sending import as_sent
from cartrover.orders.shipped import units_left
from cartrover.sync.backoff import back_off
from cartrover.sync.deliveries import GONE, delivery_of
from cartrover.sync.effects import Found, HeldForPerson, Plan, carry_out
from cartrover.sync.models import Effect
from cartrover.sync.sent import kept
from cartrover.sync.work import LeaseLost, Work, our_fault
from integrations.contract import Delivery, RemoteOrder
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Outcome, Rejected, RetryLater

log = logging.getLogger(__name__)

WAITING = Q(status=Status.AT_WMS) & ~Q(errand="")
PART_HAS_LEFT = "Some of it has left already."


def run(work: Work, warehouse: Warehouse, client: WarehouseClient, most: int) -> int:
    """Run the errands of a warehouse that are due. Returns how many were tried."""
    with work.rows():
        rows = Order.objects.filter(WAITING, warehouse=warehouse, due_at__lte=timezone.now())
        due = list(rows.select_related("warehouse").order_by("due_at", "id")[:most])
    for order in due:
        work.lease.check()
        _try(work, client, order)
    return len(due)


def still_to_be_sent(order_id: int) -> Callable[[], bool]:
    """Asks, under a lock, whether an order is to go out: not one that was canceled while it was in doubt whether it has gone."""
    rows = Order.objects.select_for_update(no_key=True).filter(pk=order_id, status=Status.NEW, errand="")
    return rows.exclude(cancel="canceled").exists


def settle_not_sent(order_id: int) -> None:
    """An order was stopped just before it was sent, and nothing of it is at the warehouse."""
    order = _locked(order_id)
    if order.status == Status.NEW and order.errand == Order.Errand.VOID:
        tell([errands.voided(order, "void_by_person")])
    else:
        preparing.decide(Order.objects.filter(pk=order_id))


def look_at_delivered(order_id: int) -> None:
    """An order has just come to the warehouse: whoever canceled or changed it while it was on its way is heard now."""
    order = _locked(order_id)
    if order.errand == Order.Errand.VOID and order.status == Status.AT_WMS:
        order.errand = ""
        tell(errands.begin_void(order, "void_by_person"))
    _delivery, found, _whole = _wanted(order)
    errands.look_again([order], {order.pk} if found else ())


def _try(work: Work, client: WarehouseClient, order: Order) -> None:
    """One order that waits, or that the warehouse refuses, keeps no other waiting."""
    work.wire.about(order.pk)
    try:
        _ERRANDS[Order.Errand(order.errand)](work, client, order)
    except RetryLater as outcome:
        if outcome.scope != "record":
            raise
        _later(work, order, outcome)
    except NeedsMerchant as outcome:
        if outcome.scope == "connection":
            raise
        _refused(work, client, order, outcome)
    except (Rejected, HeldForPerson) as outcome:
        _refused(work, client, order, outcome)
    except (Outcome, LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:  # our own fault with this order; the next one goes on
        log.exception("errand of order %s failed", order.pk)
        _later(work, order, our_fault(error), whose=Problem.Whose.OPERATOR)
    finally:
        work.wire.about(None)


# ------------------------------------------------------------------------------------------------------------------------ void


def _void(work: Work, client: WarehouseClient, order: Order) -> None:
    """Of an order of which something has left, nothing is voided: the warehouse is busy with it."""
    with work.rows():
        if _has_left(order):
            raise Rejected(PART_HAS_LEFT)
    carry_out(
        work,
        Plan(
            kind="void",
            subject=order.remote_id,
            content={"ref": order.ref, "remote_id": order.remote_id},
            look=lambda key: _is_void(client, order),
            send=lambda key: _voided(client, order, key),
            processing=_processing(work),
            order=order,
        ),
    )
    with work.writing():
        current = _locked(order.pk)
        if current.status == Status.AT_WMS:
            tell([errands.voided(current)])
            close_problems(about="order", about_id=order.pk, kind="engine")


def _voided(client: WarehouseClient, order: Order, key: str) -> str:
    client.void_order(order.remote_id, key=key)
    return order.remote_id


def _is_void(client: WarehouseClient, order: Order) -> Found | None:
    """The warehouse's own word on it, which leaves no doubt: what is not void is asked for again."""
    there = [each for each in client.find_orders(order.ref) if each.remote_id == order.remote_id]
    return Found(order.remote_id) if there and all(each.status in GONE for each in there) else None


# ---------------------------------------------------------------------------------------------------------------------- change


def _change(work: Work, client: WarehouseClient, order: Order) -> None:
    """Make it there as it is wanted now. A change says how the order is to be, so after a doubt it is simply said again."""
    with work.rows():
        wanted, found, whole = _wanted(order)
        done = Effect.objects.filter(order=order, kind="change", state=Effect.State.CONFIRMED).count()
        has_left = _has_left(order)
    if not found:
        with work.writing():
            errands.nothing_to_change(_locked(order.pk))
        return
    if has_left or not whole:
        raise Rejected(PART_HAS_LEFT if has_left else "It has another product now, which only the warehouse can put in.")
    answered: list[RemoteOrder] = []

    def send(key: str) -> str:
        answered.append(client.change_order(order.remote_id, wanted, key=key))
        return order.remote_id

    plan = Plan(
        kind="change",
        subject=f"{order.ref}-{done + 1}",
        content=wanted,
        look=lambda key: None,
        send=send,
        processing=_processing(work),
        order=order,
    )
    carry_out(work, plan)
    with work.writing():
        current = _locked(order.pk)
        events = [errands.changed(current, found, kept(wanted))]
        if current.content_hash != order.content_hash:  # it was changed again meanwhile
            Order.objects.filter(pk=order.pk).update(errand=Order.Errand.CHANGE, due_at=timezone.now())
        if answered and answered[-1].total != wanted.total:
            events += errands.differs(current, f"its total is {answered[-1].total}, and {wanted.total} was sent")
        tell(events)
        close_problems(about="order", about_id=order.pk, kind="engine")


def _wanted(order: Order) -> tuple[Delivery, list[Difference], bool]:
    """The delivery as it would be sent now, how that differs from the one that was, and whether it can be made of its lines."""
    lines, whole = lines_now.laid_over(order, list(order.lines.order_by("position")))
    sent: dict[str, Any] = order.sent or {}
    parts = units.sent_as(order)
    wanted = delivery_of(order, lines, parts, str(sent.get("customer_id", "")), as_sent(order))
    if order.sent is None:
        return wanted, [{"what": "order", "old": "", "new": ""}], whole
    found = differences(sent, kept(wanted), lines=not whole or _rest_differs(order, lines))
    return wanted, found, whole


def _rest_differs(order: Order, wanted: Sequence[OrderLine]) -> bool:
    """Whether the lines differ in what has not left yet."""
    left = units_left(order)
    if not left:
        return True
    now = {line.pk: line.quantity for line in wanted}
    return any(
        max(0, now.get(line.pk, 0) - gone) != max(0, line.quantity - gone)
        for line in order.lines.all()
        for gone in [line.shipped_before + left.get(line.pk, 0)]
    )


def _has_left(order: Order) -> bool:
    return order.shipments.exclude(state=Shipment.State.VOID).exists()


_ERRANDS = {Order.Errand.VOID: _void, Order.Errand.CHANGE: _change}


# --------------------------------------------------------------------------------------------------------------- what came of it


def _refused(work: Work, client: WarehouseClient, order: Order, outcome: Outcome) -> None:
    """The warehouse does not do it: from here on it is a person's move, unless all has left meanwhile."""
    with work.writing():
        current = _locked(order.pk)
        if current.status != Status.AT_WMS:
            return
        if order.errand == Order.Errand.VOID:
            tell([errands.too_late(current, outcome.message, outcome.detail)])
        else:
            wanted, found, _whole = _wanted(current)
            tell([errands.not_changed(current, outcome.message, found, kept(wanted), outcome.detail)])


def _later(work: Work, order: Order, outcome: RetryLater, *, whose: str = "") -> None:
    pause = timedelta(seconds=back_off(order.attempts, outcome.after))
    with work.writing():
        Order.objects.filter(pk=order.pk).update(attempts=order.attempts + 1, due_at=timezone.now() + pause)
        tell([event(order, "waits", outcome.message, detail=outcome.detail)])
        if whose:
            open_problem("engine", outcome.message, about=order, whose=whose, detail=outcome.detail)


def _locked(order_id: int) -> Order:
    found: Order = (
        Order.objects.select_for_update(of=("self",), no_key=True).select_related("warehouse", "problem", "cart").get(pk=order_id)
    )
    return found


def _processing(work: Work) -> float:
    side = work.integration.warehouse
    return side.processing_seconds if side else 60.0
