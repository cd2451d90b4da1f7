"""What the cart was told of a package is no longer so: told anew where the cart lets us, else said to the merchant, once.

Both writes set or end something, so sending one twice does no harm and neither is an Effect. Each attempt has a key of its own:
a cart that takes a key once would refuse the second.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.utils import timezone

from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.orders.carriers import code_for
from cartrover.orders.contents import REFUSED, TOLD
from cartrover.orders.models import Order, Shipment
from cartrover.orders.shipped import CART_SHOWS_VOID
from cartrover.sync.durations import durations
from cartrover.sync.effects import HeldForPerson, carry_out
from cartrover.sync.models import Effect
from cartrover.sync.uploading import plan_of
from cartrover.sync.uploads import in_doubt, numbers, upload_of
from cartrover.sync.work import Work
from integrations.contract import Cart as CartClient
from integrations.contract import CartSide, ShipmentUpload
from integrations.outcomes import Ambiguous, Rejected, RetryLater

State = Shipment.State


def correct(work: Work, client: CartClient, side: CartSide, shipment: Shipment) -> bool:
    """The warehouse has told another carrier or number since, or another number has joined. False where nothing differs.

    What the cart has refused is not asked again before it differs, or a person asks. Raises an Outcome.
    """
    with work.rows():
        wanted = _wanted(shipment, side)
    if wanted is None or _refused_before(shipment, wanted):
        if wanted is None:
            _no_longer_refused(work, shipment)
        if shipment.state == State.UPLOADED:
            return False
        with work.writing():
            Shipment.objects.filter(pk=shipment.pk).update(due_at=None)
        return True
    if not side.amends:
        _say_that_it_differs(work, shipment, wanted)
        return True
    try:
        client.change_shipment(shipment.cart_shipment_id, wanted, key=_key(shipment))
    except Ambiguous as outcome:
        raise RetryLater(outcome.message, after=outcome.after or 1.0, scope="record", detail=outcome.detail) from outcome
    except Rejected:
        with work.writing():
            _keep(shipment, refused=[wanted.carrier, wanted.tracking])
        raise
    _no_longer_refused(work, shipment)
    with work.writing():
        _keep(shipment, carrier=wanted.carrier, tracking=wanted.tracking)
        joined = Shipment.objects.filter(told_with=shipment, state=State.WAITING)
        joined.update(
            state=shipment.state,
            told=shipment.told,
            cart_shipment_id=shipment.cart_shipment_id,
            uploaded_at=timezone.now(),
            confirmed_at=shipment.confirmed_at,
            reason="",
        )
        words = f"Told {work.integration.name} that the package is {wanted.tracking or 'without a number'} by {wanted.carrier}."
        tell([event(shipment.order, "tracking_sent", words)])
    return True


def _wanted(shipment: Shipment, side: CartSide) -> ShipmentUpload | None:
    """What the cart should have been told; None where it was, or where it was told of it before that was written down."""
    told = shipment.told
    if told is None or told.get("elsewhere"):
        return None
    together = Shipment.objects.filter(told_with=shipment).exclude(state=State.VOID).order_by("id")
    tracking = numbers([shipment, *together]) if side.counts_units else shipment.tracking
    same_number = side.normal_tracking(tracking) == side.normal_tracking(told["tracking"]) or tracking == told.get("noted")
    carrier = code_for(shipment.order.cart_id, shipment.carrier)
    if same_number and (not side.amends or carrier == told["carrier"]):
        return None
    return replace(upload_of(shipment), carrier=carrier, tracking=tracking)


def _refused_before(shipment: Shipment, wanted: ShipmentUpload) -> bool:
    return (shipment.told or {}).get(REFUSED) == [wanted.carrier, wanted.tracking]


def _no_longer_refused(work: Work, shipment: Shipment) -> None:
    """The cart shows what the warehouse says, whatever it refused before."""
    if REFUSED not in (shipment.told or {}):
        return
    with work.writing():
        shipment.told = {name: value for name, value in (shipment.told or {}).items() if name != REFUSED}
        shipment.reason = ""
        shipment.save(update_fields=["told", "reason"])
        close_problems(kind="tracking_refused", about="shipment", about_id=shipment.pk)


def _say_that_it_differs(work: Work, shipment: Shipment, wanted: ShipmentUpload) -> None:
    name, told = work.integration.name, upload_of(shipment).tracking
    shown = f"shows {told} for this package" if told else "shows this package without a tracking number"
    words = f"{name} {shown} and takes no other. The warehouse says {wanted.tracking} now: add it at {name}."
    with work.writing():
        _keep(shipment, noted=wanted.tracking)
        tell([event(shipment.order, "tracking_differs", words)])


def _keep(shipment: Shipment, **told: Any) -> None:
    """Write down what the cart was told, and when it is asked whether it shows the package."""
    shipment.told = {**(shipment.told or {}), **told}
    asked_in = timedelta(seconds=durations().confirm_by_call)
    shipment.due_at = timezone.now() + asked_in if shipment.state == State.UPLOADED else None
    shipment.save(update_fields=["told", "due_at"])


def _key(shipment: Shipment) -> str:
    return f"cr-{shipment.cart_connection_id}-package-{shipment.pk}-{secrets.token_hex(6)}"


# ------------------------------------------------------------------------------------------------------------ taken back


def take_back(work: Work, client: CartClient, side: CartSide, shipment: Shipment) -> None:
    """The warehouse has taken a package back after it was, or may have been, told. Raises an Outcome."""
    shipment.cart_shipment_id = shipment.cart_shipment_id or _found(work, client, side, shipment)
    with work.rows():
        quite_ours = not _shown_with_other_lines(shipment)
    if not shipment.cart_shipment_id:
        _gone(work, shipment)
    elif side.amends and shipment.told_with_id is not None:
        _leaves(work, shipment)
    elif side.amends and quite_ours:
        _withdraw(work, client, shipment)
    else:
        _say_that_it_is_shown(work, shipment)
    with work.writing():
        close_problems(kind="engine", about="shipment", about_id=shipment.pk)


def _found(work: Work, client: CartClient, side: CartSide, shipment: Shipment) -> str:
    """The cart's id of a package whose sending had begun: looked for as after any lost answer, and never sent again."""
    with work.rows():
        held = _shown_with_other_lines(shipment)
        if held or shipment.pk not in in_doubt([shipment]):
            return held
    plan = plan_of(work, client, side, shipment, [])

    def send(key: str) -> str:
        raise Rejected("The warehouse took it back.", code="void")

    try:
        return carry_out(work, replace(plan, send=send))
    except HeldForPerson:
        with work.rows():
            return _shown_with_other_lines(shipment)
    except Rejected as outcome:
        if outcome.code != "void":
            raise
        return ""


