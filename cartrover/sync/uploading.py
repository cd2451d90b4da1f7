"""One package to its cart, exactly once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.utils import timezone

from cartrover.events.telling import close_problems, event, tell
from cartrover.orders.models import Shipment
from cartrover.sync.durations import durations
from cartrover.sync.effects import Found, Plan, carry_out
from cartrover.sync.models import Effect
from cartrover.sync.uploads import prepare, upload_of
from cartrover.sync.work import Work
from integrations.contract import Cart as CartClient
from integrations.contract import CartShipment, CartSide, ShipmentLine, ShipmentUpload
from integrations.outcomes import Rejected


def upload(work: Work, client: CartClient, side: CartSide, shipment: Shipment) -> int:
    """Tell the cart of a package that waits. Returns how many packages it knows more of. Raises an Outcome."""
    with work.writing():
        mine = prepare(shipment.pk, side)
    if mine is None:
        return 0
    answered: list[CartShipment] = []
    remote_id = carry_out(work, plan_of(work, client, side, mine, answered))
    return _uploaded(work, mine, remote_id, answered[-1] if answered else None)


def plan_of(work: Work, client: CartClient, side: CartSide, shipment: Shipment, answered: list[CartShipment]) -> Plan:
    """The write of one package; what the cart answers is added to ``answered``.

    One that was refused before is looked for first: somebody may have put it in by hand.
    """
    told = upload_of(shipment)
    with work.rows():
        others = Shipment.objects.filter(order=shipment.order_id).exclude(pk=shipment.pk).exclude(cart_shipment_id="")
        besides = frozenset(others.values_list("cart_shipment_id", flat=True))
        refused = Effect.objects.filter(kind="shipment", shipment=shipment, state=Effect.State.REJECTED).exists()

    def look(key: str) -> Found | None:
        return find_package(client.shipments_of(told.order_id), told, side, besides=besides)

    def send(key: str) -> str:
        found = look(key) if refused else None
        if found is not None and not found.ours:
            raise Rejected(found.remark, code="conflict")
        if found is not None:
            return found.remote_id
        answered.append(client.upload_shipment(told, key=key))
        return answered[-1].remote_id

    return Plan(
        kind="shipment",
        subject=str(shipment.pk),
        content={"order": told.order_id, "tracking": told.tracking, "lines": [list(_unit(line)) for line in told.lines]},
        look=look,
        send=send,
        order=shipment.order,
        shipment=shipment,
    )


def find_package(
    shown: Sequence[CartShipment], upload: ShipmentUpload, side: CartSide, *, besides: Collection[str] = ()
) -> Found | None:
    """The package among those that the cart shows: the same tracking and lines, or without tracking the same lines.

    ``besides`` are the ids of packages that are others of ours.
    """
    wanted = side.normal_tracking(upload.tracking) if upload.tracking else ""
    units = sorted(_unit(line) for line in upload.lines)
    for package in shown:
        if package.remote_id in besides:
            continue
        same_lines = sorted(_unit(line) for line in package.lines) == units
        if side.normal_tracking(package.tracking) == wanted if wanted else same_lines and not package.tracking:
            return Found(package.remote_id, ours=same_lines, remark="" if same_lines else _other_lines(upload))
    return None


def _other_lines(upload: ShipmentUpload) -> str:
    return f"The cart shows tracking {upload.tracking} with other lines than the warehouse shipped."


def _unit(line: ShipmentLine) -> tuple[str, int]:
    return (line.order_line, line.quantity)


def _uploaded(work: Work, shipment: Shipment, remote_id: str, shown: CartShipment | None) -> int:
    """Write down that the cart has it, and what was told with it. What was taken back meanwhile is for ``corrections``."""
    now = timezone.now()
    later = now + timedelta(seconds=durations().confirm_by_call)
    if shown is not None:
        shipment.told = {**(shipment.told or {}), "carrier": shown.carrier}
    with work.writing():
        rows = list(Shipment.objects.select_for_update(no_key=True).filter(order=shipment.order_id).order_by("id"))
        together = [each for each in rows if shipment.pk in (each.pk, each.told_with_id)]
        for each in together:
            each.told, each.uploaded_at, each.cart_shipment_id = shipment.told, now, remote_id
            each.attempts, each.reason = 0, ""
            each.due_at = later if each.pk == shipment.pk else None
            if each.state == Shipment.State.VOID:
                each.due_at = now
            else:
                each.state = Shipment.State.UPLOADED
        fields = ["told", "uploaded_at", "cart_shipment_id", "attempts", "reason", "state", "due_at"]
        Shipment.objects.bulk_update(together, fields)
        close_problems(about="shipment", about_id__in=[each.pk for each in together])
        tell([event(shipment.order, "tracking_sent", _sent(work.integration.name, shipment, together, shown))])
    return len(together)


def _sent(name: str, shipment: Shipment, together: Sequence[Shipment], shown: CartShipment | None) -> str:
    """What the cart was told, where that is not simply the package as the warehouse told it."""
    what = ", ".join(str(each) for each in together)
    words = f"Sent package{'s' * (len(together) > 1)} {what} to {name}"
    if shown is not None and shown.carrier and shown.carrier.casefold() != shipment.carrier.casefold():
        words += f" under carrier {shown.carrier}"
        words += f" (the warehouse says {shipment.carrier})" if shipment.carrier else " (the warehouse names none)"
    if shipment.tracking and not (shipment.told or {}).get("tracking"):
        words += " without its tracking number, which the order has there already"
    return f"{words}."
