"""What a cart's account sells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from cartrover.inventory.models import Listing
from cartrover.inventory.selling import sold_on
from cartrover.inventory.showing import item_of
from cartrover.inventory.storing import store_listings
from cartrover.sync.work import Work
from integrations.contract import Cart as CartClient
from integrations.contract import ListingRecord


def read_listings(work: Work, client: CartClient) -> None:
    """Store every listing of the account. Their figures are dated by the marketplace's clock, as its sales are.

    Raises an Outcome.
    """
    records: list[ListingRecord] = []
    read_at: datetime | None = None
    number = 1
    while True:
        work.lease.check()
        page = client.listings(page=number)
        read_at = read_at or work.wire.server_time or timezone.now()
        records += page.records
        if not page.records or len(records) >= page.total:
            break
        number += 1
    with work.rows():
        sold = sold_on(work.connection_id, {item_of(record.external_id) for record in records})
        rows = [_listing(work.connection_id, record, sold, read_at) for record in records]
        store_listings(work.connection_id, rows, read_at)


def _listing(connection_id: int, record: ListingRecord, sold: Mapping[str, str], read_at: datetime) -> Listing:
    return Listing(
        connection_id=connection_id,
        external_id=record.external_id,
        sku=record.sku,
        title=record.title,
        marketplace=record.marketplace or sold.get(item_of(record.external_id), ""),
        currency=record.currency,
        managed_by=record.managed_by,
        shown=record.quantity,
        shown_at=read_at,
    )
