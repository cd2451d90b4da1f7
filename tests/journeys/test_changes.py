"""What changes when an order is at the warehouse already: at the cart, at the warehouse, and by hand."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from cartrover.events.models import Event
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Effect
from tests.faults.outcome import created, drain, problems
from tests.stage import Stage


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of two units that is at the warehouse."""
    stage.stock("TENT-2P")
    sold = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    assert len(stage.at_warehouse()) == 1
    return sold


def at_cart(stage: Stage, number: str, what: str, **wanted: Any) -> None:
    """Something happens to the order at eBay, and time passes until we have heard of it and done what follows."""
    stage.world.ebay.control(f"orders/{number}/{what}", **wanted)
    stage.settle()
    stage.settle("deliver_orders")


def at_the_warehouse(stage: Stage) -> dict[str, Any]:
    (order,) = stage.at_warehouse()
    return order


def voids(stage: Stage) -> int:
    return sum(entry["account_id"] == stage.account for entry in stage.world.gecko.ledger("order_voided"))


def pack(stage: Stage) -> None:
    stage.world.gecko.control("POST", f"orders/{at_the_warehouse(stage)['id']}/ship", {"pack_only": True})


def told(stage: Stage, number: str) -> list[str]:
    order = stage.order(number)
    with acting_for(stage.merchant):
        return list(Event.objects.filter(about="order", about_id=order.pk).order_by("id").values_list("words", flat=True))


def kinds(stage: Stage) -> list[str]:
    return [kind for kind, _subject, _whose in problems(stage)]


def state(stage: Stage, number: str) -> tuple[str, str]:
    order = stage.order(number)
    return order.status, order.reason_code


# ------------------------------------------------------------------------------------------------------------------- canceled


