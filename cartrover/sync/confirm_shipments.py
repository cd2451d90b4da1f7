"""Our packages go to the cart, once each, and count as confirmed only when the cart shows them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db.models import Min
from django.utils import timezone

from cartrover.events.models import Problem
from cartrover.events.telling import event, open_problem, tell
from cartrover.orders.models import Order, Shipment
from cartrover.orders.shipped import LEFT_CANCELED, confirm_seen
from cartrover.sync import corrections, uploading
from cartrover.sync.backoff import back_off
from cartrover.sync.cart_settings import settings_of
from cartrover.sync.durations import durations
from cartrover.sync.effects import HeldForPerson
from cartrover.sync.one_of_many import one_of_many
from cartrover.sync.uploads import in_doubt
from cartrover.sync.work import Done, Work
from integrations.contract import Cart as CartClient
from integrations.contract import CartSide
from integrations.outcomes import NeedsMerchant, Outcome, RetryLater

BATCH = 25  # packages a run: it must end before it keeps other streams waiting


def run(work: Work) -> Done:
    """Upload what waits, correct what was told, confirm what was uploaded, and say when to look again."""
    side = work.integration.cart
    if side is None:
        raise LookupError(f"{work.integration.slug} is no cart")
    with work.rows():
        due = _due(work)
        settings = settings_of(work.connection_id)
    client = work.cart(settings)
    uploaded = confirmed = 0
    for each in due:
        work.lease.check()
        sent, seen = _try(work, client, side, each)
        uploaded, confirmed = uploaded + sent, confirmed + seen
    return Done(f"{uploaded} packages sent, {confirmed} confirmed.", due_in=_next(work, len(due)))


def _try(work: Work, client: CartClient, side: CartSide, shipment: Shipment) -> tuple[int, int]:
    """(packages sent, packages that the cart shows now)."""
    sent = shown = 0
    with one_of_many(work, shipment.order_id, later=partial(_later, work, shipment), stop=partial(_refused, work, shipment)):
        if shipment.state == Shipment.State.WAITING:
            sent = uploading.upload(work, client, side, shipment)
        elif shipment.state == Shipment.State.VOID:
            corrections.take_back(work, client, side, shipment)
        elif not corrections.correct(work, client, side, shipment):
            shown = _confirm(work, client, shipment)
    return sent, shown


def _due(work: Work) -> list[Shipment]:
    """What was taken back comes first: its units may be on their way again."""
    rows = Shipment.objects.filter(cart_connection_id=work.connection_id, due_at__lte=timezone.now())
    found = list(rows.select_related("order", "order__cart").order_by("due_at", "id")[:BATCH])
    return sorted(found, key=lambda each: each.state != Shipment.State.VOID)


def _confirm(work: Work, client: CartClient, shipment: Shipment) -> int:
    """Ask the cart by a call of its own: no newer version of the order has told."""
    shown = client.shipments_of(shipment.order.external_id)
    with work.writing():
        order = Order.objects.select_for_update(no_key=True).get(pk=shipment.order_id)
        events = confirm_seen(order, [package.remote_id for package in shown])
        tell(events)
        still = Shipment.objects.filter(pk=shipment.pk, state=Shipment.State.UPLOADED)
        still.update(due_at=timezone.now() + timedelta(seconds=durations().confirm_by_call))
    return sum(each.kind == "confirmed" for each in events)


def _later(work: Work, shipment: Shipment, outcome: RetryLater, whose: str) -> None:
    pause = back_off(shipment.attempts, outcome.after)
    with work.writing():
        Shipment.objects.filter(pk=shipment.pk).update(
            attempts=shipment.attempts + 1, reason=outcome.message, due_at=timezone.now() + timedelta(seconds=pause)
        )
        tell([event(shipment.order, "tracking_waits", outcome.message, detail=outcome.detail)])
        if whose:
            open_problem("engine", outcome.message, about=shipment, whose=whose, detail=outcome.detail)


def _refused(work: Work, shipment: Shipment, outcome: Outcome) -> None:
    """The cart does not take this package, and asking again would not change it. What it may have stays to be looked for."""
    with work.rows():
        doubtful = bool(in_doubt([shipment]))
    if doubtful and shipment.state == Shipment.State.VOID:
        _later(work, shipment, RetryLater(outcome.message, detail=outcome.detail), Problem.Whose.OPERATOR)
        return
    kind = outcome.fix if isinstance(outcome, NeedsMerchant) else "tracking_refused"
    with work.writing():
        row = Shipment.objects.select_for_update(no_key=True).get(pk=shipment.pk)
        if row.state == Shipment.State.WAITING:
            row.state = Shipment.State.REFUSED
            row.told = row.told if doubtful or isinstance(outcome, HeldForPerson) else None  # the cart has nothing of it
        row.reason = outcome.message
        row.due_at = row.due_at if row.state == Shipment.State.UPLOADED else None  # that it is shown is asked still
        row.save(update_fields=["state", "told", "reason", "due_at"])
        words = f"{work.integration.name} does not take package {shipment}: {outcome.message}"
        order = Order.objects.get(pk=shipment.order_id)
        if order.cancel == "canceled":
            kind, words = LEFT_CANCELED, _left_canceled(work.integration.name, shipment, order)
        open_problem(kind, words, about=shipment, whose=Problem.Whose.MERCHANT, detail=outcome.detail, data={"order": order.ref})
        tell([event(order, "tracking_refused", words, detail=outcome.detail)])


def _left_canceled(name: str, shipment: Shipment, order: Order) -> str:
    return (
        f"Order {order.number} was canceled at the cart, and package {shipment} has left the warehouse. {name} takes no tracking "
        "for a canceled order. Settle with the buyer: let it come back, or be paid for it. Then say here that it is settled."
    )


def _next(work: Work, done: int) -> float:
    """At once while more is due, else when the first of the waiting packages is."""
    if done == BATCH:
        return 0.0
    with work.rows():
        earliest: datetime | None = Shipment.objects.filter(cart_connection_id=work.connection_id).aggregate(at=Min("due_at"))[
            "at"
        ]
    idle = durations().deliver_idle
    if earliest is None:
        return idle
    return min(idle, max(0.0, (earliest - timezone.now()).total_seconds()))
