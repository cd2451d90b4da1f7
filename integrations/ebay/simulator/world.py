"""The whole of the stand-in's state, and the few things that touch more than one part of it."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

from integrations.simulation import Clock, Document, Ledger, Store

from .formats import stamp
from .grants import Grants
from .listings import Listings
from .members import Members
from .orderbook import Kept, OrderBook
from .packages import Packages
from .quotas import Quotas
from .settings import merged


class World:
    def __init__(self, settings: dict[str, Any] | None = None, data: Path | None = None) -> None:
        self._started_with = merged(settings)
        self.settings = dict(self._started_with)
        self.clock = Clock()
        self.store = Store(data)
        self.ledger = Ledger(self.store, self.clock)
        self.calls: Counter[str] = Counter()
        self.random = random.Random(0)
        self.members = Members(self.store)
        self.grants = Grants(self.store, self.clock, self.ledger, self.settings)
        self.orders = OrderBook(self.store, self.clock)
        self.packages = Packages(self.store, self.clock, self.orders)
        self.listings = Listings(self.store, self.clock, self.ledger, self.settings)
        self.quotas = Quotas(self.settings, self.clock)

    def reset(self) -> None:
        """As new: no state, the settings it was started with, the right time."""
        with self.store.lock:
            for part in (self.store, self.orders, self.packages, self.listings, self.quotas, self.calls):
                part.clear()
            self.settings |= self._started_with
            self.clock.skew = 0.0
            self.random.seed(0)

    def now(self) -> str:
        return stamp(self.clock.now())

    def drift(self, order_ids: list[str], count: int) -> None:
        """Change ``count`` open orders among these in a way that harms nobody."""
        for order_id in self.random.sample(order_ids, min(len(order_ids), count * 20)):
            if count == 0:
                return
            kept = self.orders.get(order_id)
            if kept is not None and kept.open:
                self._postpone(kept)
                count -= 1

    def _postpone(self, kept: Kept) -> None:
        with self.store.lock:
            for instruction in kept.document["fulfillmentStartInstructions"]:
                instruction["maxEstimatedDeliveryDate"] = self.now()
            self.orders.changed(kept)

    def summary(self) -> Document:
        """What a check of "nothing lost, nothing doubled" compares with."""
        documents = [kept.document for kept in self.orders.all()]
        return {
            "orders": {
                "total": len(documents),
                "by_status": dict(Counter(order["orderFulfillmentStatus"] for order in documents)),
                "by_payment": dict(Counter(order["orderPaymentStatus"] for order in documents)),
                "by_cancel": dict(Counter(order["cancelStatus"]["cancelState"] for order in documents)),
            },
            "fulfillments": self.packages.count(),
            "duplicates": self.ledger.duplicates(),
            "listings": [self.listings.described(listing) for listing in self.listings.all()],
        }
