"""Stock by CSV: sent in, looked at, applied once; and sent out. Call inside the merchant's door."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

from django.db.models import QuerySet
from django.db.models.functions import Now

from cartrover.connections.models import Connection
from cartrover.merchants import audit
from cartrover.packing import stock, waking
from cartrover.packing.models import Item, StockFile
from cartrover.packing.refusal import Refusal
from cartrover.pages import csv_files
from cartrover.pages.csv_files import Cell, Errors

COLUMNS = ("sku", "name", "on_hand", "committed", "available")
TOLD = COLUMNS[:3]  # what a file may change; the others are worked out, and passed over
LONGEST = {"sku": 200, "name": 400}
AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. ``name`` empty and ``on_hand`` None leave what there is."""

    line: int
    sku: str
    name: str
    on_hand: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """What one line of a file changes. ``item`` None: it is new."""

    row: Row
    item: Item | None

    @property
    def before(self) -> int:
        return self.item.on_hand if self.item else 0

    @property
    def after(self) -> int:
        return self.before if self.row.on_hand is None else self.row.on_hand

    @property
    def name(self) -> str:
        return self.row.name or (self.item.name if self.item else "")

    @property
    def real(self) -> bool:
        return self.item is None or (self.after, self.name) != (self.item.on_hand, self.item.name)


def read(text: str) -> tuple[list[Row], Errors]:
    """The rows that can be used, and what is wrong with the others. Raises BadFile."""
    errors = Errors()
    lines: dict[str, int] = {}
    rows = []
    for row in csv_files.read(text, COLUMNS, ("sku",), errors):
        sku, name, on_hand = (row.values[column].strip() for column in TOLD)
        troubles = [*_troubles(sku, name, on_hand), *([f"SKU {sku} stands in line {lines[sku]} too."] if sku in lines else [])]
        lines.setdefault(sku, row.line)
        if troubles:
            errors.add(row.line, " ".join(troubles))
        else:
            rows.append(Row(row.line, sku, name, int(on_hand) if on_hand else None))
    return rows, errors


def _troubles(sku: str, name: str, on_hand: str) -> Iterator[str]:
    if not sku:
        yield "The SKU is missing."
    for column, value in (("sku", sku), ("name", name)):
        if len(value) > LONGEST[column]:
            yield f"The {column} is longer than {LONGEST[column]} characters."
    if on_hand and not (re.fullmatch(r"-?[0-9]{1,9}", on_hand) and abs(int(on_hand)) <= stock.MOST):
        yield f"on_hand is no whole number up to {stock.MOST:,}: “{on_hand[:40]}”."


def send_in(connection: Connection, name: str, text: str, *, actor: str) -> StockFile:
    """Keep a file as it was read. Changes no stock. Raises BadFile."""
    rows, errors = read(text)
    kept: StockFile = StockFile.objects.create(
        connection=connection,
        name=name[:200],
        sent_by=actor,
        rows=[astuple(row) for row in rows],
        errors=errors.found,
    )
    return kept


def changes(file: StockFile) -> list[Change]:
    """What applying it now would change; lines that change nothing are left away."""
    rows = _rows(file)
    items = {item.sku: item for item in _items(file, rows)}
    return [change for row in rows if (change := Change(row, items.get(row.sku))).real]


def _rows(file: StockFile) -> list[Row]:
    return [Row(*row) for row in file.rows]


def _items(file: StockFile, rows: Iterable[Row]) -> QuerySet[Item]:
    found: QuerySet[Item] = Item.objects.filter(connection=file.connection, sku__in=[row.sku for row in rows])
    return found


def apply(file: StockFile, *, actor: str) -> int:
    """Do what it says, once. Returns how many items changed. Raises Refusal.

    A count is of what lies on the shelf as it is applied: what left before is in it, what leaves after comes off it. So the items
    are held from before they are compared. A package that ships at the same moment waits, or is waited for, and where the file
    tells no count its units stay off.
    """
    if file.errors:
        raise Refusal("The file has errors. Mend them and send it in again.")
    if not StockFile.objects.filter(pk=file.pk, applied_at__isnull=True).update(applied_at=Now()):
        raise Refusal("This file was applied already.")
    changed = _make_new(file) | _set(file)
    audit.record(actor, "applied a stock file", file, after={"items changed": len(changed)})
    waking.stock_changed(file.connection_id)
    return len(changed)


def _make_new(file: StockFile) -> set[str]:
    """Items that were not there, with nothing on hand yet. Returns their SKUs."""
    rows = _rows(file)
    new = {row.sku for row in rows} - set(_items(file, rows).values_list("sku", flat=True))
    made = [Item(connection=file.connection, sku=sku) for sku in sorted(new)]
    Item.objects.bulk_create(made, batch_size=AT_ONCE, ignore_conflicts=True)
    return new


def _set(file: StockFile) -> set[str]:
    """Returns the SKUs of what was not so already. Held in the order in which a package that ships changes them."""
    rows = _rows(file)
    items = {item.sku: item for item in _items(file, rows).select_for_update(no_key=True).order_by("pk")}
    todo = [change for row in rows if (change := Change(row, items[row.sku])).real]
    for each in todo:
        item = items[each.row.sku]
        item.name, item.on_hand = each.name, each.after
    Item.objects.bulk_update([items[each.row.sku] for each in todo], ["name", "on_hand"], batch_size=AT_ONCE)
    return {each.row.sku for each in todo}


def sent_out(connection: Connection) -> Iterator[Sequence[Cell]]:
    """The whole stock in rows of ``COLUMNS``. Sent in again, it changes nothing."""
    items = list(Item.objects.filter(connection=connection).order_by("sku"))
    wanted = stock.committed(item.pk for item in items)
    for item in items:
        units = wanted.get(item.pk, 0)
        yield item.sku, item.name, item.on_hand, units, item.on_hand - units