def _shown_with_other_lines(shipment: Shipment) -> str:
    """The cart's id of a package that was found there under its number, and differs from it."""
    newest = Effect.objects.filter(kind="shipment", shipment=shipment).order_by("-revision").first()
    return str(newest.remote_id) if newest is not None and newest.state == Effect.State.HELD else ""


def _gone(work: Work, shipment: Shipment) -> None:
    """The cart has nothing of it. What waited to be told with it is told by itself."""
    now = timezone.now()
    with work.writing():
        Shipment.objects.filter(pk=shipment.pk).update(due_at=None, told=None, cart_shipment_id="")
        Shipment.objects.filter(told_with=shipment).update(told_with=None, due_at=now)
        left = Shipment.objects.filter(order=shipment.order_id, state__in=TOLD, cart_shipment_id=shipment.cart_shipment_id)
        left.exclude(cart_shipment_id="").update(
            state=State.WAITING, told=None, cart_shipment_id="", uploaded_at=None, confirmed_at=None, due_at=now
        )


def _leaves(work: Work, shipment: Shipment) -> None:
    """Only its number stands at the cart, beside another package's, which says so no more."""
    with work.writing():
        Shipment.objects.filter(pk=shipment.told_with_id).update(due_at=timezone.now())
        Shipment.objects.filter(pk=shipment.pk).update(due_at=None, told=None, cart_shipment_id="")


def _withdraw(work: Work, client: CartClient, shipment: Shipment) -> None:
    try:
        client.withdraw_shipment(shipment.cart_shipment_id, key=_key(shipment))
    except Ambiguous as outcome:
        raise RetryLater(outcome.message, after=outcome.after or 1.0, scope="record", detail=outcome.detail) from outcome
    _gone(work, shipment)
    with work.writing():
        tell([event(shipment.order, "tracking_withdrawn", f"Took package {shipment} back at {work.integration.name}.")])


def _say_that_it_is_shown(work: Work, shipment: Shipment) -> None:
    """The cart lets nobody take a package back: the merchant hears of it, once."""
    name = work.integration.name
    words = (
        f"{name} still shows package {shipment} of order {shipment.order}, which the warehouse took back. "
        f"We cannot remove it there: correct its tracking at {name}. What leaves instead is told as a package of its own."
    )
    with work.writing():
        Order.objects.select_for_update(no_key=True).get(pk=shipment.order_id)
        Shipment.objects.filter(pk=shipment.pk).update(due_at=None, cart_shipment_id=shipment.cart_shipment_id)
        shown = {"told": shipment.told, "cart_shipment_id": shipment.cart_shipment_id}
        waits = Shipment.objects.filter(told_with=shipment, state=State.WAITING)  # under the number that the cart shows
        waits.update(**shown, state=State.UPLOADED, told_with=None, uploaded_at=timezone.now(), due_at=timezone.now(), reason="")
        data = {"order": shipment.order.ref}
        open_problem(CART_SHOWS_VOID, words, about=shipment, whose=Problem.Whose.MERCHANT, data=data)
        tell([event(shipment.order, CART_SHOWS_VOID, words)])
