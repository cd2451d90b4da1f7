"""A delivery as it was sent, kept with its order as JSON, so that what the cart tells later can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

from integrations.contract import Delivery, RemoteOrder


def kept(delivery: Delivery) -> dict[str, Any]:
    """The delivery by field, as JSON has it: amounts and times are text, tuples are lists."""
    told: dict[str, Any] = _plain(asdict(delivery))
    return told


def rebuilt(told: Mapping[str, Any]) -> Delivery:
    """The delivery that was kept."""
    delivery: Delivery = _read(Delivery, told)
    return delivery


def remote_kept(there: RemoteOrder) -> dict[str, Any]:
    """What an order comes to at the warehouse, to tell whether it was told before."""
    return {"total": amount(there.total), "lines": sorted([item_id, units] for item_id, units in there.lines)}


def amount(value: Decimal) -> str:
    """Money with no more decimals than it needs: equal amounts are written alike."""
    return format(value.normalize(), "f")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return amount(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _read(kind: Any, value: Any) -> Any:
    """A value of the type that a field declares. Fields that it does not have are left out."""
    if value is None:
        return None
    if is_dataclass(kind):
        fields = get_type_hints(kind)
        return kind(**{name: _read(fields[name], each) for name, each in value.items() if name in fields})  # type: ignore[operator]
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in value)
    if kind is Decimal:
        return Decimal(value)
    return datetime.fromisoformat(value) if datetime in (kind, *get_args(kind)) else value
