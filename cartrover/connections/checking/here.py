"""What a step of the test works with: the settings that are tested, and a wire of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cartrover.connections import engine
from cartrover.connections.checking.findings import Ear, Line, told
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.merchants.tenancy import acting_for
from cartrover.packing.opening import open_warehouse
from integrations import registry
from integrations.contract import Cart as CartClient
from integrations.contract import Integration, Wire
from integrations.contract import Warehouse as WarehouseClient
from integrations.outcomes import NeedsMerchant, Outcome


@dataclass(frozen=True, slots=True)
class Here:
    """What one step works with. ``warehouse`` is where a cart's orders go; both rows have their connection loaded."""

    holder: Holder
    settings: Mapping[str, Any]
    integration: Integration
    connection: Connection | None
    warehouse: Warehouse | None
    ear: Ear | None

    @property
    def name(self) -> str:
        return self.integration.name

    @property
    def wire(self) -> Wire:
        if self.ear is None:
            raise NeedsMerchant("There is no access yet.", fix="grant")
        return self.ear

    @property
    def facts(self) -> Mapping[str, Any]:
        return self.connection.facts if self.connection else {}

    def cart(self) -> CartClient:
        if self.integration.cart is None:
            raise LookupError(f"{self.name} is no cart")
        return self.integration.cart.open(self.wire, self.settings, self.facts)

    def house(self) -> WarehouseClient:
        if self.connection is None:
            raise NeedsMerchant("There is no access yet.", fix="grant")
        return house_of(self.connection, self.wire, self.settings, self.facts)

    def told(self, outcome: Outcome, name: str) -> Line:
        return told(self.ear, self.integration, outcome, name)


def opened(holder: Holder, settings: Mapping[str, Any]) -> Here:
    """Its rows as they are now, read inside the merchant's door and handed out of it."""
    with acting_for(holder.merchant_id):
        connection = Connection.objects.filter(pk=holder.connection_id).first()
        warehouse = None
        if isinstance(holder, Cart):
            warehouse = Warehouse.objects.select_related("connection").filter(pk=holder.warehouse_id).first()
    ear = Ear(engine.wire(connection)) if connection is not None else None
    return Here(holder, settings, registry.get(holder.integration), connection, warehouse, ear)


def house_of(connection: Connection, wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> WarehouseClient:
    """The connection's warehouse, asked on that wire."""
    ids = {"merchant_id": connection.merchant_id, "connection_id": connection.pk}
    return open_warehouse(registry.get(connection.integration), wire, settings, facts, **ids)


def provider_time(here: Here) -> datetime:
    """What the provider's clock says: a window that ends in its future is refused."""
    if here.ear is not None and not here.ear.heard and not here.integration.kept_here:
        here.integration.account_of(here.wire)
    last = here.ear.last if here.ear else None
    return (last.server_time if last else None) or datetime.now(UTC)
