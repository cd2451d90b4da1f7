"""Orders that are ready go to the warehouse, once each; and the errands of those that are there already are run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db.models import Min, Q
from django.utils import timezone

from cartrover.connections.models import Connection, Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders import errands, lines_now, preparing, search
from cartrover.orders.models import GONE_THERE, LinePart, Order, Status
from cartrover.orders.sending import as_sent
from cartrover.orders.shipped import settle_shipped
from cartrover.sync import run_errands
from cartrover.sync.backoff import back_off
from cartrover.sync.customers import customer_of
from cartrover.sync.deliveries import delivery_of, name_lines
from cartrover.sync.durations import durations
from cartrover.sync.effects import Found, HeldForPerson, NoLongerWanted, Plan, carry_out
from cartrover.sync.items import name_items
from cartrover.sync.one_of_many import one_of_many
from cartrover.sync.pull_stock import wake_carts
from cartrover.sync.rereading import reread_if_stale
from cartrover.sync.sent import kept, rebuilt, remote_kept
from cartrover.sync.work import Done, Work
from integrations.contract import Delivery, RemoteOrder
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Outcome, Rejected, RetryLater

BATCH = 25  # orders a run: it must end before it keeps other streams waiting


def run(work: Work) -> Done:
    """Deliver what is due at every live warehouse of the connection, and run what errands are due there."""
    with work.rows():
        warehouses = [
            each for each in Warehouse.objects.filter(connection_id=work.connection_id) if each.serves("order_delivery")
        ]
    delivered = tried = 0
    for warehouse in warehouses:
        client = work.warehouse(warehouse.settings)
        ran = run_errands.run(work, warehouse, client, BATCH)  # first: what is voided in time is not packed
        due = _due(work, warehouse)
        for order in due:
            work.lease.check()
            delivered += _try(work, warehouse, client, order)
        tried += ran + len(due)
        if due or ran:  # what one listing has sold the others must not sell again, and what is free again they may
            with work.rows():
                wake_carts(warehouse)
    return Done(f"{delivered} orders delivered.", due_in=_next(work, warehouses, full=tried >= BATCH))


def _due(work: Work, warehouse: Warehouse) -> list[Order]:
    with work.rows():
        rows = Order.objects.filter(warehouse=warehouse, due_at__lte=timezone.now(), status=Status.NEW)
        return list(rows.select_related("cart", "connection").order_by("due_at", "id")[:BATCH])


def _try(work: Work, warehouse: Warehouse, client: WarehouseClient, order: Order) -> bool:
    with one_of_many(work, order.pk, later=partial(_later, work, order), stop=partial(_stop, work, order)):
        reread_if_stale(work, order)
        try:
            return _deliver(work, warehouse, client, order.pk)
        except NoLongerWanted:
            with work.writing():
                run_errands.settle_not_sent(order.pk)
    return False


def _deliver(work: Work, warehouse: Warehouse, client: WarehouseClient, order_id: int) -> bool:
    """The gates once more, the cart's customer, then the order itself."""
    with work.rows():
        order = Order.objects.select_related("cart", "warehouse").get(pk=order_id)
        if order.status != Status.NEW or order.warehouse_id != warehouse.pk:
            return False
        before = order.effects.filter(kind="order", state="rejected").exclude(remote_id="")
        void = frozenset(before.values_list("remote_id", flat=True))
        on_its_way = order.effects.filter(kind="order", state__in=preparing.SENT).exists()
        if order.errand and not on_its_way:
            raise NoLongerWanted("It was canceled while it was in doubt whether it had been sent.")
        if not on_its_way and order.lines_now is not None:
            lines_now.take_over(Order.objects.select_for_update(no_key=True).get(pk=order.pk))
    # What may be there already is looked for, and sent again, as it was sent. What has changed since is told when it has come.
    delivery = rebuilt(order.sent) if on_its_way and order.sent else _prepared(work, client, order, void_before=len(void))
    if delivery is None:
        return False
    answered: list[RemoteOrder] = []

    def send(key: str) -> str:
        with work.rows():  # before it goes: an answer that gets lost must not leave another delivery's word here
            Order.objects.filter(pk=order.pk).update(sent=kept(delivery))
        answered.append(client.send_order(delivery, key=key))
        return answered[-1].remote_id

    remote_id = carry_out(
        work,
        Plan(
            kind="order",
            subject=order.ref,
            content=delivery,
            look=lambda key: _find(client, delivery, answered, key, void),
            send=send,
            order=order,
            wanted=run_errands.still_to_be_sent(order.pk),
            looks_first=bool(void),
        ),
    )
    _delivered(work, order, warehouse, remote_id, answered[-1] if answered else None, delivery.total)
    if answered and answered[-1].status in GONE_THERE:
        with work.writing():
            tell([errands.gone(Order.objects.select_for_update(no_key=True).get(pk=order.pk))])
    return True


def _prepared(work: Work, client: WarehouseClient, order: Order, *, void_before: int) -> Delivery | None:
    """The order as it is to be sent now; None when the gates say that it has to wait."""
    with work.rows():
        lines = list(order.lines.order_by("position"))
        sending = as_sent(order)
    parts = name_items(work, client, order, [line for line in lines if line.quantity > line.shipped_before])
    if parts is None:
        return None
    if order.cart is None:
        raise Rejected("The order belongs to no cart.", code="no_cart")
    customer_id = customer_of(work, client, order.cart)
    delivery = replace(delivery_of(order, lines, parts, customer_id, sending), void_before=void_before)
    client.check(delivery)
    return delivery


