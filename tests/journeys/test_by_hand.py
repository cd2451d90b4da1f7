"""What a person does to an order by hand, judged by what the stand-ins saw."""

from __future__ import annotations

import requests

from cartrover.connections.models import Cart
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import edits
from cartrover.orders.editing import edit
from cartrover.orders.models import Order
from cartrover.sync import pull_again, streams
from cartrover.sync.models import Job
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


def test_what_a_person_edits_is_what_the_warehouse_gets_though_the_cart_is_read_again(stage: Stage) -> None:
    number = stage.sell("TENT-2P")
    stage.settle("pull_stock", "pull_orders")
    with acting_for(stage.merchant):
        order = Order.objects.select_for_update().get(external_id=number)
        told = {name: (order.ship_to or {}).get(name, "") for name in edits.FIELDS}
        edit(order, {**told, "line1": "7 Other Street", "shipping_method": "", "note": "By hand"}, "alice@example.com")
        for connection_id in (order.connection_id, order.warehouse.connection_id if order.warehouse else 0):
            streams.wake(connection_id, "pull_orders")
    stage.stock("TENT-2P")
    stage.forget_catalogue()
    stage.settle()
    assert address_there(stage) == "7 Other Street"


def address_there(stage: Stage) -> str:
    """The street that the only order at the warehouse goes to."""
    (order,) = stage.at_warehouse()
    gecko = stage.world.gecko
    token = gecko.grant(f"{stage.seller}@example.com")["access_token"]
    address = f"{gecko.url}/orders/{order['id']}?include=shipping_address"
    found = requests.get(address, headers={"Authorization": f"Bearer {token}"}, timeout=30).json()
    return str(found["addresses"][0]["address1"])
