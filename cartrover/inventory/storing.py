"""Writing down what a warehouse has and what a cart sells. What has not changed writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import Model

from cartrover.inventory.models import Listing, StockLevel


def store_levels(connection_id: int, rows: Iterable[StockLevel]) -> None:
    """Store a reading's rows (unsaved). An older reading never replaces a newer one."""
    told = {row.item_id: row for row in rows}
    known = {row.item_id: row for row in StockLevel.objects.filter(connection_id=connection_id, item_id__in=told)}
    fresh = [row for item_id, row in told.items() if item_id not in known]
    changed = []
    for item_id, stored in known.items():
        row = told[item_id]
        if row.read_at < stored.read_at:
            continue
        stored.sku, stored.name = row.sku or stored.sku, row.name or stored.name
        stored.available, stored.tracked, stored.max_online = row.available, row.tracked, row.max_online
        stored.read_at, stored.gone = row.read_at, False
        changed.append(stored)
    StockLevel.objects.bulk_create(fresh, ignore_conflicts=True)
    StockLevel.objects.bulk_update(
        changed, ["sku", "name", "available", "tracked", "max_online", "read_at", "gone"], batch_size=500
    )


def set_available(connection_id: int, available: Mapping[str, Mapping[str, str]], read_at: datetime) -> set[str]:
    """Store the levels of a reading that tells item ids only. Returns the item ids that we do not know yet."""
    rows = list(StockLevel.objects.filter(connection_id=connection_id, item_id__in=available, read_at__lte=read_at))
    for row in rows:
        row.available, row.read_at, row.gone = dict(available[row.item_id]), read_at, False
    StockLevel.objects.bulk_update(rows, ["available", "read_at", "gone"], batch_size=500)
    known = StockLevel.objects.filter(connection_id=connection_id, item_id__in=available).values_list("item_id", flat=True)
    return set(available) - set(known)


def store_listings(connection_id: int, rows: Iterable[Listing], read_at: datetime) -> int:
    """Store what a whole reading of the cart's listings told (unsaved rows); what it did not tell is gone. Returns how many.

    A marketplace that it does not name stays as it was learned from an order or chosen by a person.
    """
    told = {row.external_id: row for row in rows}
    known = {row.external_id: row for row in Listing.objects.filter(connection_id=connection_id)}
    Listing.objects.bulk_create([row for key, row in told.items() if key not in known], ignore_conflicts=True)
    changed: list[Model] = []
    for key, stored in known.items():
        row = told.get(key)
        if row is None:
            stored.gone = True
        else:
            stored.sku, stored.title, stored.currency = row.sku, row.title, row.currency
            stored.marketplace = row.marketplace or stored.marketplace
            stored.shown, stored.shown_at, stored.gone = row.shown, read_at, False
        changed.append(stored)
    Listing.objects.bulk_update(changed, ["sku", "title", "marketplace", "currency", "shown", "shown_at", "gone"], batch_size=500)
    return len(told)
