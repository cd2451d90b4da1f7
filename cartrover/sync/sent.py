"""A delivery as it was sent, kept with its order as JSON, so that what the cart tells later can be compared with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.contract import Delivery, RemoteOrder


def kept(delivery: Delivery) -> dict[str, Any]:
    """The delivery by field, as JSON has it: amounts and times are text, tuples are lists."""
    told: dict[str, Any] = _plain(asdict(delivery))
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def remote_kept(there: RemoteOrder) -> dict[str, Any]:
    """What an order comes to at the warehouse, to tell whether it was told before."""
    return {"total": format(there.total.normalize(), "f"), "lines": sorted([item_id, units] for item_id, units in there.lines)}
