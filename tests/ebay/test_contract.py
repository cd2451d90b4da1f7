"""eBay keeps to what every cart keeps to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest

from integrations.contract import Cart, Integration, Window
from integrations.simulation import Fault
from tests.contract.account import ConversationContract, DeclarationContract, GrantContract, GrantedBench
from tests.contract.cart import OrderDownloadContract, ShipmentUploadContract, Shop, StockUploadContract
from tests.ebay.scene import CHARLIE, Scene
from tests.wire import RecordingWire


class EbayShop:
    """Alice's account as the contract wants it."""

    read_path = "/sell/fulfillment/v1/order"
    upload_path = "/shipping_fulfillment"
    unknown_order = "00-00000-00000"
    unknown_listing = "999"

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.made: Integration = scene.made
        self.wire: RecordingWire = scene.wire

    @cached_property
    def stranger(self) -> Scene:
        return Scene.set_up(self.scene.ebay, CHARLIE)

    def read(self) -> object:
        return self.cart().orders_in(Window(self.now() - timedelta(hours=1), self.now()))

    def fault(self, kind: str, **fields: object) -> None:
        assert set(fields) <= set(Fault.__dataclass_fields__)
        self.scene.fault(kind, **fields)

    def heard(self) -> int:
        answered: int = sum(self.scene.ebay.told("calls").values())
        played = self.scene.ebay.told("faults")["played"]
        return answered + len([fault for fault in played if fault["kind"] == "status"])

    def expire(self) -> None:
        self.wire.access = "v^1.1#expired"

    def revoke(self) -> None:
        self.scene.ebay.control("revoke", username=self.scene.member)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def cart(self) -> Cart:
        return self.scene.cart()

    def strangers_cart(self) -> Cart:
        return self.stranger.cart()

    def place_order(self) -> str:
        return str(self.scene.place()["orderId"])

    def change(self, order_id: str) -> None:
        self.scene.ebay.control(f"orders/{order_id}/touch", overrides={"buyerCheckoutNotes": "Thank you"})

    def cancel(self, order_id: str) -> None:
        self.scene.ebay.control(f"orders/{order_id}/cancel")

    def packages(self, order_id: str) -> list[tuple[str, int]]:
        return [
            (entry["tracking"], sum(line["quantity"] for line in entry["lines"]))
            for entry in self.scene.ebay.ledger("shipping_fulfillment")
            if entry["order"] == order_id
        ]

    def list_item(self, sku: str, quantity: int) -> str:
        return str(self.scene.list_item(sku=sku, quantity=quantity)["item_id"])

    def shown(self, external_id: str) -> int:
        return self.scene.shown(external_id)


class EbayShopOfOffers(EbayShop):
    """The same for listings made with the Inventory API."""

    def list_item(self, sku: str, quantity: int) -> str:
        return str(self.scene.list_item(sku=sku, quantity=quantity, managed_by="inventory")["item_id"])


@pytest.fixture
def shop(scene: Scene) -> Shop:
    return EbayShop(scene)


@pytest.fixture
def bench(scene: Scene) -> GrantedBench:
    return EbayShop(scene)


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


class TestStockUpload(StockUploadContract):
    pass


class TestStockUploadOfOffers(StockUploadContract):
    @pytest.fixture
    def shop(self, scene: Scene) -> Shop:
        return EbayShopOfOffers(scene)
