"""The warehouse's catalogue and levels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.events.models import Problem
from cartrover.inventory.models import StockLevel
from cartrover.inventory.storing import set_available, store_levels
from cartrover.orders import errands, preparing
from cartrover.sync import streams
from cartrover.sync.durations import durations
from cartrover.sync.models import Stream
from cartrover.sync.work import Done, Work
from integrations.contract import Page, StockRecord
from integrations.contract import Warehouse as WarehouseClient

CLOCK_MARGIN = timedelta(seconds=1)
_SKU_PROBLEMS = ("unknown_sku", "duplicate_sku")


def run(work: Work) -> Done:
    """Read the levels, and the whole catalogue when it is due or an unknown item turns up; then let the carts know."""
    with work.rows():
        warehouse = Warehouse.objects.filter(connection_id=work.connection_id, state=Warehouse.State.LIVE).first()
    if warehouse is None:
        return Done("No warehouse is live.", due_in=None)
    client = work.warehouse(warehouse.settings)
    pages, items = (0, 0)
    unknown = False
    if not _catalogue_due(work):
        pages, items, unknown = _read_levels(work, client)
    cursor = dict(work.cursor)
    if _catalogue_due(work) or unknown:
        more, items = read_catalogue(work, client)
        pages += more
        cursor["catalogue_at"] = timezone.now().isoformat()
    with work.rows():
        wake_carts(warehouse)
    side = work.integration.warehouse
    poll = durations().poll_quiet if side and side.tells else durations().stock_poll
    pause = max(poll, pages * (side.stock_page_seconds if side else 0.0))
    return Done(f"{items} items read.", due_in=pause, cursor=cursor)


def _catalogue_due(work: Work) -> bool:
    told = work.cursor.get("catalogue_at")
    if not told:
        return True
    return timezone.now() - datetime.fromisoformat(str(told)) > timedelta(seconds=durations().catalogue_poll)


def _pages(read: Callable[[int], Page[StockRecord]], work: Work) -> Iterator[Page[StockRecord]]:
    number, seen = 1, 0
    while True:
        work.lease.check()
        page = read(number)
        yield page
        seen += len(page.records)
        if not page.records or seen >= page.total:
            return
        number += 1


def _read_levels(work: Work, client: WarehouseClient) -> tuple[int, int, bool]:
    """(pages, items, whether there was an item that the catalogue has to tell us about)."""
    read_at = timezone.now() - CLOCK_MARGIN
    pages, items, unknown = 0, 0, False
    for page in _pages(lambda number: client.stock(page=number), work):
        pages, items = pages + 1, items + len(page.records)
        available = {record.item_id: _figures(record) for record in page.records}
        with work.rows():
            unknown = bool(set_available(work.connection_id, available, read_at)) or unknown
    return pages, items, unknown


def read_catalogue(work: Work, client: WarehouseClient) -> tuple[int, int]:
    """Store every item there is, and release what waited for one. Returns (pages, items); raises an Outcome."""
    read_at = timezone.now() - CLOCK_MARGIN
    pages, items = 0, 0
    for page in _pages(lambda number: client.items(page=number), work):
        pages, items = pages + 1, items + len(page.records)
        with work.rows():
            store_levels(work.connection_id, [stock_level(work.connection_id, each, read_at) for each in page.records])
    with work.rows():
        StockLevel.objects.filter(connection_id=work.connection_id, read_at__lt=read_at).update(gone=True)
        _release(work)
    return pages, items


def _release(work: Work) -> None:
    """SKUs that are there now, and there only once: what waited for them goes on."""
    connection = Connection.objects.get(pk=work.connection_id)
    problems = Problem.objects.filter(kind__in=_SKU_PROBLEMS, about="connection", about_id=connection.pk, closed_at__isnull=True)
    by_sku = {problem.subject: problem.kind for problem in problems}
    waited_for = by_sku.keys() | errands.lacking(connection.pk)
    there = Counter(
        StockLevel.objects.filter(connection=connection, sku__in=waited_for, gone=False).values_list("sku", flat=True)
    )
    once = {sku for sku, count in there.items() if count == 1}
    woken = errands.try_again(once)
    for sku in once & by_sku.keys():
        woken |= preparing.release(by_sku[sku], sku, connection)
    streams.deliver(woken)


def stock_level(connection_id: int, record: StockRecord, read_at: datetime) -> StockLevel:
    """An unsaved row of a warehouse's record."""
    return StockLevel(
        connection_id=connection_id,
        item_id=record.item_id,
        sku=record.sku,
        name=record.name,
        available=_figures(record),
        tracked=record.tracked,
        max_online=record.max_online,
        read_at=read_at,
    )


def _figures(record: StockRecord) -> dict[str, str]:
    return {location: str(units) for location, units in record.available.items()}


def wake_carts(warehouse: Warehouse) -> None:
    """What may be sold from this warehouse has changed: each cart that sells from it compares its figures."""
    carts = Cart.objects.filter(warehouse=warehouse, state=Cart.State.LIVE, connection__isnull=False)
    for connection_id in carts.values_list(F("connection_id"), flat=True).distinct():
        streams.ready(connection_id, Stream.Kind.PUSH_STOCK)


def wake_sellers(carts: Iterable[Cart]) -> None:
    """Something was sold at these carts: each cart that sells from their warehouses compares its figures."""
    for warehouse in Warehouse.objects.filter(carts__in=list(carts)).distinct():
        wake_carts(warehouse)
