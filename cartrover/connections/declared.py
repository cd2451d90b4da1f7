"""What an integration declares that orders must know, without their knowing integrations."""

from __future__ import annotations

from cartrover.connections.models import Warehouse
from integrations import registry


def number_limit(warehouse: Warehouse) -> int:
    """The longest order number that the warehouse takes, in characters."""
    side = registry.get(warehouse.integration).warehouse
    if side is None:
        raise LookupError(f"{warehouse.integration} is no warehouse")
    return side.number_limit
