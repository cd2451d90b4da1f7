"""What the stand-in's parts share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from integrations.simulation import Clock, Ledger, RateWindow, Store

from .records import Records
from .stock import Stock
from .webhooks import Deliveries

ALL_PERMISSIONS = (
    "read_reports",
    "write_stocks",
    "write_orders",
    "write_products",
    "write_settings",
    "write_companies",
    "read_buy_prices",
)


@dataclass(frozen=True)
class Caller:
    """Who acts. ``application_id`` None: a person in the web pages, not an application."""

    account_id: int
    user_id: int | None
    application_id: int | None = None
    permissions: frozenset[str] = frozenset(ALL_PERMISSIONS)


@dataclass
class World:
    settings: dict[str, Any]
    store: Store
    clock: Clock
    ledger: Ledger
    records: Records
    stock: Stock
    deliveries: Deliveries
    rate: RateWindow
    calls: Counter[str] = field(default_factory=Counter)
