"""TradeGecko as an order destination and stock source."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.contract import (
    CartIdentity,
    Delivery,
    Page,
    RemoteOrder,
    ShipmentRecord,
    StockRecord,
    Window,
    Wire,
)
from integrations.outcomes import Ambiguous, NeedsMerchant, Outcome, Rejected
from integrations.tradegecko.application import Application
from integrations.tradegecko.changing import change, named, refuse_what_is_packed
from integrations.tradegecko.client import Api, Listing
from integrations.tradegecko.delivering import line_ids, order_body
from integrations.tradegecko.errors import NAME
from integrations.tradegecko.facts import Facts
from integrations.tradegecko.mapping import GONE, made_by_us, remote_order, shipment_record, stock_record
from integrations.tradegecko.reading import Row, Unreadable, by_key, grouped, identifier, text
from integrations.tradegecko.settings import FULFILLMENT_STATUSES, ORDER_STATUSES, WarehouseSettings


class TradeGeckoWarehouse:
    """One account, with one warehouse's settings."""

    def __init__(self, application: Application, wire: Wire, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self._api = Api(wire, application.api_url)
        self._portal_url = application.portal_url
        self._settings = WarehouseSettings.of(settings)
        self._facts = Facts.of(facts)

    # ------------------------------------------------------------------------------------------------------------- customers

    def find_customer(self, cart: CartIdentity) -> str | None:
        """The oldest company whose code is exactly the cart's key."""
        companies = self._api.all("companies", company_code=cart.key)
        ids = [identifier(row, "id") for row in companies if text(row, "company_code") == cart.key]
        return min(ids, key=int, default=None)

    def make_customer(self, cart: CartIdentity, *, key: str) -> str:
        body = {"name": cart.name, "company_code": cart.key, "company_type": "business"}
        return identifier(self._api.create("companies", "company", body, key=key), "id")

    # ---------------------------------------------------------------------------------------------------------------- orders

    def find_orders(self, ref: str) -> tuple[RemoteOrder, ...]:
        """By reference number, compared exactly here: the filter may find parts of it. An empty one would find all.

        All statuses are named, because void orders may be hidden; and where that finds none, none is named.
        """
        if not ref:
            return ()
        found = self._referenced(ref, status=ORDER_STATUSES) or self._referenced(ref)
        lines = grouped(self._api.by("order_line_items", "order_id", (identifier(row, "id") for row in found)), "order_id")
        return tuple(remote_order(row, lines.get(identifier(row, "id"), ()), self._portal_url) for row in found)

    def check(self, delivery: Delivery) -> None:
        """The total, the currency and the ship-from location, as far as the account's facts tell."""
        order_body(delivery, self._settings, self._facts.zone)
        currencies, locations = self._facts.currencies, self._facts.locations
        if currencies is not None and delivery.currency not in currencies.values():
            message = f"{NAME} has no currency {delivery.currency}. Add it there under Settings, then press Try again."
            raise NeedsMerchant(message, fix="currency", subject=delivery.currency)
        if locations is not None and self._settings.ship_from and self._settings.ship_from not in locations:
            message = f"{NAME} has no active location {self._settings.ship_from}. Choose another one to ship from."
            raise NeedsMerchant(message, fix="location", subject=self._settings.ship_from)

    def send_order(self, delivery: Delivery, *, key: str) -> RemoteOrder:
        """One call; invoice and payment, where they are set, are one more. What fails after the order is there is a remark.

        The total may differ from the delivery's where the account does something that we do not know of: compare it.
        """
        self.check(delivery)
        body = order_body(delivery, self._settings, self._facts.zone)
        row = self._api.create("orders", "order", body, key=key)
        made = self._made(row, delivery, len(body["order_line_items"]))
        if made.total != delivery.total and not delivery.total_may_differ:
            remark = f"{NAME} shows a total of {made.total}; the order came to {delivery.total} {delivery.currency}."
            return dataclasses.replace(made, remark=remark)
        return dataclasses.replace(made, remark=self.finish_order(made.remote_id, delivery, key=key))

    def finish_order(self, remote_id: str, delivery: Delivery, *, key: str) -> str:
        """Invoice the order and record its payment, where the settings say so. Returns what went wrong, in words, or nothing.

        The same key never does either twice, so it may be called again for an order that was found after a doubt.
        """
        if delivery.test or self._settings.status == "draft":
            return ""
        troubles = []
        for action, body in self._actions(delivery):
            try:
                self._api.act("orders", remote_id, action, body, key=f"{key}:{action}")
            except Outcome as trouble:
                if not (isinstance(trouble, Ambiguous) and trouble.key_spent):
                    troubles.append(f"{action.capitalize()}: {trouble.message}")
        return " ".join(troubles)

    def void_order(self, remote_id: str, *, key: str) -> None:
        """Void it; a draft is deleted where it cannot be voided. One that is gone already is fine, one that is packed is not."""
        order = self._api.one("orders", remote_id, "order")
        if text(order, "status") in GONE:
            return
        refuse_what_is_packed(order)
        try:
            self._api.act("orders", remote_id, "void", key=key)
        except Rejected:
            order = self._api.one("orders", remote_id, "order")
            refuse_what_is_packed(order)
            if text(order, "status") == "draft":
                self._api.remove("orders", remote_id, key=f"{key}:delete")
            elif text(order, "status") not in GONE:
                raise

    def change_order(self, remote_id: str, delivery: Delivery, *, key: str) -> RemoteOrder:
        """What differs is written, each part by a call of its own. Neither company nor order number change.

        What has come to an order that is invoiced or paid is invoiced or paid too, where the settings ask for that.
        """
        self.check(delivery)
        order = self._api.one("orders", remote_id, "order")
        change(self._api, order, delivery, self._settings, self._facts.zone, key=key)
        lines = self._api.by("order_line_items", "order_id", [remote_id])
        order = self._api.one("orders", remote_id, "order")
        begun = "partial" in (text(order, "invoice_status"), text(order, "payment_status"))
        remark = self.finish_order(remote_id, delivery, key=f"{key}:rest") if begun else ""
        there = remote_order(order, lines, self._portal_url)
        return dataclasses.replace(there, line_ids=named(lines, delivery, self._settings.tax_treatment), remark=remark)

    def orders_changed_in(self, window: Window, *, offset: int = 0) -> Page[RemoteOrder]:
        """Ours and others'. Only ours come with their lines."""
        listing = self._api.changed("orders", window, offset, status=ORDER_STATUSES)
        ours = [identifier(row, "id") for row in listing.rows if made_by_us(row, self._portal_url)]
        lines = grouped(self._api.by("order_line_items", "order_id", ours), "order_id")
        orders = (remote_order(row, lines.get(identifier(row, "id"), ()), self._portal_url) for row in listing.rows)
        return Page(tuple(orders), listing.total, listing.limit)

    # ------------------------------------------------------------------------------------------------------------- shipments

    def shipments_in(self, window: Window, *, offset: int = 0) -> Page[ShipmentRecord]:
        """Fulfilments in every state; packed ones have not left and void ones never will."""
        listing = self._api.changed("fulfillments", window, offset, status=FULFILLMENT_STATUSES)
        lines = self._api.fulfillment_lines(listing)
        shown = {identifier(row, "id"): lines.get(identifier(row, "id"), []) for row in listing.rows}
        skus = self._skus([line for held in shown.values() for line in held if not text(line, "variant_sku")])
        shipments = tuple(shipment_record(row, shown[identifier(row, "id")], skus) for row in listing.rows)
        return Page(shipments, listing.total, listing.limit)

    # ----------------------------------------------------------------------------------------------------------------- stock

    def item(self, sku: str) -> tuple[StockRecord, ...]:
        """Variants of exactly this SKU, which TradeGecko does not keep unique. An empty one would find all."""
        if not sku:
            return ()
        return tuple(stock_record(row) for row in self._api.all("variants", sku=sku) if row.get("sku") == sku)

    def items(self, *, page: int = 1) -> Page[StockRecord]:
        return _stock_page(self._api.page("variants", {"order": "created_at asc"}, page))

    def stock(self, *, page: int = 1) -> Page[StockRecord]:
        """The light rows: no SKU, and neither whether the item is counted nor its cap, which ``items`` tells."""
        return _stock_page(self._api.page("stock_levels", {}, page))

    # --------------------------------------------------------------------------------------------------------------- details

    def _made(self, row: Row, delivery: Delivery, sent: int) -> RemoteOrder:
        """The answer to a create, which names no products: they are what was sent. One that cannot be read is in doubt."""
        try:
            made = remote_order(row, (), self._portal_url)
        except Unreadable as trouble:
            raise Ambiguous(trouble.message, detail=trouble.detail) from None
        products = tuple((line.item_id, line.quantity) for line in delivery.lines)
        return dataclasses.replace(made, lines=products, line_ids=line_ids(row, delivery, sent))

    def _referenced(self, ref: str, **filters: Sequence[str]) -> list[Row]:
        found = self._api.all("orders", reference_number=ref, **filters)
        return [row for row in found if text(row, "reference_number") == ref]

    def _actions(self, delivery: Delivery) -> Iterator[tuple[str, dict[str, Any]]]:
        """Paying invoices what is not invoiced yet, so it is enough by itself."""
        if self._settings.pay:
            method = {"payment_method_name": self._settings.payment_method} if self._settings.payment_method else {}
            yield "pay", {"payment": {**method, "paid_at": delivery.placed_at.isoformat()}}
        elif self._settings.invoice:
            day = delivery.placed_at.astimezone(self._facts.zone).date().isoformat()
            yield "invoice", {"invoice": {"invoiced_at": day}}

    def _skus(self, lines: Sequence[Row]) -> dict[str, str]:
        """SKU by order line, for fulfilment lines that older answers write without one."""
        order_lines = self._api.by("order_line_items", "ids", (text(line, "order_line_item_id") for line in lines))
        variants = by_key(self._api.by("variants", "ids", (text(line, "variant_id") for line in order_lines)), "id")
        return {text(line, "id"): text(variants.get(text(line, "variant_id"), {}), "sku") for line in order_lines}


def _stock_page(listing: Listing) -> Page[StockRecord]:
    return Page(tuple(stock_record(row) for row in listing.rows), listing.total, listing.limit)
