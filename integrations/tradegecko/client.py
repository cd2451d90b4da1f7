"""Calls to the TradeGecko API: lists by page, filter or ids, single records, and writes under an idempotency key."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from integrations.contract import Window, Wire
from integrations.http import Door, Provider, Reply
from integrations.outcomes import Ambiguous, Rejected, RetryLater
from integrations.tradegecko.errors import NAME, budget, judge
from integrations.tradegecko.reading import Row, grouped, text

LIMIT = 250  # records of a page, the most there is
IDS_AT_ONCE = 100  # ids of a filter; more would not fit an address
PAGES_AT_MOST = 200  # of one look-up, so that a listing that never ends does

PROVIDER = Provider(
    name=NAME,
    judge=judge,
    authorise=lambda token: {"Authorization": f"Bearer {token}"},
    token_refused=lambda reply: reply.status == 401,
    budget=budget,
)

Filters = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page. ``total`` counts the whole listing, ``limit`` what a page holds; ``beside`` are the arrays that came with it."""

    rows: tuple[Row, ...]
    total: int
    limit: int
    beside: Mapping[str, Any]


class Api:
    """The API of one account."""

    def __init__(self, wire: Wire, api_url: str) -> None:
        self._door = Door(wire, PROVIDER)
        self._base = api_url.rstrip("/")

    def page(self, resource: str, filters: Filters, number: int = 1) -> Listing:
        """One page of a list; pages count from 1."""
        query = {**filters, "limit": str(LIMIT), "page": str(number)}
        reply = self._door.send("GET", f"{self._base}/{resource}", resource=resource, params=_query(query))
        document = _document(reply, resource)
        rows = document.get(resource)
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise _unreadable(resource, "no list")
        total = _total(reply, document, number, len(rows))
        return Listing(tuple(rows), total, _limit(total, number, len(rows)), document)

    def changed(self, resource: str, window: Window, offset: int, **filters: str | Sequence[str]) -> Listing:
        """One page of what changed in the window, the longest unchanged first, from ``offset``."""
        bounds = {
            "updated_at_min": _milliseconds(window.start),
            "updated_at_max": _milliseconds(window.end + timedelta(microseconds=999)),
        }
        pages, within = divmod(offset, LIMIT)
        listing = self.page(resource, {**bounds, "order": "updated_at asc", **filters}, pages + 1)
        return Listing(listing.rows[within:], listing.total, listing.limit, listing.beside)

    def all(self, resource: str, **filters: str | Sequence[str]) -> list[Row]:
        """Every record that a filter finds, over all pages."""
        found: list[Row] = []
        for number in range(1, PAGES_AT_MOST + 1):
            listing = self.page(resource, filters, number)
            found.extend(listing.rows)
            if not listing.rows or len(found) >= listing.total:
                return found
        raise _unreadable(resource, f"more than {PAGES_AT_MOST} pages")

    def by(self, resource: str, key: str, ids: Iterable[str]) -> list[Row]:
        """Every record whose ``key`` is one of the ids, in few calls and none for no ids. What is no id finds nothing."""
        wanted = sorted({one for one in ids if one.isascii() and one.isdigit()}, key=int)
        chunks = (wanted[start : start + IDS_AT_ONCE] for start in range(0, len(wanted), IDS_AT_ONCE))
        return [row for chunk in chunks for row in self.all(resource, **{key: chunk})]

    def fulfillment_lines(self, listing: Listing) -> dict[str, list[Row]]:
        """The lines of a page of fulfillments, by fulfillment: they come with it, or are asked for where they did not."""
        lines = listing.beside.get("fulfillment_line_items")
        if not isinstance(lines, list):
            ids = (text(row, "id") for row in listing.rows)
            lines = self.by("fulfillment_line_items", "fulfillment_id", ids)
        return grouped(lines, "fulfillment_id")

    def one(self, resource: str, remote_id: str, root: str) -> Row:
        """One record. Raises Rejected(code="not_found")."""
        if not (remote_id.isascii() and (remote_id.isdigit() or remote_id == "current")):
            raise Rejected(f"{NAME} does not have this.", code="not_found", detail=f"{remote_id!r} is no id")
        reply = self._door.send("GET", f"{self._base}/{resource}/{remote_id}", resource=resource)
        row = _document(reply, resource).get(root)
        if not isinstance(row, Mapping):
            raise _unreadable(resource, f"no {root}")
        return row

    def create(self, resource: str, root: str, body: Row, *, key: str) -> Row:
        """Make a record and return it. Raises Ambiguous where it may have been made and cannot be read."""
        reply = self._write("POST", resource, f"{self._base}/{resource}", {root: body}, key)
        row = reply.json.get(root) if isinstance(reply.json, Mapping) else None
        if not isinstance(row, Mapping) or not isinstance(row.get("id"), int):
            raise Ambiguous(f"{NAME} did not say what it made.", detail=f"POST {resource}: {reply.status} without {root}")
        return row

    def change(self, resource: str, remote_id: str, root: str, body: Row, *, key: str) -> None:
        """Change a record. The answer may be empty or the record: both are a success."""
        self._write("PUT", resource, f"{self._base}/{resource}/{int(remote_id)}", {root: body}, key)

    def remove(self, resource: str, remote_id: str, *, key: str) -> None:
        """Delete a record."""
        self._write("DELETE", resource, f"{self._base}/{resource}/{int(remote_id)}", None, key)

    def act(self, resource: str, remote_id: str, action: str, body: Row | None = None, *, key: str) -> None:
        """Do one of the actions of a record. What it answers is not documented, so nothing is read from it."""
        self._write("POST", resource, f"{self._base}/{resource}/{int(remote_id)}/actions/{action}", body, key)

    def _write(self, method: str, resource: str, url: str, body: Row | None, key: str) -> Reply:
        headers = {"Idempotency-Key": key}
        return self._door.send(method, url, resource=resource, write=True, json=body, headers=headers)


def _query(filters: Filters) -> str:
    """Several values of an id filter or of the status are joined by commas, which stay as they are to keep addresses short."""
    return urlencode({key: value if isinstance(value, str) else ",".join(value) for key, value in filters.items()}, safe=",:")


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _document(reply: Reply, resource: str) -> Mapping[str, Any]:
    if not isinstance(reply.json, Mapping):
        raise _unreadable(resource, "no object")
    return reply.json


def _unreadable(resource: str, why: str) -> RetryLater:
    return RetryLater(f"{NAME} answered in a way that we cannot read.", detail=f"{resource}: {why}")


def _total(reply: Reply, document: Mapping[str, Any], page: int, count: int) -> int:
    """How many records the listing has: by its header, else by the old ``meta``, else by what can be seen of it."""
    try:
        return int(json.loads(reply.headers["X-Pagination"])["total_records"])
    except (KeyError, ValueError, TypeError):
        meta = document.get("meta")
    if isinstance(meta, Mapping) and isinstance(meta.get("total"), int):
        return int(meta["total"])
    return (page - 1) * LIMIT + count + (1 if count >= LIMIT else 0)


def _limit(total: int, page: int, count: int) -> int:
    """What a page holds. A first page that is short of both the limit and the total shows a lower limit than was asked for."""
    return count if page == 1 and 0 < count < min(LIMIT, total) else LIMIT
