"""Packages that a cart refused, or that wait for their next try, are pushed again because a person asked."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from cartrover.events.telling import close_problems, event, tell
from cartrover.orders import search
from cartrover.orders.contents import REFUSED
from cartrover.orders.models import Shipment
from cartrover.orders.packed import may_correct_again, may_push_again, may_settle
from cartrover.orders.shipped import CART_SHOWS_VOID
from cartrover.sync import streams
from cartrover.sync.models import Effect, Stream

_READ = ("carrier", "tracking", "tracking_url")


def push_again(shipments: QuerySet[Shipment], actor: str, *, carrier: str | None = None, tracking: str | None = None) -> int:
    """Tell the cart of these packages once more, under another carrier or number where they are given.

    Returns how many. What the cart refused becomes a new revision, which looks first whether somebody has put it in by hand.
    What it may have got already is looked for before it is sent, as ever, and keeps what was sent. What it shows and would not
    change is changed once more. Inside the merchant's door.
    """
    rows = shipments.select_for_update(of=("self",), no_key=True).select_related("order").order_by("pk")
    chosen = [each for each in rows if may_push_again(each) or may_correct_again(each)]
    for each in chosen:
        _edit(each, {"carrier": carrier, "tracking": tracking})
        if may_correct_again(each):
            each.told = {name: value for name, value in (each.told or {}).items() if name != REFUSED}
        else:
            each.state = Shipment.State.WAITING
        each.due_at, each.attempts, each.reason = timezone.now(), 0, ""
        each.save(update_fields=[*_READ, "as_read", "state", "told", "due_at", "attempts", "reason"])
        search.remember(each.order, [each.tracking])
    held = Effect.objects.filter(kind="shipment", shipment__in=chosen, state=Effect.State.HELD)
    held.update(state=Effect.State.REJECTED, said=f"{actor} pushed it again.")
    close_problems(about="shipment", about_id__in=[each.pk for each in chosen])
    tell(event(each.order, "retried", f"Pushing package {each} again.", actor=actor) for each in chosen)
    for connection_id in {each.cart_connection_id for each in chosen}:
        streams.wake(connection_id, Stream.Kind.CONFIRM_SHIPMENTS)
    return len(chosen)


def _edit(shipment: Shipment, wanted: dict[str, str | None]) -> None:
    """A person's word stands until the warehouse says something new. Another number has another address to follow it by."""
    changed = {name: value.strip() for name, value in wanted.items() if value is not None}
    changed = {name: value for name, value in changed.items() if value != getattr(shipment, name)}
    if not changed:
        return
    shipment.as_read = shipment.as_read or {name: getattr(shipment, name) for name in _READ}
    if "tracking" in changed:
        shipment.tracking_url = ""
    for name, value in changed.items():
        setattr(shipment, name, value)


def settle_with_buyer(shipment: Shipment, actor: str) -> bool:
    """A person settles with the buyer what has left although its order was canceled: the cart is told of it no more. False where
    that is not so, or no longer."""
    held = Shipment.objects.select_for_update(of=("self",), no_key=True).select_related("order").get(pk=shipment.pk)
    if not may_settle(held):
        return False
    held.state, held.reason = Shipment.State.KEPT, "It has left although its order was canceled."
    held.save(update_fields=["state", "reason"])
    close_problems(about="shipment", about_id=held.pk)
    words = f"It has left although canceled: package {held} is settled with the buyer, and the cart is not told of it."
    tell([event(held.order, "settled_with_buyer", words, actor=actor)])
    return True


def leave_at_cart(shipment: Shipment, actor: str) -> bool:
    """A person has seen that the cart still shows a package that was taken back. False where nobody was asked."""
    asked = close_problems(kind=CART_SHOWS_VOID, about="shipment", about_id=shipment.pk)
    if asked:
        tell([event(shipment.order, "left_at_cart", f"Has seen to package {shipment} at the cart.", actor=actor)])
    return bool(asked)
