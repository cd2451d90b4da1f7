"""What a person does to an order by hand, judged by what the stand-ins saw."""

from __future__ import annotations

import requests

from cartrover.connections.models import Cart
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import edits
from cartrover.orders.editing import edit, may_edit
from cartrover.orders.models import Order
from cartrover.sync import doubts, streams
from cartrover.sync.jobs import bulk_actions, pull_again
from cartrover.sync.models import Job
from cartrover.sync.order_actions import ACTIONS
from tests.faults.outcome import created, drain, problems
from tests.stage import Stage


def ask_by_number(stage: Stage, *numbers: str) -> Job:
    with acting_for(stage.merchant):
        job = pull_again.by_number(Cart.objects.get(), numbers, by="alice@example.com")
    stage.settle("jobs", "deliver_orders")
    with acting_for(stage.merchant):
        return Job.objects.get(pk=job.pk)


def test_an_order_that_was_never_pulled_comes_by_its_number_and_goes_to_the_warehouse(stage: Stage) -> None:
    stage.stock("TENT-2P")
    stage.settle()
    number = stage.sell("TENT-2P")
    job = ask_by_number(stage, number, "99-99999-99999")
    assert job.state == "done"
    assert job.words == "1 order read, 1 of them new. Not at eBay United States: 99-99999-99999."
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]
    assert ask_by_number(stage, number).words == "1 order read, 0 of them new."
    assert len(stage.at_warehouse()) == 1


def test_many_orders_are_read_again_at_their_cart_and_what_changed_there_is_heard(stage: Stage) -> None:
    numbers = [stage.sell("MYSTERY") for _ in range(3)]
    stage.settle()
    stage.world.ebay.control(f"orders/{numbers[1]}/cancel")
    with acting_for(stage.merchant):
        job = bulk_actions.ask("pull_again", by="alice@example.com", query={"status": "error"}, zone="UTC")
    stage.settle("jobs")
    with acting_for(stage.merchant):
        after = Job.objects.get(pk=job.pk)
    assert (after.state, after.words) == ("done", "3 orders read again.")
    assert [stage.order(number).status for number in numbers] == ["error", "canceled", "error"]


def test_what_a_person_edits_is_what_the_warehouse_gets_though_the_cart_is_read_again(stage: Stage) -> None:
    number = stage.sell("TENT-2P")
    stage.settle("pull_stock", "pull_orders")
    edited(stage, number, line1="7 Other Street", note="By hand")
    with acting_for(stage.merchant):
        streams.wake(stage.order(number).connection_id, "pull_orders")
    stage.stock("TENT-2P")
    stage.forget_catalogue()
    stage.settle()
    assert address_there(stage) == "7 Other Street"


def locked(number: str) -> Order:
    rows = Order.objects.select_for_update(of=("self",)).select_related("warehouse", "problem", "cart")
    found: Order = rows.get(external_id=number)
    return found


def edited(stage: Stage, number: str, **changes: str) -> None:
    """A person changes the order in its form."""
    with acting_for(stage.merchant):
        order = locked(number)
        assert may_edit(order)
        told = {name: (edits.ship_to(order) or {}).get(name, "") for name in edits.FIELDS}
        wanted = {**told, "shipping_method": "", "note": edits.note(order), **changes}
        for connection_id in edit(order, wanted, "alice@example.com")[1]:
            streams.wake(connection_id, "deliver_orders")


def address_there(stage: Stage) -> str:
    """The street that the only order at the warehouse goes to."""
    (order,) = stage.at_warehouse()
    gecko = stage.world.gecko
    token = gecko.grant(f"{stage.seller}@example.com")["access_token"]
    address = f"{gecko.url}/orders/{order['id']}?include=shipping_address"
    found = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=60).json()
    return str(found["addresses"][0]["address1"])


# ------------------------------------------------------------------------------------------------- what two looks could not tell


def in_doubt(stage: Stage) -> str:
    """An order whose answer got lost, and which somebody at the warehouse changed before we looked. Returns its number."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", quantity=2)
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle()
    (there,) = stage.at_warehouse()
    line = next(line["id"] for line in there["lines"] if line["sku"])
    stage.world.gecko.control("PATCH", f"orders/{there['id']}", {"order_line_items": [{"id": line, "quantity": 1}]})
    wait(stage)
    assert stage.order(number).reason_code == "ambiguous"
    assert created(stage, number) == 1
    return number


def wait(stage: Stage) -> None:
    for _ in range(3):
        stage.pass_time(300)
        drain()


def says(stage: Stage, what: str) -> None:
    """A person presses a button of the order."""
    with acting_for(stage.merchant):
        act = ACTIONS[what].act
        assert act is not None
        assert ACTIONS[what].may(Order.objects.select_related("cart__warehouse").get())
        act(Order.objects.all(), "alice@example.com")
    wait(stage)


def test_what_a_person_finds_at_the_warehouse_is_followed_there_and_never_sent(stage: Stage) -> None:
    number = in_doubt(stage)
    with acting_for(stage.merchant):
        assert doubts.found_there(Order.objects.get()) == str(stage.at_warehouse()[0]["id"])
    says(stage, "it_is_there")
    assert (stage.order(number).status, created(stage, number)) == ("at_wms", 1)
    assert [kind for kind, *_ in problems(stage)] in ([], ["differs_at_warehouse"])
    stage.ship(number)
    stage.settle()
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


def test_a_person_who_is_wrong_about_it_makes_no_second_order(stage: Stage) -> None:
    number = in_doubt(stage)
    says(stage, "send_it")
    assert (stage.order(number).reason_code, created(stage, number)) == ("ambiguous", 1), "the warehouse has one that lives"
    (there,) = stage.at_warehouse()
    stage.world.gecko.control("POST", f"orders/{there['id']}/void")
    says(stage, "send_it")
    assert (stage.order(number).status, created(stage, number), len(stage.at_warehouse())) == ("at_wms", 2, 1)
    assert problems(stage) == []


def test_what_is_not_there_and_not_wanted_is_dropped(stage: Stage) -> None:
    number = in_doubt(stage)
    says(stage, "do_not_send_it")
    assert (stage.order(number).status, created(stage, number)) == ("canceled", 1)
    assert problems(stage) == []


def test_an_order_that_arrived_and_was_voided_before_we_looked_waits_for_a_person_and_is_sent_once_more(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle()
    (there,) = stage.at_warehouse()
    stage.world.gecko.control("POST", f"orders/{there['id']}/void")
    wait(stage)
    assert (stage.order(number).status, stage.order(number).reason_code) == ("held", "voided_there")
    says(stage, "send_again")
    assert (stage.order(number).status, created(stage, number), len(stage.at_warehouse())) == ("at_wms", 2, 1)
    assert problems(stage) == []


def test_an_order_is_edited_and_sent_again_after_the_warehouse_canceled_it(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    (there,) = stage.at_warehouse()
    stage.world.gecko.control("POST", f"orders/{there['id']}/void")
    stage.settle()
    assert stage.order(number).reason_code == "voided_there"
    edited(stage, number, line1="7 Other Street")
    assert created(stage, number) == 1, "an edit alone sends nothing"
    says(stage, "send_again")
    assert (created(stage, number), address_there(stage)) == (2, "7 Other Street")


def test_what_is_edited_at_the_warehouse_already_is_changed_there(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    edited(stage, number, line1="7 Other Street")
    wait(stage)
    assert (created(stage, number), address_there(stage)) == (1, "7 Other Street")
    assert (stage.order(number).status, problems(stage)) == ("at_wms", [])
