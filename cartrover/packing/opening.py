"""Which client speaks for a warehouse: its integration's own, or the desk where the portal keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartrover.packing.client import PackingDesk
from integrations.contract import Integration, Warehouse, Wire


def open_warehouse(
    integration: Integration,
    wire: Wire,
    settings: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    merchant_id: int,
    connection_id: int,
) -> Warehouse:
    """The account of a connection as a warehouse, with one warehouse's settings. LookupError where it is none."""
    side = integration.warehouse
    if side is None:
        raise LookupError(f"{integration.slug} is no warehouse")
    if side.open is None:
        return PackingDesk(wire, merchant_id, connection_id)
    return side.open(wire, settings, facts)
