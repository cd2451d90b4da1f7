"""One TradeGecko account that is both: eBay's orders go into it, and its own orders go on to another account."""

from __future__ import annotations

from cartrover.connections import holders
from cartrover.connections.models import Cart
from cartrover.merchants.tenancy import acting_for
from tests.journeys.middle import Middle


def test_orders_of_the_location_go_on_and_their_packages_come_back(middle: Middle) -> None:
    stage = middle.stage
    elsewhere = stage.world.gecko.control  # another location of the same account
    order = middle.place()
    stage.settle()
    (beyond,) = middle.orders_beyond()
    assert beyond["order_number"] == order["order_number"]
    elsewhere("POST", f"orders/{beyond['id']}/ship", {"tracking_number": "B1", "tracking_company": "UPS"})
    for _ in range(2):
        stage.settle()
    told = [entry for entry in stage.world.gecko.ledger("fulfillment_created") if entry["account_id"] == stage.account]
    assert [(entry["order_id"], entry["tracking_number"]) for entry in told] == [(order["id"], "B1")]
    stage.settle()
    assert middle.statuses() == {str(order["id"]): "confirmed"}


def test_orders_of_another_location_stay(middle: Middle) -> None:
    order = middle.place(stock_location_id=None)
    middle.stage.settle()
    if order["stock_location_id"] != middle.stage.locations[0]:
        assert middle.orders_beyond() == []
        assert "this cart takes location" in middle.statuses()[str(order["id"])]


def test_what_we_delivered_into_the_account_does_not_go_on(middle: Middle) -> None:
    stage = middle.stage
    number = stage.sell("TENT-2P")
    for _ in range(3):
        stage.settle()
    (ours,) = stage.at_warehouse()
    assert ours["order_number"] == number
    assert middle.statuses() == {str(ours["id"]): "we made it"}
    assert middle.orders_beyond() == []


def test_not_even_while_it_is_in_doubt_whether_it_is_there(middle: Middle) -> None:
    """The answer to the order was lost, and so was all that marks it but its number."""
    stage = middle.stage
    gecko = stage.world.gecko
    stage.sell("TENT-2P")
    gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle("pull_orders")
    (ours,) = stage.at_warehouse()
    assert stage.order(ours["order_number"]).status == "new"
    gecko.control("PATCH", f"orders/{ours['id']}", {"source_url": "", "tags": []})
    stage.settle("pull_orders")
    assert middle.statuses() == {str(ours["id"]): "we made it"}
    assert middle.orders_beyond() == []


def test_a_cart_may_not_deliver_into_its_own_account(middle: Middle) -> None:
    with acting_for(middle.stage.merchant):
        cart = Cart.objects.get(integration="tradegecko")
        own = cart.connection.warehouses.get() if cart.connection else None
        holders.send_orders_to(cart, own, actor="a test")
        assert any("Choose another warehouse" in reason for reason in holders.obstacles(cart))
