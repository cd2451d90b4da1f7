"""Alice's eBay account at the stand-in, and our cart on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations import oauth2
from integrations.contract import Cart, Integration, OrderRecord, ShipmentLine, ShipmentUpload, Window
from integrations.ebay.integration import integration
from tests.ebay.simulator.running import EbayStandIn
from tests.wire import RecordingWire

ALICE = "alice_sells"
CHARLIE = "charlie_sells"


def installed(ebay: EbayStandIn, **more: str) -> Integration:
    """eBay as an installation whose hosts are the stand-in's sees it."""
    application = ebay.told("settings")
    return integration(
        {
            "EBAY_ENVIRONMENT": "simulator",
            "EBAY_CLIENT_ID": application["client_id"],
            "EBAY_CLIENT_SECRET": application["client_secret"],
            "EBAY_RUNAME": application["runame"],
            "EBAY_AUTHORIZE_URL": f"{ebay.api}/oauth2/authorize",
            "EBAY_API_URL": ebay.api,
            "EBAY_IDENTITY_URL": ebay.apiz,
            **more,
        }
    )


@dataclass
class Scene:
    """A member with a live grant. The wire renews its token by the real refresh."""

    ebay: EbayStandIn
    member: str
    made: Integration
    wire: RecordingWire

    @classmethod
    def set_up(cls, ebay: EbayStandIn, member: str = ALICE, scopes: list[str] | None = None) -> Scene:
        ebay.control("sellers", username=member, password=f"pw-{member}")
        made, tokens = installed(ebay), ebay.grant(member, scopes)
        wire = RecordingWire(tokens["access_token"])
        wire.renew = lambda: oauth2.refresh(made.granted(), tokens["refresh_token"]).access
        return cls(ebay, member, made, wire)

    def cart(self) -> Cart:
        assert self.made.cart is not None
        return self.made.cart.open(self.wire, {}, {})

    def place(self, **wanted: Any) -> dict[str, Any]:
        """An order as the stand-in keeps it; by default two of RED-01 at 20."""
        lines = [{"sku": "RED-01", "price": "20", "quantity": 2}]
        placed: dict[str, Any] = self.ebay.control("orders", **{"seller": self.member, "lines": lines, **wanted})
        return placed

    def list_item(self, **wanted: Any) -> dict[str, Any]:
        listed: dict[str, Any] = self.ebay.control("listings", seller=self.member, **wanted)
        return listed

    def shown(self, item_id: str, sku: str = "") -> int:
        """What the stand-in's shoppers see."""
        listing = next(each for each in self.ebay.told("listings") if each["item_id"] == item_id)
        units = {unit["sku"]: unit["available"] for unit in listing["units"]}
        return int(units[sku] if sku else next(iter(units.values())))

    def fault(self, kind: str, **fields: Any) -> None:
        self.ebay.control("faults", kind=kind, **fields)

    def uploads(self) -> list[dict[str, Any]]:
        return [entry for entry in self.ebay.ledger("shipping_fulfillment") if entry["seller"] == self.member]


def lately(**span: float) -> Window:
    """From a day ago (or less) to a second ago."""
    now = datetime.now(UTC)
    return Window(now - timedelta(**span or {"days": 1}), now - timedelta(seconds=1))


def parcel(order: Mapping[str, Any], *, quantity: int = 1, **changes: Any) -> ShipmentUpload:
    """One package of the order's first line."""
    placed_at = datetime.fromisoformat(order["creationDate"])
    wanted: dict[str, Any] = {
        "order_id": order["orderId"],
        "order_placed_at": placed_at,
        "lines": (ShipmentLine(order["lineItems"][0]["lineItemId"], quantity),),
        "carrier": "UPS Ground",
        "tracking": "1Z 999-AA1",
        "shipped_at": placed_at + timedelta(minutes=1),
    }
    return ShipmentUpload(**{**wanted, **changes})


def orders_of(page_records: tuple[Any, ...]) -> dict[str, OrderRecord]:
    return {record.external_id: record for record in page_records if isinstance(record, OrderRecord)}
