"""A TradeGecko account in the middle: eBay's orders go into it, and its own orders go on to another account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    beyond_email: str

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

    def ship(self, **how: Any) -> dict[str, Any]:
        """The account beyond ships of its only order, wholly unless ``how`` says what of it."""
        (order,) = self.orders_beyond()
        shipped: dict[str, Any] = self.stage.world.gecko.control("POST", f"orders/{order['id']}/ship", how)
        return shipped

    def fulfillments(self, order: dict[str, Any]) -> list[tuple[str, str]]:
        """(tracking, units by SKU) of the packages that the account in the middle shows for one of its orders."""
        told = self.stage.world.gecko.control("GET", f"summary?account={self.stage.account}")["orders"]
        (found,) = [each for each in told if each["id"] == order["id"]]
        return [
            (each["tracking_number"] or "", ", ".join(f"{line['sku']} {float(line['quantity']):g}" for line in each["lines"]))
            for each in found["fulfillments"]
        ]


def set_up_middle(stage: Stage) -> Middle:
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
    return Middle(stage, account, email)
