"""A merchant's packing desks: the warehouses that the portal keeps itself. Call inside the merchant's door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from cartrover.connections import declared
from cartrover.connections.models import Connection, Warehouse


def desks() -> QuerySet[Warehouse]:
    rows: QuerySet[Warehouse] = Warehouse.objects.filter(integration__in=declared.kept_here(), connection__isnull=False)
    return rows.select_related("connection", "merchant").order_by("name", "pk")


def connection_of(desk: Warehouse) -> Connection:
    """A desk has its connection from the start."""
    if desk.connection is None:
        raise LookupError(f"{desk} has no connection")
    return desk.connection


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """What a desk is set to. ``sender`` are the lines above a packing slip."""

    carriers: tuple[str, ...]
    sender: tuple[str, ...]
    greeting: str

    @classmethod
    def of(cls, warehouse: Warehouse) -> DeskSettings:
        settings: Mapping[str, Any] = warehouse.settings
        return cls(
            carriers=_parts(settings.get("carriers")),
            sender=_parts(settings.get("sender")) or (warehouse.merchant.name,),
            greeting=str(settings.get("greeting") or ""),
        )

    def carrier_for(self, shipping_method: str) -> str:
        """The carrier that the shipping method names, else the first."""
        method = shipping_method.lower()
        named = (carrier for carrier in self.carriers if carrier.lower() in method)
        return next(named, self.carriers[0] if self.carriers else "")


def _parts(text: Any) -> tuple[str, ...]:
    return tuple(part.strip() for part in str(text or "").split(",") if part.strip())
