"""What an order's packages come to: how much has left, whether all has, and whether the cart shows it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Sum
from django.utils import timezone

from cartrover.events.models import Event
from cartrover.events.telling import close_problems, event
from cartrover.orders import errands
from cartrover.orders.models import Order, Shipment, ShipmentLine, Status
from cartrover.orders.units import all_left, needs_of

CART_SHOWS_VOID = "cart_shows_void"
LEFT_CANCELED = "left_canceled"  # the cart refuses the package of an order that was canceled there
NOT_COUNTED = (Shipment.State.VOID, Shipment.State.KEPT)  # what the cart need not show before an order is confirmed


def units_left(order: Order) -> dict[int, int]:
    """Whole units that have left, by line. A kit of which only a part has left counts with none."""
    live = ShipmentLine.objects.filter(shipment__order=order).exclude(shipment__state=Shipment.State.VOID)
    return dict(live.values_list("line").annotate(units=Sum("quantity")))


def ids_at_cart(order: Order) -> set[str]:
    """The cart's ids of the packages that it knows from us, also of those that were taken back since."""
    told = Shipment.objects.filter(order=order).exclude(cart_shipment_id="")
    return set(told.values_list("cart_shipment_id", flat=True))


def settle_shipped(order: Order) -> list[Event]:
    """Say ``shipped`` once every unit that was to leave has left, and take it back when some have not after all."""
    whole = all_left(needs_of(order))
    if order.status == Status.AT_WMS and whole:
        order.status = Status.SHIPPED
        order.save(update_fields=["status"])
        return [event(order, "all_shipped", "Every unit has left the warehouse."), *errands.shipped(order)]
    if order.status in (Status.SHIPPED, Status.CONFIRMED) and not whole:
        order.status = Status.AT_WMS
        order.save(update_fields=["status"])
    return []


def confirm_seen(order: Order, cart_shipment_ids: Iterable[str]) -> list[Event]:
    """The cart shows these packages: confirm the ones that we sent, and the order when it was the last."""
    seen = set(cart_shipment_ids)
    now = timezone.now()
    events: list[Event] = []
    for shipment in Shipment.objects.filter(order=order, state=Shipment.State.UPLOADED, cart_shipment_id__in=seen):
        shipment.state, shipment.confirmed_at = Shipment.State.CONFIRMED, now
        if shipment.due_at is not None and shipment.due_at > now:  # else the warehouse has told something since
            shipment.due_at = None
        shipment.save(update_fields=["state", "confirmed_at", "due_at"])
        events.append(event(order, "confirmed", f"The cart shows package {shipment}."))
        close_problems(kind="engine", about="shipment", about_id=shipment.pk)
    _forget_void(order, seen)
    return [*events, *settle_confirmed(order)]


def _forget_void(order: Order, seen: set[str]) -> None:
    """A package that the warehouse took back, and that the cart showed, is no problem once the cart shows it no more."""
    void = Shipment.objects.filter(order=order, state=Shipment.State.VOID, confirmed_at__isnull=False)
    gone = [pk for pk, shown in void.values_list("pk", "cart_shipment_id") if shown not in seen]
    if gone:
        close_problems(kind=CART_SHOWS_VOID, about="shipment", about_id__in=gone)


def settle_confirmed(order: Order) -> list[Event]:
    """Say ``confirmed`` once the cart shows every package of an order that has shipped."""
    if order.status != Status.SHIPPED:
        return []
    live = Shipment.objects.filter(order=order).exclude(state__in=NOT_COUNTED)
    if live.exclude(state=Shipment.State.CONFIRMED).exists() or not live.exists():
        return []
    order.status = Status.CONFIRMED
    order.save(update_fields=["status"])
    return [event(order, "order_confirmed", "The cart shows every package.")]
