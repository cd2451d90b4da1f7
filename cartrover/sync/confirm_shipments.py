"""Our packages go to the cart, once each, and count as confirmed only when the cart shows them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Min
from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders.models import Shipment
from cartrover.orders.packages import confirm_seen
from cartrover.sync.backoff import back_off
from cartrover.sync.durations import durations
from cartrover.sync.effects import Found, HeldForPerson, Plan, carry_out
from cartrover.sync.work import Done, LeaseLost, Work, our_fault
from integrations.contract import Cart as CartClient
from integrations.contract import CartShipment, CartSide, ShipmentLine, ShipmentUpload
from integrations.outcomes import NeedsMerchant, Outcome, Rejected, RetryLater

log = logging.getLogger(__name__)

BATCH = 25  # packages a run: it must end before it keeps other streams waiting


@dataclass(frozen=True, slots=True)
class _Due:
    """A package with what the upload needs, read in one transaction."""

    shipment: Shipment
    lines: tuple[ShipmentLine, ...]


def run(work: Work) -> Done:
    """Upload what waits, confirm what was uploaded, and say when to look again."""
    side = work.integration.cart
    if side is None:
        raise LookupError(f"{work.integration.slug} is no cart")
    with work.rows():
        due = _due(work)
        settings = _settings(work)
    client = work.cart(settings)
    uploaded = confirmed = 0
    for each in due:
        work.lease.check()
        sent, seen = _try(work, client, side, each)
        uploaded, confirmed = uploaded + sent, confirmed + seen
    return Done(f"{uploaded} packages sent, {confirmed} confirmed.", due_in=_next(work, len(due)))


def _try(work: Work, client: CartClient, side: CartSide, due: _Due) -> tuple[int, int]:
    """(packages sent, packages that the cart shows now). What goes wrong with one package keeps no other waiting."""
    try:
        if due.shipment.state == Shipment.State.WAITING:
            _upload(work, client, side, due)
            return 1, 0
        return 0, _confirm(work, client, due.shipment)
    except RetryLater as outcome:
        if outcome.scope != "record":
            raise
        _later(work, due.shipment, outcome)
    except NeedsMerchant as outcome:
        if outcome.scope == "connection":
            raise
        _refused(work, due.shipment, outcome, kind=outcome.fix)
    except (Rejected, HeldForPerson) as outcome:
        _refused(work, due.shipment, outcome, kind="tracking_refused")
    except (Outcome, LeaseLost, OperationalError, InterfaceError):
        raise
    except Exception as error:  # our own fault with this package
        log.exception("package %s could not be told", due.shipment.pk)
        _later(work, due.shipment, our_fault(error), whose=Problem.Whose.OPERATOR)
    return 0, 0


def _due(work: Work) -> list[_Due]:
    rows = (
        Shipment.objects.filter(cart_connection_id=work.connection_id, due_at__lte=timezone.now())
        .select_related("order")
        .prefetch_related("lines__line")
        .order_by("due_at", "id")[:BATCH]
    )
    return [
        _Due(row, tuple(ShipmentLine(part.line.external_id, part.quantity, part.line.sku) for part in row.lines.all()))
        for row in rows
    ]


def _settings(work: Work) -> dict[str, object]:
    cart = Cart.objects.filter(connection_id=work.connection_id).order_by("id").first()
    return dict(cart.settings) if cart else {}


def _upload(work: Work, client: CartClient, side: CartSide, due: _Due) -> None:
    shipment, order = due.shipment, due.shipment.order
    work.wire.about(order.pk)
    upload = ShipmentUpload(
        order_id=order.external_id,
        order_placed_at=order.placed_at,
        lines=due.lines,
        carrier=shipment.carrier,
        tracking=shipment.tracking,
        shipped_at=shipment.shipped_at,
        tracking_url=shipment.tracking_url,
    )
    plan = Plan(
        kind="shipment",
        subject=str(shipment.pk),
        content={"order": upload.order_id, "tracking": upload.tracking, "lines": [list(_unit(line)) for line in upload.lines]},
        look=lambda key: find_package(client.shipments_of(order.external_id), upload, side),
        send=lambda key: client.upload_shipment(upload, key=key),
        processing=side.processing_seconds,
        order=order,
        shipment=shipment,
    )
    remote_id = carry_out(work, plan)
    with work.writing():
        now = timezone.now()
        Shipment.objects.filter(pk=shipment.pk).update(
            state=Shipment.State.UPLOADED,
            uploaded_at=now,
            cart_shipment_id=remote_id,
            attempts=0,
            reason="",
            due_at=now + timedelta(seconds=durations().confirm_by_call),
        )
        close_problems(kind="engine", about="shipment", about_id=shipment.pk)
        tell([event(order, "tracking_sent", f"Sent package {shipment} to {work.integration.name}.")])


def find_package(shown: Sequence[CartShipment], upload: ShipmentUpload, side: CartSide) -> Found | None:
    """The package among those that the cart shows: the same tracking and lines, or without tracking the same lines."""
    wanted = side.normal_tracking(upload.tracking) if upload.tracking else ""
    units = sorted(_unit(line) for line in upload.lines)
    for package in shown:
        same_lines = sorted(_unit(line) for line in package.lines) == units
        if side.normal_tracking(package.tracking) == wanted if wanted else same_lines and not package.tracking:
            return Found(package.remote_id, ours=same_lines, remark="" if same_lines else _other_lines(upload))
    return None


def _other_lines(upload: ShipmentUpload) -> str:
    return f"The cart shows tracking {upload.tracking} with other lines than the warehouse shipped."


def _unit(line: ShipmentLine) -> tuple[str, int]:
    return (line.order_line, line.quantity)


def _confirm(work: Work, client: CartClient, shipment: Shipment) -> int:
    """Ask the cart by a call of its own: no newer version of the order has told."""
    work.wire.about(shipment.order_id)
    shown = client.shipments_of(shipment.order.external_id)
    with work.writing():
        order = type(shipment.order).objects.select_for_update(no_key=True).get(pk=shipment.order_id)
        events = confirm_seen(order, [package.remote_id for package in shown])
        tell(events)
        still = Shipment.objects.filter(pk=shipment.pk, state=Shipment.State.UPLOADED)
        still.update(due_at=timezone.now() + timedelta(seconds=durations().confirm_by_call))
    return sum(each.kind == "confirmed" for each in events)


def _later(work: Work, shipment: Shipment, outcome: RetryLater, *, whose: str = "") -> None:
    pause = back_off(shipment.attempts, outcome.after)
    with work.writing():
        Shipment.objects.filter(pk=shipment.pk).update(
            attempts=shipment.attempts + 1, reason=outcome.message, due_at=timezone.now() + timedelta(seconds=pause)
        )
        tell([event(shipment.order, "tracking_waits", outcome.message, detail=outcome.detail)])
        if whose:
            open_problem("engine", outcome.message, about=shipment, whose=whose, detail=outcome.detail)


def _refused(work: Work, shipment: Shipment, outcome: Outcome, *, kind: str) -> None:
    """The cart does not take this package, and asking again would not change it."""
    with work.writing():
        Shipment.objects.filter(pk=shipment.pk).update(state=Shipment.State.REFUSED, reason=outcome.message, due_at=None)
        words = f"{work.integration.name} does not take package {shipment}: {outcome.message}"
        open_problem(kind, words, about=shipment, whose=Problem.Whose.MERCHANT, detail=outcome.detail)
        tell([event(shipment.order, "tracking_refused", words, detail=outcome.detail)])


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
