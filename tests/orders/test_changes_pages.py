"""What an order's page and its Problem say and offer when it is no longer wanted as it was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.events.models import Problem
from cartrover.events.telling import tell
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import errands
from cartrover.orders.models import Order
from tests.conftest import make_member
from tests.portal.story import Setup, make_order, set_up

Visit = Callable[[User | None], Client]
DIFFERENCES = [{"what": "shipping address", "old": "1 Main St, Berlin", "new": "9 Other Road, Berlin"}]


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    return set_up(merchant)


@pytest.fixture
def page(merchant: Merchant, alice: User, visit: Visit) -> Callable[[Order], str]:
    """An order's page, its spaces evened."""

    def of(order: Order) -> str:
        return _even(visit(alice).get(reverse("order", args=[merchant.public_id, order.ref])).content)

    return of


def _even(content: bytes) -> str:
    return " ".join(content.decode().split())


def at_warehouse(setup: Setup, **more: Any) -> Order:
    return make_order(setup, status="at_wms", remote_id="812904", remote_status="finalized", **more)


def test_what_is_too_late_says_whose_move_it_is_and_offers_another_try(
    page: Callable[[Order], str], setup: Setup, merchant: Merchant
) -> None:
    with acting_for(merchant):
        order = at_warehouse(setup, cancel="canceled", reason_code="void_canceled", reason="canceled at the cart")
        tell([errands.too_late(order, "It is packed already in TradeGecko.")])
    text = page(order)
    assert "too late for the warehouse: it is packed already in TradeGecko" in text
    assert "call the warehouse and have it stopped, or let it ship" in text
    assert "Void at the warehouse" in text


def test_a_change_that_was_not_taken_shows_old_and_new_and_is_put_right_by_a_button(
    page: Callable[[Order], str], setup: Setup, merchant: Merchant, alice: User, visit: Visit
) -> None:
    with acting_for(merchant):
        order = at_warehouse(setup)
        tell([errands.not_changed(order, "It is packed.", DIFFERENCES, {"ref": order.ref}, "")])
        problem = Problem.objects.get(kind="not_changed")
    text = page(order)
    assert "1 Main St, Berlin" in text
    assert "9 Other Road, Berlin" in text
    assert "I told the warehouse" in text
    card = _even(visit(alice).get(reverse("problem", args=[merchant.public_id, problem.pk])).content)
    assert "9 Other Road, Berlin" in card
    assert "I told the warehouse" in card
    assert "Try the change again" in card
    assert "I solved it, try again" not in card
    visit(alice).post(reverse("order_do", args=[merchant.public_id, order.ref, "told"]))
    with acting_for(merchant):
        order.refresh_from_db()
        problem.refresh_from_db()
    assert (order.reason_code, order.sent) == ("", {"ref": order.ref})
    assert problem.closed_at is not None
    assert problem.data == {}, "an address is not kept longer than it is needed"


@pytest.mark.parametrize("code", errands.SEND_AGAIN)
def test_what_the_warehouse_has_no_more_is_sent_again_or_canceled(
    page: Callable[[Order], str], setup: Setup, merchant: Merchant, alice: User, visit: Visit, code: str
) -> None:
    with acting_for(merchant):
        order = at_warehouse(setup)
        tell([errands.gone(order)])
        Order.objects.filter(pk=order.pk).update(reason_code=code)
    text = page(order)
    assert "Your move: send it again, or cancel it." in text
    assert "Send again" in text
    assert "Cancel sending" in text
    visit(alice).post(reverse("order_do", args=[merchant.public_id, order.ref, "send_again"]))
    with acting_for(merchant):
        order.refresh_from_db()
    assert (order.status, order.remote_id, order.reason_code) == ("new", "", "")


def test_canceling_asks_first_and_has_it_voided(
    page: Callable[[Order], str], setup: Setup, merchant: Merchant, alice: User, visit: Visit
) -> None:
    with acting_for(merchant):
        order = at_warehouse(setup)
    address = reverse("order_do", args=[merchant.public_id, order.ref, "cancel"])
    assert "Nothing is changed at the cart." in _even(visit(alice).get(address).content)
    visit(alice).post(address)
    with acting_for(merchant):
        order.refresh_from_db()
    assert (order.status, order.errand, order.reason_code) == ("at_wms", "void", "void_by_person")
    assert "Our move: we void it at the warehouse" in page(order)


def test_what_went_back_stands_among_the_sums(page: Callable[[Order], str], setup: Setup, merchant: Merchant) -> None:
    refunds = [
        {"id": "1", "amount": "9.30", "at": "2026-11-20T10:00:00+00:00", "reason": "", "goods": False, "done": True},
        {"id": "2", "amount": None, "at": None, "reason": "", "goods": True, "done": False},
    ]
    with acting_for(merchant):
        order = make_order(setup, status="confirmed", refunds=refunds)
    text = page(order)
    assert "−€9.30" in text
    assert "Left after refunds" in text
    assert "€60.00" in text
    assert "Refund" in text
    assert "Return" in text
    assert "under way" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cancel": "canceled"}, "Canceled at the cart, and it has left the warehouse."),
        ({"cancel": "asked"}, "The buyer asks to cancel, and it has left the warehouse."),
        ({"payment": "refunded"}, "It was fully refunded after it had left the warehouse."),
    ],
)
def test_what_comes_after_it_has_left_is_said(
    page: Callable[[Order], str], setup: Setup, merchant: Merchant, changes: dict[str, Any], words: str
) -> None:
    with acting_for(merchant):
        order = make_order(setup, status="shipped", **changes)
    assert words in page(order)


def test_a_viewer_sees_why_and_is_offered_nothing(setup: Setup, merchant: Merchant, visit: Visit) -> None:
    with acting_for(merchant):
        order = at_warehouse(setup)
        tell([errands.gone(order)])
    vera = make_member(merchant, "vera@example.com", Role.VIEWER)
    text = _even(visit(vera).get(reverse("order", args=[merchant.public_id, order.ref])).content)
    assert "the buyer still wants it" in text
    assert "Send again" not in text
