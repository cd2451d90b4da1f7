"""What changes when an order is at the warehouse already: at the cart, at the warehouse, and by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from cartrover.connections.models import Warehouse
from cartrover.events.models import Event
from cartrover.events.telling import tell
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import errands
from cartrover.orders.canceling import cancel_sending, send_again
from cartrover.orders.models import Order, Shipment
from cartrover.sync import streams
from cartrover.sync.models import Call, Effect
from cartrover.sync.push_again import push_again, settle_with_buyer
from integrations.contract import RemoteOrder
from integrations.outcomes import Rejected
from integrations.tradegecko.warehouse import TradeGeckoWarehouse
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


@pytest.mark.parametrize(("answer", "comes_to"), [("reject-cancel", ("at_wms", "")), ("cancel", ("canceled", "canceled"))])
def test_a_buyer_who_asks_to_cancel_in_time_is_the_merchants_to_answer(
    stage: Stage, answer: str, comes_to: tuple[str, str]
) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.ebay.control(f"orders/{number}/request-cancel")
    stage.settle()
    assert (state(stage, number), problems(stage)) == (("held", "cancel_asked"), [("cancel_asked", "", "merchant")])
    problem = stage.order(number).problem
    assert problem is not None
    assert f"The buyer of order {number} asks to cancel" in problem.words
    assert created(stage, number) == 0
    at_cart(stage, number, answer)
    assert (state(stage, number), problems(stage)) == (comes_to, [])
    assert created(stage, number) == (answer == "reject-cancel")


def test_a_buyer_who_asks_before_all_else_holds_the_order_when_it_is_read(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", cancel_requested=True)
    stage.settle()
    assert (state(stage, number), kinds(stage), created(stage, number)) == (("held", "cancel_asked"), ["cancel_asked"], 0)


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
    assert (stage.order(number).status, "too_late" in kinds(stage)) == ("shipped", False)
    assert "It has left although canceled at the cart." in told(stage, number)


def test_what_left_although_canceled_is_settled_with_the_buyer(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "cancel")
    stage.ship(number)
    stage.settle()
    assert (stage.order(number).status, kinds(stage)) == ("shipped", ["left_canceled"])
    with acting_for(stage.merchant):
        package = Shipment.objects.get()
        assert push_again(Shipment.objects.all(), "bob@example.com") == 0, "it would be refused for ever"
        assert settle_with_buyer(package, "bob@example.com")
    later(stage)
    assert (stage.order(number).status, kinds(stage), stage.packages_at_ebay()) == ("shipped", [], [])
    assert any("settled with the buyer" in words for words in told(stage, number))


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
    assert any("refunded of 3.00 USD" in words for words in told(stage, number))


@pytest.mark.parametrize("fault", ["effect_then_reset", "reset", "effect_then_status"])
def test_a_void_whose_answer_is_lost_is_looked_up_and_done_once(stage: Stage, number: str, fault: str) -> None:
    stage.world.gecko.fault(fault, method="POST", path="/actions/void$", **({"status": 500} if "status" in fault else {}))
    at_cart(stage, number, "cancel")
    later(stage)
    assert (state(stage, number), voids(stage), problems(stage)) == (("canceled", "voided"), 1, [])
    with acting_for(stage.merchant):
        assert list(Effect.objects.filter(kind="void").values_list("state", flat=True)) == ["confirmed"]


# ---------------------------------------------------------------------------------------------------------------------- edited


def address_there(stage: Stage) -> str:
    gecko = stage.world.gecko
    token = gecko.control("POST", "grant", {"email": f"{stage.seller}@example.com", "privileged": True})["access_token"]
    address = f"{gecko.url}/orders/{at_the_warehouse(stage)['id']}?include=shipping_address"
    found = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
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
    at_cart(stage, number, "touch")
    assert kinds(stage) == ["not_changed"]
    with acting_for(stage.merchant):
        tell(errands.told_by_person(Order.objects.select_related("problem").get(), "bob@example.com"))
    assert (state(stage, number), kinds(stage)) == (("at_wms", ""), [])
    at_cart(stage, number, "touch")
    assert kinds(stage) == [], "who has told the warehouse is not asked again"


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
    later(stage)
    assert (units_there(stage), address_there(stage)) == (["5.0"], "9 Other Road")
    assert (state(stage, number), problems(stage)) == (("at_wms", ""), [])


def test_what_was_edited_while_it_was_on_its_way_is_told_when_it_has_come(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle()
    assert stage.order(number).status == "new"
    at_cart(stage, number, "edit", ship_to={"street": "9 Other Road"}, quantities={"TENT-2P": 2})
    later(stage)
    assert (units_there(stage), address_there(stage), created(stage, number)) == (["2.0"], "9 Other Road", 1)
    assert (state(stage, number), problems(stage)) == (("at_wms", ""), [])


# -------------------------------------------------------------------------------------------------------------- by the warehouse


def by_the_warehouse(stage: Stage, method: str, what: str, body: Any = None) -> None:
    """Somebody at the warehouse does something to the order, and time passes until we have heard of it."""
    stage.world.gecko.control(method, f"orders/{at_the_warehouse(stage)['id']}{what}", body)
    stage.settle("pull_changes")


def test_what_the_warehouse_cancels_is_not_sent_again_before_somebody_says_so(stage: Stage, number: str) -> None:
    by_the_warehouse(stage, "POST", "/void")
    assert (state(stage, number), kinds(stage)) == (("held", "voided_there"), ["voided_there"])
    at_cart(stage, number, "edit", note="Please hurry")
    assert (state(stage, number), created(stage, number)) == (("held", "voided_there"), 1)
    by_hand(stage, send_again)
    stage.settle()
    assert (state(stage, number), created(stage, number), kinds(stage)) == (("at_wms", ""), 2, [])
    stage.ship(number)
    stage.settle()
    stage.settle()
    assert stage.order(number).status == "confirmed"
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


@pytest.mark.parametrize("fault", ["effect_then_reset", "reset"])
def test_what_is_sent_again_comes_once_although_the_answer_is_lost(stage: Stage, number: str, fault: str) -> None:
    by_the_warehouse(stage, "POST", "/void")
    stage.world.gecko.fault(fault, method="POST", path="/orders$")
    by_hand(stage, send_again)
    later(stage)
    assert (state(stage, number), created(stage, number), len(stage.at_warehouse())) == (("at_wms", ""), 2, 1)
    assert problems(stage) == []


def test_what_the_warehouse_cancels_and_the_buyer_too_is_over(stage: Stage, number: str) -> None:
    by_the_warehouse(stage, "POST", "/void")
    at_cart(stage, number, "cancel")
    assert (state(stage, number), kinds(stage)) == (("canceled", "voided"), [])


def test_what_was_too_late_and_is_voided_there_by_hand_is_over(stage: Stage, number: str) -> None:
    pack(stage)
    at_cart(stage, number, "cancel")
    assert kinds(stage) == ["too_late"]
    by_the_warehouse(stage, "POST", "/void")
    assert (state(stage, number), kinds(stage)) == (("canceled", "voided"), [])


def test_lines_that_the_warehouse_changes_are_shown_until_they_are_as_sent_again(stage: Stage, number: str) -> None:
    line = next(line["id"] for line in at_the_warehouse(stage)["lines"] if line["sku"])
    by_the_warehouse(stage, "PATCH", "", {"order_line_items": [{"id": line, "quantity": 1}]})
    assert (state(stage, number), kinds(stage)) == (("at_wms", "differs_at_warehouse"), ["differs_at_warehouse"])
    assert told(stage, number)[-1] == "Changed at the warehouse: TENT-2P: 2 → 1, total: 20 → 10."
    before = len(told(stage, number))
    by_the_warehouse(stage, "PATCH", "", {"notes": "touched"})
    assert len(told(stage, number)) == before, "what was told is not told again"
    by_the_warehouse(stage, "PATCH", "", {"order_line_items": [{"id": line, "quantity": 2}]})
    assert (state(stage, number), kinds(stage)) == (("at_wms", ""), [])


def test_a_draft_that_the_warehouse_finalizes_holds_its_stock_from_then_on(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Warehouse.objects.update(settings={"status": "draft"})
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    assert (stage.order(number).remote_status, stage.order(number).stock_committed) == ("draft", False)
    by_the_warehouse(stage, "PATCH", "", {"status": "finalized"})
    assert (stage.order(number).remote_status, stage.order(number).stock_committed) == ("finalized", True)
    assert told(stage, number)[-1] == "At the warehouse: draft → finalized."


def test_a_poll_that_finds_nothing_is_one_call(stage: Stage, number: str) -> None:
    def calls() -> int:
        with acting_for(stage.merchant):
            return Call.objects.filter(stream_kind="pull_changes").count()

    stage.world.let_pass(60)
    stage.settle("pull_changes")
    before = calls()
    stage.wake("pull_changes")
    drain()
    assert calls() == before + 1


# ----------------------------------------------------------------------------------------------------------------------- by hand


def by_hand(stage: Stage, button: Callable[..., tuple[int, set[int]]]) -> None:
    with acting_for(stage.merchant):
        count, connections = button(Order.objects.all(), "bob@example.com")
        for connection_id in connections:
            streams.wake(connection_id, "deliver_orders")
    assert count == 1
    drain()


def later(stage: Stage) -> None:
    """Hours in which every look and every retry has its turn."""
    for _ in range(4):
        stage.pass_time()
        stage.wake()
        drain()


def test_a_member_takes_back_what_is_at_the_warehouse_and_may_send_it_again(stage: Stage, number: str) -> None:
    by_hand(stage, cancel_sending)
    assert (state(stage, number), voids(stage)) == (("canceled", "canceled_here"), 1)
    at_cart(stage, number, "touch")
    assert (state(stage, number), problems(stage)) == (("canceled", "canceled_here"), [])
    by_hand(stage, send_again)
    assert (state(stage, number), created(stage, number)) == (("at_wms", ""), 2)
    by_hand(stage, cancel_sending)
    assert (state(stage, number), voids(stage)) == (("canceled", "canceled_here"), 2)


def test_a_member_takes_back_what_is_still_to_be_sent(stage: Stage) -> None:
    number = stage.sell("UNKNOWN")
    stage.stock("TENT-2P")
    stage.settle()
    assert stage.order(number).status == "error"
    by_hand(stage, cancel_sending)
    assert (state(stage, number), problems(stage)) == (("canceled", "canceled_here"), [])
    at_cart(stage, number, "touch")
    assert state(stage, number) == ("canceled", "canceled_here")


@pytest.mark.parametrize(("fault", "arrived"), [("effect_then_reset", 1), ("reset", 0)])
def test_a_member_takes_back_what_may_be_at_the_warehouse_already(stage: Stage, fault: str, arrived: int) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault(fault, method="POST", path="/orders$")
    stage.settle()
    by_hand(stage, cancel_sending)
    later(stage)
    assert (state(stage, number), created(stage, number), voids(stage)) == (("canceled", "canceled_here"), arrived, arrived)


@pytest.mark.parametrize("by", ["a member", "the cart"])
def test_what_is_canceled_while_the_warehouse_refuses_it_ends_canceled(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")

    def refused(*_: Any, **__: Any) -> RemoteOrder:
        with acting_for(stage.merchant):
            if by == "a member":
                cancel_sending(Order.objects.all(), "bob@example.com")
            else:
                Order.objects.update(cancel="canceled")
        raise Rejected("Not today.")

    monkeypatch.setattr(TradeGeckoWarehouse, "send_order", refused)
    stage.settle()
    came_to = "canceled_here" if by == "a member" else "canceled"
    assert (state(stage, number), problems(stage), created(stage, number)) == (("canceled", came_to), [], 0)


def test_what_the_cart_cancels_while_it_is_in_doubt_is_not_sent_again(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("reset", method="POST", path="/orders$")
    stage.settle()
    at_cart(stage, number, "cancel")
    later(stage)
    assert (state(stage, number), created(stage, number)) == (("canceled", "canceled"), 0)


def test_the_stock_of_what_is_voided_is_for_sale_again(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=5)
    stage.world.ebay.control("listings", seller=stage.seller, marketplace="EBAY_US", sku="TENT-2P", quantity=5, price="10.00")
    stage.settle()
    number = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    assert stage.shown("TENT-2P") == 3
    at_cart(stage, number, "cancel")
    later(stage)
    assert stage.shown("TENT-2P") == 5
