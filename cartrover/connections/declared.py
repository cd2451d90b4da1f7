"""What an integration declares, for rooms that do not know integrations."""

from __future__ import annotations

from cartrover.connections.models import Warehouse
from integrations import registry
from integrations.contract import Integration


def number_limit(warehouse: Warehouse) -> int:
    """The longest order number that the warehouse takes, in characters."""
    side = registry.get(warehouse.integration).warehouse
    if side is None:
        raise LookupError(f"{warehouse.integration} is no warehouse")
    return side.number_limit


def integration(slug: str) -> Integration:
    """The integration of that slug, as this installation is set up for it."""
    return registry.get(slug)
