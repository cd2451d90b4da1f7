"""TradeGecko keeps to what every cart and every warehouse keeps to."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest

from integrations.contract import Cart, Delivery, Integration, Warehouse, Window
from tests.contract.account import ConversationContract, DeclarationContract, GrantContract, GrantedBench
from tests.contract.cart import OrderDownloadContract, ShipmentUploadContract, Shop
from tests.contract.warehouse import House, OrderDeliveryContract, ShipmentPickupContract, StockPickupContract
from tests.tradegecko.scene import Scene
from tests.wire import RecordingWire

_strangers = itertools.count(1)


class Gecko:
    """Alice's account as the contract wants it, for both roles; Charlie has one of his own."""

    read_path = "^/orders$"
    upload_path = "^/fulfillments$"
    send_path = "^/orders$"
    line_path = "^/order_line_items$"
    customer_path = "^/companies$"
    unknown_order = "999999999"
    unknown_listing = "999999999"
    known_sku = "MUG-1"

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.made: Integration = scene.made
        self.wire: RecordingWire = scene.wire
        self.wire.permitted.clear()
        self.wire.exchanges.clear()

    @cached_property
    def stranger(self) -> Scene:
        return Scene.set_up(self.scene.gecko, f"charlie{next(_strangers)}@example.com")

    def read(self) -> object:
        return self.cart().orders_in(Window(self.now() - timedelta(hours=1), self.now()))

    def fault(self, kind: str, **fields: object) -> None:
        self.scene.gecko.fault(kind, **fields)

    def heard(self) -> int:
        control = self.scene.gecko.control
        played = control("GET", "faults")["played"]
        return int(sum(control("GET", "calls").values())) + sum(int(entry["kind"] == "status") for entry in played)

    def expire(self) -> None:
        self.wire.access = "expired"
        self.wire.renew = lambda: str(self.scene.gecko.grant(self.scene.email)["access_token"])

    def revoke(self) -> None:
        self.scene.gecko.control("POST", "revoke", {"email": self.scene.email})

    def now(self) -> datetime:
        return datetime.now(UTC)

    # ----------------------------------------------------------------------------------------------------------------- a cart

    def cart(self) -> Cart:
        return self.scene.cart()

    def strangers_cart(self) -> Cart:
        return self.stranger.cart()

    def place_order(self) -> str:
        lines = [{"sku": "MUG-1", "quantity": 2, "price": "10"}]
        order = {"account": self.scene.account_id, "paid": True, "lines": lines}
        return str(self.scene.gecko.control("POST", "orders", order)["id"])

    def change(self, order_id: str) -> None:
        self.scene.gecko.control("PATCH", f"orders/{order_id}", {"notes": "Thank you"})

    def cancel(self, order_id: str) -> None:
        self.scene.gecko.control("POST", f"orders/{order_id}/void")

    def packages(self, order_id: str) -> list[tuple[str, int]]:
        told = self.scene.gecko.control("GET", f"summary?account={self.scene.account_id}")["orders"]
        order = next(one for one in told if str(one["id"]) == order_id)
        return [
            (one["tracking_number"], sum(int(float(line["quantity"])) for line in one["lines"]))
            for one in order["fulfillments"]
            if one["status"] == "fulfilled"
        ]

    def list_item(self, sku: str, quantity: int) -> str:
        stock = {self.scene.account["location_ids"][0]: quantity}
        (made,) = self.scene.gecko.add_variants({"account": self.scene.account_id, "sku": sku, "stock": stock})
        return str(made["variant_id"])

    def shown(self, external_id: str) -> int:
        told = self.scene.gecko.control("GET", f"summary?account={self.scene.account_id}")["stock"]
        return next(int(float(one["available"])) for one in told if str(one["variant_id"]) == external_id)

    # ------------------------------------------------------------------------------------------------------------ a warehouse

    def warehouse(self) -> Warehouse:
        return self.scene.warehouse()

    def strangers_warehouse(self) -> Warehouse:
        return self.stranger.warehouse()

    def delivery(self, ref: str, customer_id: str) -> Delivery:
        return self.scene.delivery(ref=ref, customer_id=customer_id)

    def orders_made(self, ref: str) -> int:
        return sum(entry["reference_number"] == ref for entry in self.scene.ledger("order_created"))

    def street(self, remote_id: str) -> str:
        order = self.scene.get(f"orders/{remote_id}?include=shipping_address")
        return str(order["addresses"][0]["address1"])

    def ship(self, remote_id: str, tracking: str, *, one_unit: bool = False) -> None:
        wanted: dict[str, object] = {"tracking_number": tracking, "tracking_company": "UPS"}
        if one_unit:
            lines = self.scene.get(f"order_line_items?order_id={remote_id}")["order_line_items"]
            first = next(line for line in lines if line["variant_id"])
            wanted["lines"] = {first["id"]: 1}
        self.scene.gecko.control("POST", f"orders/{remote_id}/ship", wanted)

    def pack(self, remote_id: str) -> None:
        self.scene.gecko.control("POST", f"orders/{remote_id}/ship", {"pack_only": True})

    def count(self, sku: str, quantity: int) -> None:
        self.scene.gecko.control("POST", "stock", {"account": self.scene.account_id, "sku": sku, "on_hand": quantity})


@pytest.fixture
def shop(scene: Scene) -> Shop:
    return Gecko(scene)


@pytest.fixture
def house(scene: Scene) -> House:
    return Gecko(scene)


@pytest.fixture
def bench(scene: Scene) -> GrantedBench:
    return Gecko(scene)


class TestDeclarations(DeclarationContract, GrantContract):
    @pytest.fixture
    def made(self, scene: Scene) -> Integration:
        return scene.made


class TestConversation(ConversationContract):
    pass


class TestOrderDownload(OrderDownloadContract):
    pass


class TestShipmentUpload(ShipmentUploadContract):
    pass


class TestOrderDelivery(OrderDeliveryContract):
    pass


class TestShipmentPickup(ShipmentPickupContract):
    pass


class TestStockPickup(StockPickupContract):
    pass
