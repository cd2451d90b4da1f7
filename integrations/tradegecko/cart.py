"""TradeGecko as an order source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
from integrations.outcomes import Rejected
from integrations.tradegecko.application import Application
from integrations.tradegecko.client import Api
from integrations.tradegecko.facts import Facts
from integrations.tradegecko.mapping import GONE, OrderParts, cart_shipment, listing_record, order_record
from integrations.tradegecko.reading import Row, by_key, grouped, identifier, text
from integrations.tradegecko.settings import FULFILLMENT_STATUSES, ORDER_STATUSES, CartSettings


class TradeGeckoCart:
    """The orders of one account, judged by one cart's settings."""

    def __init__(self, application: Application, wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self._api = Api(wire, application.api_url)
        self._wanted = CartSettings.of(settings)
        self._facts = Facts.of(facts)
        self._currencies = self._facts.currencies or {}

    def orders_in(self, window: Window, *, offset: int = 0, seen: Seen = nothing_seen) -> Page[OrderRecord | MalformedRecord]:
        """One call where nothing changed; else one more for lines, variants and addresses each.

        All six statuses are named: an order that leaves a filter, or hides in a default one, would vanish.
        """
        listing = self._api.changed("orders", window, offset, status=ORDER_STATUSES)
        return Page(self._records(listing.rows), listing.total, listing.limit)

    def order(self, external_id: str) -> OrderRecord | MalformedRecord:
        return self._records([self._api.one("orders", external_id, "order")])[0]

    def find(self, number: str) -> tuple[str, ...]:
        """Compared exactly here: the filter may find parts of it. An empty one would find all. Two orders may have one number."""
        if not number:
            return ()
        rows = self._api.all("orders", order_number=number, status=ORDER_STATUSES)
        return tuple(identifier(row, "id") for row in rows if text(row, "order_number") == number)

    def shipments_of(self, external_id: str) -> tuple[CartShipment, ...]:
        """The fulfilments that left; packed and void ones did not."""
        return tuple(
            cart_shipment(row, lines) for row, lines in self._fulfillments(external_id) if text(row, "status") == "fulfilled"
        )

    def upload_shipment(self, upload: ShipmentUpload, *, key: str) -> CartShipment:
        """A fulfilment that has left. One that was packed for the same units is shipped, rather than a second one made."""
        shipped = {"status": "fulfilled", **_tracking(upload), "shipped_at": upload.shipped_at.isoformat()}
        packed = self._packed(upload)
        if packed:
            self._api.change("fulfillments", packed, "fulfillment", shipped, key=f"{key}:ship")
            return _as_told(packed, upload)
        body = {
            "order_id": int(upload.order_id),
            "fulfillment_line_items": [
                {"order_line_item_id": int(line.order_line), "quantity": line.quantity} for line in upload.lines
            ],
            **shipped,
        }
        made = self._api.create("fulfillments", "fulfillment", body, key=key)
        fulfillment_id = identifier(made, "id")
        if text(made, "status") == "packed":
            self._api.change("fulfillments", fulfillment_id, "fulfillment", shipped, key=f"{key}:ship")
        return _as_told(fulfillment_id, upload)

    def change_shipment(self, shipment_id: str, upload: ShipmentUpload, *, key: str) -> CartShipment:
        self._api.change("fulfillments", shipment_id, "fulfillment", _tracking(upload), key=key)
        return _as_told(shipment_id, upload)

    def withdraw_shipment(self, shipment_id: str, *, key: str) -> None:
        """A shipped fulfilment becomes void there, and its units may leave again."""
        try:
            self._api.remove("fulfillments", shipment_id, key=key)
        except Rejected:
            if text(self._api.one("fulfillments", shipment_id, "fulfillment"), "status") not in GONE:
                raise

    def listings(self, *, page: int = 1) -> Page[ListingRecord]:
        listing = self._api.page("variants", {"order": "created_at asc"}, page)
        return Page(tuple(listing_record(row) for row in listing.rows), listing.total, listing.limit)

    def set_stock(self, updates: Sequence[StockUpdate]) -> tuple[StockResult, ...]:
        """Nothing is sent: stock there changes only by relative adjustments, and sending one twice would do harm."""
        why = "TradeGecko keeps its own stock; figures are not sent to it."
        return tuple(StockResult(update.external_id, done=False, problem=why) for update in updates)

    def _records(self, orders: Sequence[Row]) -> tuple[OrderRecord | MalformedRecord, ...]:
        """Ids are taken as text here, so that one that is odd costs its own order only."""
        ids = [text(order, "id") for order in orders]
        lines = grouped(self._api.by("order_line_items", "order_id", ids), "order_id")
        variant_ids = (text(line, "variant_id") for rows in lines.values() for line in rows)
        address_ids = (text(order, key) for order in orders for key in ("shipping_address_id", "billing_address_id"))
        variants = by_key(self._api.by("variants", "ids", variant_ids), "id")
        addresses = by_key(self._api.by("addresses", "ids", address_ids), "id")
        currencies = self._known_currencies({text(order, "currency_id") for order in orders} - {""})
        return tuple(
            order_record(
                OrderParts(order, lines.get(order_id, ()), variants, addresses, currencies, self._facts.default_currency),
                self._wanted,
                self._facts.zone,
            )
            for order_id, order in zip(ids, orders, strict=True)
        )

    def _known_currencies(self, wanted: set[str]) -> Mapping[str, str]:
        """The account's currencies by id, asked for again when an order is in one that was added since."""
        if not wanted <= self._currencies.keys():
            self._currencies = {identifier(row, "id"): text(row, "iso") for row in self._api.all("currencies")}
        return self._currencies

    def _fulfillments(self, order_id: str) -> list[tuple[Row, list[Row]]]:
        listing = self._api.page("fulfillments", {"order_id": order_id, "status": FULFILLMENT_STATUSES})
        lines = self._api.fulfillment_lines(listing)
        return [(row, lines.get(identifier(row, "id"), [])) for row in listing.rows if text(row, "order_id") == order_id]

    def _packed(self, upload: ShipmentUpload) -> str:
        wanted = sorted((line.order_line, line.quantity) for line in upload.lines)
        for row, lines in self._fulfillments(upload.order_id):
            held = sorted((line.order_line, line.quantity) for line in cart_shipment(row, lines).lines)
            if text(row, "status") == "packed" and held == wanted:
                return identifier(row, "id")
        return ""


def _tracking(upload: ShipmentUpload) -> dict[str, str]:
    return {
        "tracking_company": upload.carrier,
        "tracking_number": upload.tracking,
        "tracking_url": upload.tracking_url,
    }


def _as_told(fulfillment_id: str, upload: ShipmentUpload) -> CartShipment:
    return CartShipment(fulfillment_id, upload.lines, upload.carrier, upload.tracking)
