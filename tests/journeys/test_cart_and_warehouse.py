"""One TradeGecko account that is both: eBay's orders go into it, and its own orders go on to another account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cartrover.connections import holders
from cartrover.connections.models import Cart, Connection
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from tests.stage import Stage, _connect


@dataclass
class Middle:
    """The account in the middle is ``stage.account``; its orders of one location go to the account ``beyond``."""

    stage: Stage
    beyond: int

    def orders_beyond(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.stage.world.gecko.control("GET", f"summary?account={self.beyond}")["orders"]
        return told

    def place(self, **wanted: Any) -> dict[str, Any]:
        """Somebody enters an order in the account in the middle."""
        line = {"sku": "TENT-2P", "quantity": 1, "price": "10.00"}
        order: dict[str, Any] = self.stage.world.gecko.control(
            "POST",
            "orders",
            {
                "account": self.stage.account,
                "stock_location_id": self.stage.locations[0],
                "currency_iso": "USD",
                "lines": [line],
                "paid": True,
                **wanted,
            },
        )
        return order

    def statuses(self) -> dict[str, str]:
        with acting_for(self.stage.merchant):
            cart = Cart.objects.get(integration="tradegecko")
            orders = cart.connection.orders.all() if cart.connection else []
            return {order.external_id: order.reason or order.status for order in orders}


@pytest.fixture
def middle(stage: Stage) -> Middle:
    """The cart takes unpaid orders as well, so that only what made an order can keep it from going round."""
    email = f"beyond-{stage.seller}@example.com"
    gecko = stage.world.gecko
    users = [{"email": email, "password": "secret"}]
    account = gecko.open_account(name="beyond", currencies=["USD", "EUR", "GBP"], users=users)["account_id"]
    gecko.add_variants({"account": account, "sku": "TENT-2P", "stock": {}})
    stage.stock("TENT-2P")
    with acting_for(stage.merchant):
        warehouse = holders.new_warehouse(registry.get("tradegecko"), actor="a test")
        holders.join(warehouse, _connect("tradegecko", gecko.grant(email)))
        warehouse.refresh_from_db()
        holders.checked(warehouse, actor="a test")
        holders.go_live(warehouse, actor="a test")
        cart = holders.new_cart(registry.get("tradegecko"), actor="a test")
        chosen = {"location_id": str(stage.locations[0]), "payment_status": []}
        holders.save_settings(cart, actor="a test", settings={**cart.settings, **chosen})
        holders.send_orders_to(cart, warehouse, actor="a test")
        holders.join(cart, Connection.objects.get(integration="tradegecko", account_id=str(stage.account)))
        cart.refresh_from_db()
        holders.checked(cart, actor="a test")
        holders.go_live(cart, actor="a test")
    return Middle(stage, account)


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