def _find(
    client: WarehouseClient, delivery: Delivery, answered: list[RemoteOrder], key: str, void: frozenset[str]
) -> Found | None:
    """What an earlier attempt made there. A hit counts only when it is really ours.

    ``void`` are those from before it was sent again. Whoever said that they are void may have been wrong: one that lives is it.
    """
    found = [each for each in client.find_orders(delivery.ref) if not (each.remote_id in void and each.status in GONE_THERE)]
    if not found:
        return None
    wanted = _units((line.item_id, line.quantity) for line in delivery.lines)
    for remote in found:
        if remote.ours and remote.customer_id == delivery.customer_id and _units(remote.lines) == wanted:
            if remote.remote_id in void or remote.status in GONE_THERE:
                answered.append(remote)
                return Found(remote.remote_id, remark="It is there already, so nothing was sent.")
            remark = client.finish_order(remote.remote_id, delivery, key=key)
            answered.append(replace(remote, remark=remark))
            return Found(remote.remote_id, remark=remark)
    return Found(
        found[0].remote_id,
        ours=False,
        remark=f"The warehouse has an order with our reference {delivery.ref} that differs from ours. Compare the two.",
    )


def _units(lines: Iterable[tuple[str, int]]) -> Counter[str]:
    """Units by item: an order may have several lines of one."""
    units: Counter[str] = Counter()
    for item_id, quantity in lines:
        units[item_id] += quantity
    return units


def _delivered(
    work: Work, order: Order, warehouse: Warehouse, remote_id: str, remote: RemoteOrder | None, total: Decimal
) -> None:
    """Write down where it is. A warehouse that shows another total than was sent is shown, not sent to again."""
    with work.writing():
        Order.objects.filter(pk=order.pk).update(
            status=Status.AT_WMS,
            reason="",
            reason_code="",
            problem=None,
            due_at=None,
            attempts=0,
            remote_id=remote_id,
            remote_status=remote.status if remote else "",
            delivered_at=timezone.now(),
            stock_committed=remote is None or remote.status != "draft",
        )
        if remote is not None:
            parts = list(LinePart.objects.filter(line__order=order).select_related("line"))
            name_lines(parts, remote)
            LinePart.objects.bulk_update(parts, ["remote_id"])
        order.refresh_from_db(fields=["status", "delivered_at", "sent"])
        if remote is not None and order.sent is not None:
            Order.objects.filter(pk=order.pk).update(sent={**order.sent, "there": remote_kept(remote)})
        search.remember(order, [remote_id, *LinePart.objects.filter(line__order=order).values_list("sku", flat=True)])
        words = f"Delivered to {warehouse.name} as {remote_id}."
        events = [event(order, "delivered", words, remote_id=remote_id), *settle_shipped(order)]
        remark = remote.remark if remote else ""
        if remote is not None and remote.total != total and not remark and "total_differs" not in order.waived:
            remark = f"The warehouse shows a total of {remote.total}, and {total} was sent."
        if remark:
            events.append(errands.remarked(order, remark))
        tell(events)
        close_problems(about="order", about_id=order.pk, kind__in=("refused", "ambiguous", "total_differs", "engine"))
        run_errands.look_at_delivered(order.pk)


def _later(work: Work, order: Order, outcome: RetryLater, whose: str) -> None:
    """Only this order waits; the others of the stream go on. ``whose`` move it is, where it is somebody's."""
    pause = back_off(order.attempts, outcome.after)
    with work.writing():
        Order.objects.filter(pk=order.pk).update(
            attempts=order.attempts + 1, reason=outcome.message, due_at=timezone.now() + timedelta(seconds=pause)
        )
        tell([event(order, "waits", outcome.message, detail=outcome.detail)])
        if whose:
            open_problem("engine", outcome.message, about=order, whose=whose, detail=outcome.detail)


def _stop(work: Work, order: Order, outcome: Outcome) -> None:
    """This order waits for somebody: one Problem a cause, which releases it when it is solved.

    Not where it was canceled while the warehouse was asked: what the warehouse did not take need not be taken back there. What it
    may have taken is still to be looked for.
    """
    status, kind, subject = _stopped_by(outcome)
    with work.writing():
        not_sent = kind != "ambiguous" and not preparing.on_their_way([order.pk])
        if not_sent and not run_errands.still_to_be_sent(order.pk)():
            run_errands.settle_not_sent(order.pk)
            return
        about = Connection.objects.get(pk=work.connection_id) if subject else order
        problem = open_problem(
            kind, outcome.message, subject=subject, about=about, whose=Problem.Whose.MERCHANT, detail=outcome.detail
        )
        Order.objects.filter(pk=order.pk).update(
            status=status, reason=outcome.message, reason_code=kind, problem=problem, due_at=None
        )
        tell([event(order, "stopped", outcome.message, detail=outcome.detail)])


def _stopped_by(outcome: Outcome) -> tuple[str, str, str]:
    """(the order's status, the kind of Problem, what that is about)."""
    if isinstance(outcome, NeedsMerchant):
        return Status.ERROR, outcome.fix, outcome.subject
    if isinstance(outcome, HeldForPerson):
        return Status.HELD, "ambiguous", ""
    if isinstance(outcome, Rejected) and outcome.code == "total_differs":
        return Status.HELD, outcome.code, ""
    return Status.ERROR, "refused", ""


def _next(work: Work, warehouses: Sequence[Warehouse], *, full: bool) -> float:
    """At once while more is due, else when the first of the waiting orders is."""
    if full:
        return 0.0
    with work.rows():
        due = Order.objects.filter(Q(status=Status.NEW) | run_errands.WAITING, warehouse__in=warehouses)
        earliest: datetime | None = due.aggregate(at=Min("due_at"))["at"]
    idle = durations().deliver_idle
    return idle if earliest is None else min(idle, max(0.0, (earliest - timezone.now()).total_seconds()))
