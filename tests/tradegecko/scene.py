"""Alice's TradeGecko account at the stand-in, and both of our roles on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import requests

from integrations.contract import AddressRecord, Cart, CartIdentity, Delivery, DeliveryLine, Integration, Warehouse, Window
from integrations.tradegecko.integration import integration
from tests.tradegecko.simulator.running import Gecko
from tests.wire import RecordingWire

PORTAL = "https://portal.example"
CART = CartIdentity("cr-ebay-1", "eBay US")
ADDRESS = AddressRecord(
    "Ada King Lovelace",
    "1 Main St",
    "London",
    "GB",
    line2="Unit 2",
    region="England",
    postal_code="N1 9GU",
    phone="+44 20 7946 0000",
    email="ada@example.com",
)


def installed(gecko: Gecko) -> Integration:
    """TradeGecko as an installation whose host is the stand-in sees it."""
    return integration(
        {
            "PORTAL_URL": PORTAL,
            "TRADEGECKO_API_URL": gecko.url,
            "TRADEGECKO_CLIENT_ID": "cartrover-client-id",
            "TRADEGECKO_CLIENT_SECRET": "cartrover-client-secret",
        }
    )


@dataclass
class Scene:
    """One account with two locations and two variants, ten and four of them at the first location."""

    gecko: Gecko
    email: str
    account: Mapping[str, Any]
    variants: Mapping[str, int]
    made: Integration
    wire: RecordingWire
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def set_up(cls, gecko: Gecko, email: str, **account: Any) -> Scene:
        opened = gecko.open_account(
            **{
                "name": "Alice Outdoor",
                "time_zone": "Pacific/Auckland",
                "currencies": ["USD", "EUR"],
                "locations": ["Main", "Overflow"],
                "users": [{"email": email}],
                "tax_types": [{"name": "GST", "code": "GST", "rate": "15"}, {"name": "None", "code": "NONE", "rate": "0"}],
                **account,
            }
        )
        own, main = opened["account_id"], opened["location_ids"][0]
        added = gecko.add_variants(
            {"account": own, "sku": "MUG-1", "name": "Mug", "stock": {main: "10"}},
            {"account": own, "sku": "HAT-1", "name": "Hat", "stock": {main: "4.5"}, "max_online": "3"},
        )
        made, wire = installed(gecko), RecordingWire(gecko.grant(email)["access_token"])
        scene = cls(gecko, email, opened, {one["sku"]: one["variant_id"] for one in added}, made, wire)
        return dataclasses.replace(scene, facts=made.account_of(wire).facts)

    @property
    def account_id(self) -> int:
        return int(self.account["account_id"])

    def warehouse(self, **settings: Any) -> Warehouse:
        assert self.made.warehouse is not None
        assert self.made.warehouse.open is not None
        return self.made.warehouse.open(self.wire, settings, self.facts)

    def cart(self, **settings: Any) -> Cart:
        assert self.made.cart is not None
        return self.made.cart.open(self.wire, settings, self.facts)

    def delivery(self, **changes: Any) -> Delivery:
        """Two mugs and a hat for Ada, 37.48 in all; ``customer_id`` is found or made."""
        lines = (
            DeliveryLine("l1", "MUG-1", str(self.variants["MUG-1"]), "Mug", 2, Decimal("9.995"), Decimal("19.99")),
            DeliveryLine("l2", "HAT-1", str(self.variants["HAT-1"]), "Hat", 1, Decimal("15.00"), Decimal("15.00")),
        )
        made = Delivery(
            ref="A1B2C3",
            number="12-34567-89012",
            placed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
            customer_id="",
            source_url=f"{PORTAL}/o/1",
            currency="USD",
            lines=lines,
            shipping=Decimal("3.99"),
            shipping_method="USPS Ground",
            discount=Decimal("2.00"),
            tax=Decimal("0.50"),
            adjustment=Decimal(0),
            total=Decimal("37.48"),
            ship_to=ADDRESS,
            note="Ring twice",
            email="ada@example.com",
            references=(("IOSS", "IM2760000742"),),
        )
        wanted = dataclasses.replace(made, **changes)
        if wanted.customer_id:
            return wanted
        warehouse = self.warehouse()
        customer = warehouse.find_customer(CART) or warehouse.make_customer(CART, key=f"customer-{self.account_id}")
        return dataclasses.replace(wanted, customer_id=customer)

    def get(self, path: str) -> Any:
        """What the API itself answers, past our client."""
        headers = {"Authorization": f"Bearer {self.wire.access}"}
        return requests.get(f"{self.gecko.url}/{path}", headers=headers, timeout=60).json()

    def ledger(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.gecko.ledger(kind) if entry.get("account_id") == self.account_id]

    def window(self) -> Window:
        """From yesterday to a minute from now."""
        now = datetime.now(UTC)
        return Window(now - timedelta(days=1), now + timedelta(minutes=1))
