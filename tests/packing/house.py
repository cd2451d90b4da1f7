"""A merchant's packing desk as the contract of warehouses wants it: its calls, its people, and answers that get lost."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError

from cartrover.connections import holders
from cartrover.connections.models import Connection, Warehouse
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import calls, parcels, stock
from cartrover.packing.client import PackingDesk
from cartrover.packing.models import Item, PackingOrder
from integrations import registry
from integrations.contract import AddressRecord, Delivery, DeliveryLine, Integration
from tests.wire import RecordingWire

ACTOR = "bob@example.com"
ADDRESS = AddressRecord("Ada King Lovelace", "1 Main St", "London", "GB", postal_code="N1 9GU", phone="+44 20 7946 0000")


def set_up(merchant: Merchant, name: str = "Packing desk") -> Warehouse:
    """A live desk, inside no door."""
    with acting_for(merchant):
        warehouse = holders.new_warehouse(registry.get("portal"), actor=ACTOR)
        holders.save_settings(warehouse, actor=ACTOR, name=name)
        holders.checked(warehouse, actor=ACTOR)
        holders.go_live(warehouse, actor=ACTOR)
    return warehouse


@dataclass
class Desk:
    """``made`` in the words of tests.contract.warehouse.House. ``lost`` is the fault that waits for the next call."""

    merchant: Merchant
    stranger: Merchant
    connection: Connection
    strangers: Connection
    made: Integration
    wire: RecordingWire = field(default_factory=RecordingWire)
    lost: tuple[str, str] | None = None

    read_path = "^orders$"
    send_path = line_path = "^orders$"
    customer_path = "^customers$"
    known_sku = "MUG-1"

    @classmethod
    def open(cls, merchant: Merchant, stranger: Merchant, monkeypatch: pytest.MonkeyPatch) -> Desk:
        here, there = (set_up(each).connection for each in (merchant, stranger))
        assert here is not None
        assert there is not None
        desk = cls(merchant, stranger, here, there, registry.get("portal"))
        for sku, on_hand in (("MUG-1", 10), ("HAT-1", 4)):
            desk.make(sku, on_hand)
        monkeypatch.setattr(calls, "acting_for", desk._breaking)
        return desk

    @contextmanager
    def _breaking(self, merchant: Any) -> Iterator[None]:
        """The door, whose connection may break before or after the commit."""
        lost = self._due()
        with acting_for(merchant):
            yield
            if lost and not lost.startswith("effect") and lost != "truncate":
                raise OperationalError("server closed the connection unexpectedly")
        if lost:
            raise OperationalError("server closed the connection unexpectedly")

    def _due(self) -> str:
        resource, write = self.wire.permitted[-1]
        if self.lost is None or not write or not re.search(self.lost[1], resource):
            return ""
        kind, _path = self.lost
        self.lost = None
        return kind

    # ----------------------------------------------------------------------------------------------------------------- a bench

    def read(self) -> object:
        return self.warehouse().find_orders("A1B2C3")

    def fault(self, kind: str, **fields: object) -> None:
        self.lost = (kind, str(fields["path"]))

    def heard(self) -> int:
        return len(self.wire.permitted)

    def now(self) -> datetime:
        return datetime.now(UTC)

    # --------------------------------------------------------------------------------------------------------------- a house

    def warehouse(self) -> PackingDesk:
        return PackingDesk(self.wire, self.merchant.pk, self.connection.pk)

    def strangers_warehouse(self) -> PackingDesk:
        return PackingDesk(self.wire, self.stranger.pk, self.strangers.pk)

    def delivery(self, ref: str, customer_id: str, **changes: Any) -> Delivery:
        """Two mugs and a hat, 37.48 in all."""
        ids = {sku: record.item_id for sku in ("MUG-1", "HAT-1") for record in self.warehouse().item(sku)}
        made = Delivery(
            ref=ref,
            number=f"12-34567-{ref}",
            placed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
            customer_id=customer_id,
            source_url=f"https://portal.example/o/{ref}",
            currency="USD",
            lines=(
                DeliveryLine("l1", "MUG-1", ids["MUG-1"], "Mug", 2, Decimal("9.995"), Decimal("19.99")),
                DeliveryLine("l2", "HAT-1", ids["HAT-1"], "Hat", 1, Decimal("15.00"), Decimal("15.00")),
            ),
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
        return dataclasses.replace(made, **changes)

    def orders_made(self, ref: str) -> int:
        with acting_for(self.merchant):
            return PackingOrder.objects.filter(ref=ref).count()

    def order(self, remote_id: str) -> PackingOrder:
        with acting_for(self.merchant):
            found: PackingOrder = PackingOrder.objects.get(public_id=remote_id)
        return found

    def street(self, remote_id: str) -> str:
        return str(self.order(remote_id).ship_to["line1"])

    def ship(self, remote_id: str, tracking: str, *, one_unit: bool = False) -> None:
        with acting_for(self.merchant):
            order = self.order(remote_id)
            units = {order.lines.order_by("position")[0].pk: 1} if one_unit else {}
            parcels.ship(parcels.pack(order, units, actor=ACTOR), "UPS", tracking)

    def pack(self, remote_id: str) -> None:
        with acting_for(self.merchant):
            parcels.pack(self.order(remote_id), {}, actor=ACTOR)

    def make(self, sku: str, on_hand: int) -> None:
        with acting_for(self.merchant):
            stock.make(self.connection, sku, on_hand=on_hand, actor=ACTOR)

    def count(self, sku: str, quantity: int) -> None:
        with acting_for(self.merchant):
            stock.count(Item.objects.get(connection=self.connection, sku=sku), quantity, actor=ACTOR)
