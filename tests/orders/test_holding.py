"""What people decide: to hold an order, to release it, to let it pass a gate that they may overrule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Event, Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import errands, holding, moves
from cartrover.orders.models import Order, Status
from cartrover.sync.models import Effect
from integrations.contract import AddressRecord, Cancel, Payment
from tests.orders.reading import again, keep
from tests.sync.fake_cart import START, Shop, order_record

BOB = "bob@example.com"


def hold(shop: Shop, order: Order) -> int:
    with acting_for(shop.merchant):
        return holding.hold(Order.objects.filter(pk=order.pk), BOB)


def release(shop: Shop, order: Order) -> tuple[int, set[int]]:
    with acting_for(shop.merchant):
        return holding.release(Order.objects.filter(pk=order.pk), BOB)


def test_a_person_holds_an_order_and_releases_it(shop: Shop) -> None:
    order = keep(shop, order_record())
    assert hold(shop, order) == 1
    held = again(shop, order)
    assert (held.status, held.reason_code, held.reason, held.due_at) == (Status.HELD, "by_person", f"held by {BOB}", None)
    assert release(shop, order) == (1, {shop.warehouse.connection_id})
    assert (again(shop, order).status, again(shop, order).held_by) == (Status.NEW, "")
    with acting_for(shop.merchant):
        told = list(Event.objects.filter(about="order", about_id=order.pk, actor=BOB).values_list("kind", "words"))
    assert told == [("held", f"Held: held by {BOB}"), ("released", f"Release: held by {BOB}")]


def test_whoever_has_a_long_address_may_act_as_well(shop: Shop) -> None:
    order = keep(shop, order_record())
    long = f"{'b' * 60}@{'c' * 60}.example"
    with acting_for(shop.merchant):
        assert holding.hold(Order.objects.filter(pk=order.pk), long) == 1
        assert Event.objects.get(kind="held").actor == long[:80]
    assert again(shop, order).reason == f"held by {long}"


def test_an_order_that_a_person_holds_stays_held_when_it_is_pulled_again(shop: Shop) -> None:
    order = keep(shop, order_record())
    hold(shop, order)
    keep(shop, order_record(modified_at=START + timedelta(hours=1), note="Ring twice."))
    assert again(shop, order).reason_code == "by_person"


def test_an_order_that_a_person_holds_is_still_dropped_when_the_buyer_cancels(shop: Shop) -> None:
    order = keep(shop, order_record())
    hold(shop, order)
    keep(shop, order_record(modified_at=START + timedelta(hours=1), cancel=Cancel.CANCELED))
    assert again(shop, order).status == Status.CANCELED


def test_a_hold_outlasts_a_pause_of_the_cart(shop: Shop) -> None:
    order = keep(shop, order_record())
    hold(shop, order)
    with acting_for(shop.merchant):
        Cart.objects.update(state=Cart.State.PAUSED)
    keep(shop, order_record(modified_at=START + timedelta(hours=1), note="One"))
    assert again(shop, order).reason_code == "download_off"
    with acting_for(shop.merchant):
        Cart.objects.update(state=Cart.State.LIVE)
    keep(shop, order_record(modified_at=START + timedelta(hours=2), note="Two"))
    assert again(shop, order).reason_code == "by_person"


@pytest.mark.parametrize("state", [Effect.State.INTENT, Effect.State.AMBIGUOUS, Effect.State.CONFIRMED])
def test_what_may_be_at_the_warehouse_cannot_be_held(shop: Shop, state: str) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        effect = {"connection_id": shop.warehouse.connection_id, "kind": "order", "subject": order.ref}
        Effect.objects.create(**effect, order=order, state=state, digest=b"")
    assert hold(shop, order) == 0
    assert again(shop, order).status == Status.NEW


@pytest.mark.parametrize("code", errands.SEND_AGAIN)
def test_what_the_warehouse_has_no_more_is_sent_again_by_its_own_button_only(shop: Shop, code: str) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.update(status=Status.HELD, reason_code=code)
    assert (hold(shop, order), release(shop, order)) == (0, (0, set()))
    assert again(shop, order).reason_code == code


def test_releasing_says_what_else_stops_the_order(shop: Shop) -> None:
    order = keep(shop, order_record(payment=Payment.PENDING))
    hold(shop, order)
    assert release(shop, order) == (1, set())
    assert again(shop, order).reason == "waiting for payment"


def test_nobody_can_release_what_no_person_may_overrule(shop: Shop) -> None:
    order = keep(shop, order_record(payment=Payment.PENDING))
    assert release(shop, order) == (0, set())
    assert again(shop, order).waived == []


def test_a_waived_gate_stays_waived_and_the_others_do_not(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Warehouse.objects.update(limits={"holds_po_boxes": True, "address": {"city": 10}})
    address = AddressRecord("Jane Roe", "PO Box 12", "Neustadt an der Weinstraße", "DE")
    order = keep(shop, order_record(ship_to=address))
    assert (order.reason_code, order.reason) == ("po_box", "the address is a PO box")
    release(shop, order)
    assert again(shop, order).reason_code == "address_too_long"
    release(shop, order)
    assert again(shop, order).status == Status.NEW
    keep(shop, order_record(ship_to=address, modified_at=START + timedelta(hours=1), note="Ring twice."))
    assert again(shop, order).status == Status.NEW
    with acting_for(shop.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_an_order_whose_total_differs_goes_on_when_a_person_says_so(shop: Shop) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        Order.objects.filter(pk=order.pk).update(status="held", reason_code="total_differs", reason="14 is not 15.", due_at=None)
    assert release(shop, order)[0] == 1
    freed = again(shop, order)
    assert (freed.status, freed.waived) == (Status.NEW, ["total_differs"])
    assert freed.due_at is not None
    assert freed.due_at <= timezone.now()


def test_every_gate_that_may_be_overruled_says_whose_move_it_is() -> None:
    for code in holding.RELEASES:
        order = Order(merchant_id=1, status=Status.HELD, reason_code=code, reason="x")
        assert holding.release_words(order)
        assert code == "too_early" or moves.move(order) not in ("", "It is not sent while this lasts."), code
