"""Every order, found by time in the order of time, and rendered once for each change."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from datetime import timedelta

from integrations.simulation import Clock, Document, Store

from .formats import stamp
from .views import View, seen_as

PERSONAL_DATA_DAYS = 90


@dataclass
class Kept:
    """An order as it stands, and the bytes it was last sent as."""

    document: Document
    bytes_of: dict[View, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.document["orderId"])

    @property
    def open(self) -> bool:
        cancelled = self.document["cancelStatus"]["cancelState"] == "CANCELED"
        return not cancelled and self.document["orderFulfillmentStatus"] != "FULFILLED"


class OrderBook:
    """Orders by id, and by seller in the order of ``creationDate`` and of ``lastModifiedDate``."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._kept: dict[str, Kept] = {}
        self._times: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for document in store.all("order"):
            self._index(Kept(document))

    def add(self, document: Document) -> Kept:
        with self._store.lock:
            self._forget(document["orderId"])
            kept = Kept(document)
            self._index(kept)
            self._store.put("order", kept.id, document)
            return kept

    def get(self, order_id: str) -> Kept | None:
        return self._kept.get(order_id)

    def all(self) -> list[Kept]:
        return list(self._kept.values())

    def changed(self, kept: Kept, at: str | None = None) -> None:
        """Take note of a change to ``kept.document``: it counts as modified ``at`` that stamp, by default now."""
        with self._store.lock:
            seller = kept.document["sellerId"]
            times = self._times[(seller, "lastModifiedDate")]
            _discard(times, (kept.document["lastModifiedDate"], kept.id))
            kept.document["lastModifiedDate"] = at or stamp(self._clock.now())
            insort(times, (kept.document["lastModifiedDate"], kept.id))
            kept.bytes_of.clear()
            self._store.put("order", kept.id, kept.document)

    def between(self, seller: str, by: str, start: str, end: str) -> list[str]:
        """Order ids whose ``by`` (creationDate or lastModifiedDate) lies in [start, end], earliest first."""
        with self._store.lock:
            times, first, after = self._span(seller, by, start, end)
            return [order_id for _, order_id in times[first:after]]

    def page(
        self, seller: str, by: str, start: str, end: str, offset: int, limit: int, newest_first: bool
    ) -> tuple[int, list[str]]:
        """How many ``between`` would find, and one page of them, without looking at the rest."""
        with self._store.lock:
            times, first, after = self._span(seller, by, start, end)
            if newest_first:
                low, high = max(first, after - offset - limit), max(first, after - offset)
                rows = times[low:high][::-1]
            else:
                rows = times[first + offset : min(after, first + offset + limit)]
        return after - first, [order_id for _, order_id in rows]

    def render(self, order_ids: list[str], *, single: bool = False, tax_breakdown: bool = False) -> list[bytes]:
        """Each order as it is sent, in bytes."""
        blank_before = stamp(self._clock.now() - timedelta(days=PERSONAL_DATA_DAYS))
        rendered: list[bytes] = []
        for order_id in order_ids:
            kept = self._kept[order_id]
            view = View(single, tax_breakdown, kept.document["creationDate"] < blank_before)
            rendered.append(kept.bytes_of.get(view) or self._rendered(kept, view))
        return rendered

    def _rendered(self, kept: Kept, view: View) -> bytes:
        with self._store.lock:  # nobody may change the order meanwhile
            text = json.dumps(seen_as(view, kept.document), ensure_ascii=False, separators=(",", ":"))
            kept.bytes_of[view] = text.encode()
            return kept.bytes_of[view]

    def clear(self) -> None:
        self._kept.clear()
        self._times.clear()

    def _span(self, seller: str, by: str, start: str, end: str) -> tuple[list[tuple[str, str]], int, int]:
        times = self._times.get((seller, by), [])
        return times, bisect_left(times, (start, "")), bisect_right(times, (end, "\uffff"))

    def _index(self, kept: Kept) -> None:
        self._kept[kept.id] = kept
        for by in ("creationDate", "lastModifiedDate"):
            insort(self._times.setdefault((kept.document["sellerId"], by), []), (kept.document[by], kept.id))

    def _forget(self, order_id: str) -> None:
        kept = self._kept.pop(order_id, None)
        if kept is not None:
            for by in ("creationDate", "lastModifiedDate"):
                _discard(self._times[(kept.document["sellerId"], by)], (kept.document[by], order_id))


def _discard(times: list[tuple[str, str]], row: tuple[str, str]) -> None:
    position = bisect_left(times, row)
    if position < len(times) and times[position] == row:
        del times[position]
