"""The real client against the eBay stand-in, whose orders change while they are read."""

from __future__ import annotations

from datetime import datetime

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Stream
from tests.stage import Stage

ORDERS = 450


def at_ebay(stage: Stage) -> dict[str, datetime]:
    """Every order of the seller, and when it was last modified, as the stand-in keeps them."""
    orders = [order for order in stage.world.ebay.told("orders") if order["sellerId"] == stage.seller]
    return {order["orderId"]: datetime.fromisoformat(order["lastModifiedDate"]) for order in orders}


def with_us(stage: Stage) -> dict[str, datetime]:
    with acting_for(stage.merchant):
        return dict(Order.objects.values_list("external_id", "modified_at"))


def test_orders_that_change_while_the_list_is_paged_are_all_here_in_their_newest_version(stage: Stage) -> None:
    ebay = stage.world.ebay
    ebay.control("orders/generate", seller=stage.seller, count=ORDERS, hours=24 * 20)
    ebay.set(drift_per_page=5)
    for _ in range(3):
        stage.settle(Stream.Kind.PULL_ORDERS)
    ebay.set(drift_per_page=0)
    stage.settle(Stream.Kind.PULL_ORDERS)
    assert with_us(stage) == at_ebay(stage)
    assert len(with_us(stage)) == ORDERS


def test_an_order_that_tells_more_by_its_own_call_is_asked_only_when_it_is_news(stage: Stage) -> None:
    ebay = stage.world.ebay
    order_id = stage.sell("MUG-01")
    ebay.control(f"orders/{order_id}/request-cancel")
    stage.settle(Stream.Kind.PULL_ORDERS)
    assert stage.order(order_id).reason == "the buyer asked to cancel"
    before = ebay.told("calls")
    stage.settle(Stream.Kind.PULL_ORDERS)
    after = ebay.told("calls")
    assert after["getOrders"] > before["getOrders"]
    assert after["getOrder"] == before["getOrder"] >= 1
