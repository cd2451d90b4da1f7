"""Errands at the warehouse: orders that are there already are voided, or made to be as the cart wants them now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db.models import Q
from django.utils import timezone

from cartrover.connections.models import Warehouse
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders import errands, preparing, search
from cartrover.orders.models import GONE_THERE, Order, Shipment, Status
from cartrover.orders.shipped import settle_confirmed, settle_shipped
from cartrover.orders.wanted_lines import still_to_come
from cartrover.sync import compared
from cartrover.sync.backoff import back_off
from cartrover.sync.deliveries import name_lines
from cartrover.sync.effects import Found, Plan, carry_out
from cartrover.sync.models import Effect
from cartrover.sync.new_lines import insist_on_what_has_left, name_new_lines
from cartrover.sync.one_of_many import one_of_many
from cartrover.sync.sent import kept, remote_kept
from cartrover.sync.wanted_now import WantedNow, wanted_now
from cartrover.sync.work import Work
from integrations.contract import Delivery, RemoteOrder
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Outcome, Rejected, RetryLater

# What has left as a whole may have lines that came to it afterwards.
WAITING = Q(status=Status.AT_WMS) & ~Q(errand="") | Q(status__in=errands.HAS_LEFT, errand=Order.Errand.CHANGE)


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
    errands.look_again([order], {order.pk} if wanted_now(order).found else ())


def _try(work: Work, client: WarehouseClient, order: Order) -> None:
    with one_of_many(work, order.pk, later=partial(_later, work, order), stop=partial(_refused, work, order)):
        _ERRANDS[Order.Errand(order.errand)](work, client, order)


# ------------------------------------------------------------------------------------------------------------------------ void


def _void(work: Work, client: WarehouseClient, order: Order) -> None:
    """Of an order of which something has left, nothing is voided: the warehouse is busy with it."""
    with work.rows():
        if order.shipments.exclude(state=Shipment.State.VOID).exists():
            raise Rejected("Some of it has left already.")
    carry_out(
        work,
        Plan(
            kind="void",
            subject=order.remote_id,
            content={"ref": order.ref, "remote_id": order.remote_id},
            look=lambda key: _is_void(client, order),
            send=lambda key: _voided(work, client, order, key),
            order=order,
        ),
    )
    with work.writing():
        current = _locked(order.pk)
        if current.status == Status.AT_WMS:
            tell([errands.voided(current)])
            close_problems(about="order", about_id=order.pk, kind="engine")


def _voided(work: Work, client: WarehouseClient, order: Order, key: str) -> str:
    """One that the account has lost needs no voiding, if it is the account where it was made."""
    try:
        client.void_order(order.remote_id, key=key)
    except Rejected as outcome:
        with work.rows():
            made = Effect.objects.filter(connection_id=work.connection_id, order=order, kind="order", remote_id=order.remote_id)
            if outcome.code != "not_found" or not made.exists():
                raise
    return order.remote_id


def _is_void(client: WarehouseClient, order: Order) -> Found | None:
    """The warehouse's own word on it, which leaves no doubt: what is not void is asked for again."""
    there = [each for each in client.find_orders(order.ref) if each.remote_id == order.remote_id]
    return Found(order.remote_id) if there and all(each.status in GONE_THERE for each in there) else None


# ---------------------------------------------------------------------------------------------------------------------- change


def _change(work: Work, client: WarehouseClient, order: Order) -> None:
    """Make it there as it is wanted now."""
    with work.rows():
        wanted = wanted_now(order)
        nothing = _nothing_to_tell(order, wanted)
    if nothing:
        with work.writing():
            current = _locked(order.pk)
            if current.errand == order.errand:
                errands.nothing_to_change(current)
        return
    with work.rows():
        insist_on_what_has_left(order, wanted.lines)
    name_new_lines(work, client, order, wanted.lines)
    _changed(work, order, wanted, _tell(work, client, order, wanted.delivery()))


def _nothing_to_tell(order: Order, wanted: WantedNow) -> bool:
    """It is there as it is wanted, or has left as that. What was taken back while its change was in doubt may be there."""
    if order.status in errands.HAS_LEFT:
        return not still_to_come(order)
    newest = Effect.objects.filter(order=order, kind="change").order_by("id").last()
    return not wanted.found and (newest is None or newest.state == Effect.State.CONFIRMED)


def _tell(work: Work, client: WarehouseClient, order: Order, delivery: Delivery) -> RemoteOrder | None:
    """A change says how the order is to be, so after a doubt it is simply said again. Returns what was answered."""
    with work.rows():
        done = Effect.objects.filter(order=order, kind="change", state=Effect.State.CONFIRMED).count()
    answered: list[RemoteOrder] = []

    def send(key: str) -> str:
        answered.append(client.change_order(order.remote_id, delivery, key=key))
        return order.remote_id

    carry_out(
        work,
        Plan(
            kind="change",
            subject=f"{order.ref}-{done + 1}",
            content=delivery,
            look=lambda key: None,
            send=send,
            order=order,
        ),
    )
    return answered[-1] if answered else None


def _changed(work: Work, order: Order, wanted: WantedNow, there: RemoteOrder | None) -> None:
    """Write down that the warehouse has it so. One that shows it otherwise than it was told is shown, not told again."""
    sent = kept(wanted.delivery())
    seen = {"there": remote_kept(there), "as_of": there.updated_at.isoformat()} if there else {}
    with work.writing():
        current = _locked(order.pk)
        if there is not None:
            name_lines(wanted.lines.parts, there)
        events = [errands.changed(current, wanted.found, {**sent, **seen}, wanted.lines)]
        search.remember(current, {part.sku for part in wanted.lines.parts})
        events += [*settle_shipped(current), *settle_confirmed(current)]
        if current.content_hash != order.content_hash and not current.errand:  # it was changed again meanwhile
            Order.objects.filter(pk=order.pk).update(errand=Order.Errand.CHANGE, due_at=timezone.now())
        words = compared.words(sent, there) if there else ""
        if words and "total_differs" not in current.waived:
            events += errands.differs(current, words)
        elif there and there.remark:
            events.append(errands.remarked(current, there.remark))
        tell(events)
        close_problems(about="order", about_id=order.pk, kind="engine")


_ERRANDS = {Order.Errand.VOID: _void, Order.Errand.CHANGE: _change}


# --------------------------------------------------------------------------------------------------------------- what came of it


def _refused(work: Work, order: Order, outcome: Outcome) -> None:
    """The warehouse does not do it: from here on it is a person's move, unless something else is to be done by now."""
    with work.writing():
        current = _locked(order.pk)
        if current.errand != order.errand or not Order.objects.filter(WAITING, pk=order.pk).exists():
            return
        if order.errand == Order.Errand.VOID:
            tell([errands.too_late(current, outcome.message, outcome.detail)])
        else:
            wanted = wanted_now(current)
            lacks = outcome.subject if isinstance(outcome, NeedsMerchant) else ""
            told = errands.not_changed(
                current, outcome.message, wanted.found, kept(wanted.delivery()), outcome.detail, lacks=lacks
            )
            tell([told])


def _later(work: Work, order: Order, outcome: RetryLater, whose: str) -> None:
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
