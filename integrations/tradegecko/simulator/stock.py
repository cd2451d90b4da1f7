"""What is on hand and what is committed, for each variant and location.

A draft commits nothing. An active or finalized order commits what it has not shipped yet, at the order's location. Shipping takes
from the fulfilment's location. Nothing stops a level from going below zero: the real system only warns.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from . import quantities
from .formats import plain
from .records import Record, Records
from .webhooks import Deliveries

_ZERO = Decimal(0)
_COMMITTING = frozenset({"active", "finalized"})
Levels = dict[int, Decimal]


class Stock:
    def __init__(self, records: Records, settings: dict[str, Any], deliveries: Deliveries) -> None:
        self._records = records
        self._settings = settings
        self._deliveries = deliveries
        self._committed: dict[int, Levels] = defaultdict(dict)
        self._by_order: dict[int, dict[tuple[int, int], Decimal]] = {}
        for account_id in records.accounts():
            for order in records.all("orders", account_id):
                self.commit(order)

    def on_hand(self, variant: Record) -> Levels:
        return {int(location): Decimal(level) for location, level in variant["_on_hand"].items()}

    def committed(self, variant_id: int) -> Levels:
        return self._committed.get(variant_id, {})

    def available(self, variant: Record) -> Decimal:
        """On hand less committed, over all locations."""
        return sum(self.on_hand(variant).values(), _ZERO) - sum(self.committed(variant["id"]).values(), _ZERO)

    def available_at(self, variant: Record, location_id: int) -> Decimal:
        return self.on_hand(variant).get(location_id, _ZERO) - self.committed(variant["id"]).get(location_id, _ZERO)

    def commit(self, order: Record) -> None:
        """Bring what the order commits up to date with its status, lines and fulfilments."""
        before = self._by_order.pop(order["id"], {})
        after = self._needs(order) if order["status"] in _COMMITTING else {}
        if after:
            self._by_order[order["id"]] = after
        for variant_id, location_id in before.keys() | after.keys():
            key = (variant_id, location_id)
            by = after.get(key, _ZERO) - before.get(key, _ZERO)
            if by:
                levels = self._committed[variant_id]
                levels[location_id] = levels.get(location_id, _ZERO) + by
                self._changed(order["_account"], variant_id)

    def _needs(self, order: Record) -> dict[tuple[int, int], Decimal]:
        needs: dict[tuple[int, int], Decimal] = {}
        for line in self._records.where("order_line_items", order["_account"], order_id=order["id"]):
            variant = self._records.get("variants", order["_account"], line["variant_id"])
            if variant is None or not variant["manage_stock"]:
                continue
            left = Decimal(line["quantity"]) - quantities.in_fulfillments(self._records, line, quantities.SHIPPED)
            if left > 0:
                key = (variant["id"], order["stock_location_id"])
                needs[key] = needs.get(key, _ZERO) + left
        return needs

    def move(self, account_id: int, variant_id: int, location_id: int, by: Decimal) -> None:
        """Untracked variants stay as they are."""
        variant = self._records.get("variants", account_id, variant_id)
        if variant is not None and variant["manage_stock"]:
            self.set(variant, location_id, self.on_hand(variant).get(location_id, _ZERO) + by)

    def set(self, variant: Record, location_id: int, level: Decimal) -> None:
        on_hand = {**variant["_on_hand"], str(location_id): plain(level)}
        self._records.change("variants", variant["id"], {"_on_hand": on_hand}, touch=False)
        self._changed(variant["_account"], variant["id"])

    def _changed(self, account_id: int, variant_id: int) -> None:
        if self._settings["stock_bumps_variant"]:
            self._records.change("variants", variant_id, {})
        self._deliveries.announce(account_id, "variant.stock_level_update", "variants", variant_id)
