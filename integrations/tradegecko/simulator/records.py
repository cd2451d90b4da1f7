"""The records of all accounts, with the indexes that keep the lists of a large account quick.

A record is a dict in the shape of ``shapes.SHAPES``; its keys that begin with an underscore are the stand-in's own, never sent.
A record is never changed in place: ``change`` puts a new one in its place, so that the indexes can find the old one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import Any

from integrations.simulation import Clock, Store

from . import formats
from .shapes import SHAPES

Record = dict[str, Any]
Fields = tuple[str, ...]

_INDEXES: dict[str, tuple[Fields, ...]] = {
    "addresses": (("company_id",), ("company_id", "label")),
    "companies": (("name",), ("company_code",), ("email",)),
    "contacts": (("company_id",),),
    "fulfillment_line_items": (("fulfillment_id",), ("order_line_item_id",)),
    "fulfillment_return_line_items": (("fulfillment_return_id",), ("order_line_item_id",)),
    "fulfillment_returns": (("order_id",),),
    "fulfillments": (("order_id",),),
    "invoice_line_items": (("invoice_id",), ("order_line_item_id",)),
    "invoices": (("order_id",),),
    "notes": (("company_id",),),
    "order_line_items": (("order_id",),),
    "orders": (("order_number",), ("reference_number",), ("company_id",)),
    "payments": (("invoice_id",),),
    "stock_adjustment_line_items": (("stock_adjustment_id",),),
    "tax_components": (("tax_type_id",),),
    "users": (("email",),),
    "variants": (("sku",), ("product_id",)),
}
_FIRST_IDS = {"locations": 18, "variants": 1001, "orders": 5001, "fulfillments": 9001, "order_line_items": 12001}


class Shelf:
    """One account's records of one resource, oldest first."""

    def __init__(self, indexes: tuple[Fields, ...]) -> None:
        self.records: dict[int, Record] = {}
        self._by_update: list[tuple[str, int]] = []
        self._by_fields: dict[Fields, dict[tuple[Any, ...], dict[int, None]]] = {fields: {} for fields in indexes}

    def add(self, record: Record) -> None:
        self.records[record["id"]] = record
        insort(self._by_update, (record["_updated"], record["id"]))
        for fields, index in self._by_fields.items():
            index.setdefault(_values(record, fields), {})[record["id"]] = None

    def drop(self, record: Record) -> None:
        del self._by_update[bisect_left(self._by_update, (record["_updated"], record["id"]))]
        for fields, index in self._by_fields.items():
            del index[_values(record, fields)][record["id"]]

    def indexed(self, fields: Fields) -> bool:
        return fields in self._by_fields

    def where(self, fields: Fields, values: tuple[Any, ...]) -> list[Record]:
        return [self.records[id_] for id_ in sorted(self._by_fields[fields].get(values, {}))]

    def updated_between(self, earliest: str, latest: str) -> list[Record]:
        """Those updated in the closed interval, least recently updated first."""
        first = bisect_left(self._by_update, (earliest, 0))
        last = bisect_right(self._by_update, (latest, 2**63))
        return [self.records[id_] for _, id_ in self._by_update[first:last]]


def _values(record: Record, fields: Fields) -> tuple[Any, ...]:
    return tuple(record[name] for name in fields)


class Records:
    """All records, kept in ``store`` under the resource's plural name."""

    kinds = frozenset(SHAPES)

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self.lock = store.lock
        self._clock = clock
        self._shelves: dict[tuple[str, int], Shelf] = {}
        self._owners: dict[str, dict[int, int]] = {}
        self._texts: dict[tuple[str, int], str] = {}
        for resource in SHAPES:
            for record in sorted(store.all(resource), key=lambda record: int(record["id"])):
                self._place(resource, record)

    def shelf(self, resource: str, account_id: int) -> Shelf:
        key = (resource, account_id)
        if key not in self._shelves:
            self._shelves[key] = Shelf(_INDEXES.get(resource, ()))
        return self._shelves[key]

    def _place(self, resource: str, record: Record) -> None:
        self.shelf(resource, record["_account"]).add(record)
        self._owners.setdefault(resource, {})[record["id"]] = record["_account"]

    def insert(self, resource: str, account_id: int, attributes: Record) -> Record:
        """A new record with the next id and the clock's time. ``account_id`` 0: the record is an account and owns itself."""
        now = formats.moment(self._clock.now())
        id_ = self._store.next_id(f"id {resource}", _FIRST_IDS.get(resource, 101))
        record = {**SHAPES[resource], **attributes, "id": id_, "_account": account_id or id_, "_updated": now}
        if "created_at" in record:
            record.update(created_at=now, updated_at=now)
        self._place(resource, record)
        self._store.put(resource, id_, record)
        return record

    def change(self, resource: str, id_: int, changes: Record, *, touch: bool = True) -> Record:
        """``touch`` False leaves ``updated_at`` as it is."""
        account_id = self._owners[resource][id_]
        shelf = self.shelf(resource, account_id)
        record = {**shelf.records[id_], **changes}
        if touch:
            record["_updated"] = formats.moment(self._clock.now())
            if "updated_at" in record:
                record["updated_at"] = record["_updated"]
        shelf.drop(shelf.records[id_])
        shelf.add(record)
        self._texts.pop((resource, id_), None)
        self._store.put(resource, id_, record)
        return record

    def remove(self, resource: str, id_: int) -> None:
        shelf = self.shelf(resource, self._owners[resource].pop(id_))
        shelf.drop(shelf.records[id_])
        del shelf.records[id_]
        self._texts.pop((resource, id_), None)
        self._store.delete(resource, id_)

    def get(self, resource: str, account_id: int, id_: int | None) -> Record | None:
        return None if id_ is None else self.shelf(resource, account_id).records.get(id_)

    def one(self, resource: str, account_id: int, id_: int) -> Record:
        """A record that must be there."""
        return self.shelf(resource, account_id).records[id_]

    def owner(self, resource: str, id_: int) -> int | None:
        """The account that has the record; None if there is no such record."""
        return self._owners.get(resource, {}).get(id_)

    def where(self, resource: str, account_id: int, **values: Any) -> list[Record]:
        """By an indexed field or fields, lowest id first."""
        return self.shelf(resource, account_id).where(tuple(values), tuple(values.values()))

    def all(self, resource: str, account_id: int) -> list[Record]:
        return list(self.shelf(resource, account_id).records.values())

    def accounts(self) -> list[int]:
        return list(self._owners.get("accounts", {}))

    def text(self, resource: str, record: Record) -> str:
        """The record as JSON, rendered once a version."""
        key = (resource, record["id"])
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = formats.dump(public(record))
        return found


def public(record: Record) -> Record:
    return {name: value for name, value in record.items() if not name.startswith("_")}