def test_what_is_canceled_before_its_delivery_never_comes_to_the_warehouse(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.ebay.control(f"orders/{number}/cancel")
    stage.settle()
    assert (stage.order(number).status, created(stage, number), voids(stage)) == ("canceled", 0, 0)


def test_what_is_canceled_at_the_cart_is_voided_at_the_warehouse_once(stage: Stage, number: str) -> None:
    at_cart(stage, number, "cancel")
    stage.settle()
    assert (state(stage, number), voids(stage), stage.at_warehouse()) == (("canceled", "voided"), 1, [])
    assert problems(stage) == []
    assert told(stage, number)[-1] == "Canceled at the cart, and void at the warehouse."


def test_what_is_packed_is_not_voided_and_says_whose_move_it_is_until_it_ships(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "cancel")
    assert (state(stage, number), voids(stage), kinds(stage)) == (("at_wms", "too_late"), 0, ["too_late"])
    stage.settle()
    assert voids(stage) == 0, "what the warehouse has refused is not asked again by itself"
    stage.ship(number)
    stage.settle()
    assert (stage.order(number).status, problems(stage)) == ("shipped", [])
    assert "It has left although canceled at the cart." in told(stage, number)


def test_a_buyer_who_only_asks_to_cancel_is_the_merchants_to_answer(stage: Stage, number: str) -> None:
    at_cart(stage, number, "request-cancel")
    assert (state(stage, number), voids(stage), kinds(stage)) == (("at_wms", "cancel_asked_late"), 0, ["cancel_asked_late"])
    at_cart(stage, number, "reject-cancel")
    assert (state(stage, number), voids(stage), kinds(stage)) == (("at_wms", ""), 0, [])
    at_cart(stage, number, "request-cancel")
    at_cart(stage, number, "cancel")
    assert (state(stage, number), voids(stage), kinds(stage)) == (("canceled", "voided"), 1, [])


def test_a_merchant_may_choose_to_void_as_soon_as_the_buyer_asks(stage: Stage, number: str) -> None:
    with acting_for(stage.merchant):
        order = Order.objects.select_related("cart").get()
        assert order.cart is not None
        order.cart.settings = {**order.cart.settings, "void_when_asked": True}
        order.cart.save()
    at_cart(stage, number, "request-cancel")
    assert (state(stage, number), voids(stage)) == (("canceled", "voided"), 1)
    at_cart(stage, number, "reject-cancel")
    assert (state(stage, number), kinds(stage)) == (("held", "wanted_again"), ["wanted_again"])


def test_what_was_paid_back_before_it_left_is_voided(stage: Stage, number: str) -> None:
    at_cart(stage, number, "refund")
    assert (state(stage, number), voids(stage)) == (("canceled", "voided"), 1)
    order = stage.order(number)
    assert [(each["amount"], each["done"]) for each in order.refunds] == [("20.0", True)]


def test_what_was_paid_back_when_part_has_left_is_a_persons_to_stop(stage: Stage, number: str) -> None:
    line = next(line["id"] for line in at_the_warehouse(stage)["lines"] if line["sku"])
    stage.ship(number, lines={line: 1})
    stage.settle()
    at_cart(stage, number, "refund")
    assert (state(stage, number), voids(stage), kinds(stage)) == (("at_wms", "too_late"), 0, ["too_late"])


def test_part_of_the_money_back_is_shown_and_changes_nothing_else(stage: Stage, number: str) -> None:
    at_cart(stage, number, "refund", amount="3.00")
    assert (state(stage, number), voids(stage), problems(stage)) == (("at_wms", ""), 0, [])
    assert any("refunded of 3.0 USD" in words for words in told(stage, number))


@pytest.mark.parametrize("fault", ["effect_then_reset", "reset", "effect_then_status"])
def test_a_void_whose_answer_is_lost_is_looked_up_and_done_once(stage: Stage, number: str, fault: str) -> None:
    stage.world.gecko.fault(fault, method="POST", path="/actions/void$", **({"status": 500} if "status" in fault else {}))
    at_cart(stage, number, "cancel")
    for _ in range(4):
        stage.pass_time()
        stage.wake()
        drain()
    assert (state(stage, number), voids(stage), problems(stage)) == (("canceled", "voided"), 1, [])
    with acting_for(stage.merchant):
        assert list(Effect.objects.filter(kind="void").values_list("state", flat=True)) == ["confirmed"]


# ---------------------------------------------------------------------------------------------------------------------- edited


def address_there(stage: Stage) -> str:
    gecko = stage.world.gecko
    token = gecko.control("POST", "grant", {"email": f"{stage.seller}@example.com", "privileged": True})["access_token"]
    address = f"{gecko.url}/orders/{at_the_warehouse(stage)['id']}?include=shipping_address"
    found = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()
    return str(found["addresses"][0]["address1"])


def units_there(stage: Stage) -> list[str]:
    return [line["quantity"] for line in at_the_warehouse(stage)["lines"] if line["sku"]]


def test_a_new_address_is_told_to_the_warehouse(stage: Stage, number: str) -> None:
    at_cart(stage, number, "edit", ship_to={"street": "9 Other Road"})
    assert address_there(stage) == "9 Other Road"
    assert (state(stage, number), problems(stage)) == (("at_wms", ""), [])
    assert told(stage, number)[-1] == "Changed at the warehouse too: shipping address."
    at_cart(stage, number, "edit", ship_to={"street": "10 Third Way"})
    assert address_there(stage) == "10 Third Way"
    assert created(stage, number) == 1


def test_another_quantity_is_told_to_the_warehouse_with_its_total(stage: Stage, number: str) -> None:
    at_cart(stage, number, "edit", quantities={"TENT-2P": 3})
    assert (units_there(stage), at_the_warehouse(stage)["total"]) == (["3.0"], "30.0")
    stage.ship(number)
    stage.settle()
    stage.settle()
    assert stage.order(number).status == "confirmed"
    assert problems(stage) == []


def test_a_change_that_the_warehouse_refuses_is_told_with_old_and_new(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "edit", ship_to={"street": "9 Other Road"}, quantities={"TENT-2P": 1})
    assert (state(stage, number), kinds(stage)) == (("at_wms", "not_changed"), ["not_changed"])
    problem = stage.order(number).problem
    assert problem is not None
    found = {each["what"]: (each["old"], each["new"]) for each in problem.data["differences"]}
    assert found["units of TENT-2P"] == ("2", "1")
    assert "9 Other Road" in found["shipping address"][1]
    assert "9 Other Road" not in problem.words
    assert units_there(stage) == ["2.0"]
    stage.ship(number)
    stage.settle()
    assert (stage.order(number).status, kinds(stage)) == ("shipped", [])


def test_a_finalized_order_that_may_not_be_edited_there_is_tried_and_told(stage: Stage, number: str) -> None:
    stage.world.gecko.set(put_finalized="refuse")
    try:
        at_cart(stage, number, "edit", quantities={"TENT-2P": 3})
    finally:
        stage.world.gecko.set(put_finalized="allow")
    assert (state(stage, number), units_there(stage)) == (("at_wms", "not_changed"), ["2.0"])
    at_cart(stage, number, "edit", quantities={"TENT-2P": 2})
    assert (state(stage, number), kinds(stage)) == (("at_wms", ""), []), "it is as the warehouse has it again"


def test_a_change_whose_answer_is_lost_is_there_in_the_end(stage: Stage, number: str) -> None:
    stage.world.gecko.fault("effect_then_reset", method="PUT", path="/order_line_items/")
    at_cart(stage, number, "edit", quantities={"TENT-2P": 5}, ship_to={"street": "9 Other Road"})
    for _ in range(4):
        stage.pass_time()
        stage.wake()
        drain()
    assert (units_there(stage), address_there(stage)) == (["5.0"], "9 Other Road")
    assert (state(stage, number), problems(stage)) == (("at_wms", ""), [])
