"""An eBay account as a cart: its orders, its packages, its listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote

from integrations.contract import (
    CartShipment,
    ListingRecord,
    MalformedRecord,
    OrderRecord,
    Page,
    Seen,
    ShipmentUpload,
    StockResult,
    StockUpdate,
    Window,
    Wire,
    nothing_seen,
)
from integrations.digest import digest
from integrations.ebay import mapping, trading
from integrations.ebay.application import Application
from integrations.ebay.calls import Calls
from integrations.ebay.carriers import OTHER, carrier_code
from integrations.ebay.errors import BAD_TRACKING, CONFLICT
from integrations.ebay.reading import Malformed, Node
from integrations.ebay.stock import Stock
from integrations.http import Reply
from integrations.outcomes import NeedsOperator, Rejected, RetryLater

ORDERS_PER_PAGE = 200
_ORDERS = "/sell/fulfillment/v1/order"
_FOR_GOOD = "eBay changes no package that it was told."
_OUR_CLOCK_MAY_BE_WRONG_BY = timedelta(minutes=15)


def normal_tracking(tracking: str) -> str:
    """A tracking number as eBay keeps it: letters and digits, nothing else."""
    return "".join(letter for letter in tracking if letter.isascii() and letter.isalnum())


class EbayCart:
    """Plays :class:`integrations.contract.Cart`. A connection, not a marketplace: eBay lists a member's orders on all sites."""

    def __init__(self, application: Application, wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self._calls = Calls(application, wire)
        self._stock = Stock(self._calls)

    # -------------------------------------------------------------------------------------------------------------- orders

    def orders_in(self, window: Window, *, offset: int = 0, seen: Seen = nothing_seen) -> Page[OrderRecord | MalformedRecord]:
        """One call, and one more for each open order that is news and of which only getOrder tells all.

        Only the brackets are encoded, and the next page is asked for by offset: eBay's own ``next`` forgets parameters.
        """
        span = f"lastmodifieddate:%5B{_stamp(window.start)}..{_stamp(window.end)}%5D"
        reply = self._calls.get(f"{_ORDERS}?filter={span}&limit={ORDERS_PER_PAGE}&offset={offset}", "order")
        try:
            page = Node(reply.json)
            rows, total = [row.value for row in page["orders"].each()], page["total"].whole(least=0)
        except Malformed as trouble:
            raise _unreadable("getOrders", trouble) from None
        told = [(mapping.id_of(row), digest(row, reading=mapping.READING), row) for row in rows]
        known = frozenset(seen({key: each for key, each, _ in told if key}))
        fresh = tuple(self._whole(row, each) for key, each, row in told if key not in known)
        return Page(fresh, total, ORDERS_PER_PAGE, seen=len(rows) - len(fresh))

    def order(self, external_id: str) -> OrderRecord | MalformedRecord:
        payload = self._calls.get(_path(external_id), "order").json
        if not isinstance(payload, Mapping):
            raise _unreadable("getOrder", Malformed("$", "is no object"))
        return mapping.order(payload)

    def find(self, number: str) -> tuple[str, ...]:
        """eBay's order number is its id."""
        return (number,)

    def _whole(self, payload: Any, told: bytes) -> OrderRecord | MalformedRecord:
        record = mapping.order(payload, told)
        if isinstance(record, MalformedRecord) or not mapping.has_more_to_tell(payload):
            return record
        try:
            return replace(self.order(record.external_id), digest=told)
        except Rejected:  # gone in between; what the list told is all there is
            return record

    # ----------------------------------------------------------------------------------------------------------- shipments

    def shipments_of(self, external_id: str) -> tuple[CartShipment, ...]:
        reply = self._calls.get(f"{_path(external_id)}/shipping_fulfillment", "shipping_fulfillment")
        try:
            listed = Node(reply.json)
            packages = tuple(mapping.package(row.value) for row in listed["fulfillments"].each())
            if listed["total"].whole(least=0) != len(packages):  # one that is not shown would be told a second time
                raise Malformed("$.total", f"is not {len(packages)}")
        except Malformed as trouble:
            raise _unreadable("getShippingFulfillments", trouble) from None
        return packages

    def upload_shipment(self, upload: ShipmentUpload, *, key: str) -> CartShipment:
        """eBay knows no idempotency key, so ``key`` has no use: after an ambiguous answer only ``shipments_of`` can tell.

        A carrier that eBay does not take is told as ``Other``, once.
        """
        package = self._package(upload)
        try:
            return self._create(upload, package)
        except Rejected as refusal:
            if refusal.code == BAD_TRACKING and package.get("shippingCarrierCode", OTHER) != OTHER:
                return self._create(upload, {**package, "shippingCarrierCode": OTHER})
            if refusal.code == CONFLICT:
                for shown in self.shipments_of(upload.order_id):
                    if shown.tracking and shown.tracking == package.get("trackingNumber"):
                        return shown
            raise

    def change_shipment(self, shipment_id: str, upload: ShipmentUpload, *, key: str) -> CartShipment:
        raise Rejected(_FOR_GOOD)

    def withdraw_shipment(self, shipment_id: str, *, key: str) -> None:
        raise Rejected(_FOR_GOOD)

    def _create(self, upload: ShipmentUpload, package: Mapping[str, Any]) -> CartShipment:
        """The id of the new fulfillment stands only in the Location header; mostly it is the tracking number."""
        path = f"{_path(upload.order_id)}/shipping_fulfillment"
        reply = self._calls.post(path, "shipping_fulfillment", package, write=True)
        tracking = str(package.get("trackingNumber", ""))
        carrier = str(package.get("shippingCarrierCode", ""))
        return CartShipment(_last_segment(reply) or tracking, upload.lines, carrier, tracking)

    def _package(self, upload: ShipmentUpload) -> dict[str, Any]:
        lines = [{"lineItemId": line.order_line, "quantity": line.quantity} for line in upload.lines]
        package: dict[str, Any] = {"lineItems": lines}
        shipped = self._shipped_at(upload)
        if shipped is not None:
            package["shippedDate"] = _stamp(shipped)
        tracking = normal_tracking(upload.tracking)
        if tracking:  # with a carrier or not at all: eBay takes both or neither
            package |= {"shippingCarrierCode": carrier_code(upload.carrier), "trackingNumber": tracking}
        return package

    def _shipped_at(self, upload: ShipmentUpload) -> datetime | None:
        """Between the order's creation and eBay's own now. None lets eBay take its now, while we do not know it."""
        now = self._calls.server_time
        shipped = max(upload.shipped_at, upload.order_placed_at)
        if now is not None:
            return min(shipped, max(now, upload.order_placed_at))
        return shipped if shipped < datetime.now(UTC) - _OUR_CLOCK_MAY_BE_WRONG_BY else None

    # -------------------------------------------------------------------------------------------------------------- stock

    def listings(self, *, page: int = 1) -> Page[ListingRecord]:
        """``total`` and ``limit`` count listings; each variation is a record. Only ``set_stock`` learns how each is managed."""
        answer = self._calls.trade("GetMyeBaySelling", trading.listings_request(page))
        if not answer.ok:
            raise _not_listed(answer)
        records, total = trading.listings(answer)
        return Page(records, total, trading.ENTRIES_PER_PAGE)

    def set_stock(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        return self._stock.set(updates)


def _path(order_id: str) -> str:
    return f"{_ORDERS}/{quote(order_id, safe='')}"


def _stamp(moment: datetime) -> str:
    """With milliseconds and Z, as eBay insists."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _last_segment(reply: Reply) -> str:
    return unquote(reply.headers.get("Location", "").partition("?")[0].rstrip("/").rpartition("/")[2])


def _unreadable(call: str, trouble: Malformed) -> RetryLater:
    return RetryLater("eBay did not answer.", detail=f"{call}: {trouble}")


def _not_listed(answer: trading.Answer) -> RetryLater | NeedsOperator:
    detail = "; ".join(f"{error.code} {error.message}" for error in answer.errors)
    if any(error.system for error in answer.errors):
        return RetryLater("eBay could not answer.", detail=detail)
    return NeedsOperator("eBay does not tell us what this account sells.", detail=detail)
