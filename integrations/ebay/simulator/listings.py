"""What members have on sale, and how many of it a shopper can still buy."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from integrations.simulation import Clock, Document, Ledger, Store

from .formats import stamp
from .marketplaces import SITES


class Listings:
    """Listings by item id; each has one unit, or one for each variation.

    A listing made with the Inventory API shows the smaller of two figures: its item's (shared by all offers of a SKU) and
    its offer's own, where that is set.
    """

    def __init__(self, store: Store, clock: Clock, ledger: Ledger, settings: dict[str, Any]) -> None:
        self._store, self._clock, self._ledger, self._settings = store, clock, ledger, settings
        self._by_sku: dict[tuple[str, str], list[str]] = {}
        for listing in store.all("listing"):
            self._index(listing)

    def create(self, wanted: Document) -> Document:
        """A listing of ``{seller, sku, title, price, currency, marketplace, quantity, managed_by, variations, item_id}``.

        ``variations`` are ``{sku, quantity, price, aspects: {name: value}}``. All but seller have defaults.
        """
        marketplace = wanted.get("marketplace", "EBAY_US")
        number = self._store.next_id("listing")
        variations = wanted.get("variations") or []
        listing = {
            "item_id": wanted.get("item_id") or str(256_000_000_000 + number * 7919),
            "seller": wanted["seller"],
            "title": wanted.get("title") or f"Item {wanted.get('sku') or number}",
            "currency": wanted.get("currency") or SITES[marketplace].currency,
            "marketplace": marketplace,
            "managed_by": wanted.get("managed_by", "trading"),
            "format": wanted.get("format", "FixedPriceItem"),
            "status": "ACTIVE",
            "started_at": stamp(self._clock.now()),
            "has_variations": bool(variations),
            "revisions": {},
            "units": [self._unit(unit, wanted, number * 100 + at) for at, unit in enumerate(variations or [wanted])],
        }
        self._save(listing)
        self._index(listing)
        if listing["managed_by"] == "inventory":
            self._as_inventory(listing)
        return listing

    def get(self, item_id: str) -> Document | None:
        found: Document | None = self._store.get("listing", item_id)
        return found

    def of(self, seller: str) -> list[Document]:
        return [listing for listing in self._store.all("listing") if listing["seller"] == seller]

    def all(self) -> list[Document]:
        return self._store.all("listing")

    def find(self, seller: str, sku: str, marketplace: str = "") -> tuple[Document, Document] | None:
        """The listing and its unit that sell a SKU, on the marketplace where one is named and has it."""
        found = list(self.with_sku(seller, sku))
        here = [pair for pair in found if pair[0]["marketplace"] == marketplace]
        return next(iter(here or found), None)

    def with_sku(self, seller: str, sku: str) -> Iterator[tuple[Document, Document]]:
        for item_id in self._by_sku.get((seller, sku), []):
            listing: Document = self._store.get("listing", item_id) or {}
            for unit in listing.get("units", ()):
                if unit["sku"] == sku:
                    yield listing, unit

    def offer(self, seller: str, offer_id: str) -> tuple[Document, Document] | None:
        for listing in self.of(seller):
            for unit in listing["units"]:
                if unit.get("offer_id") == offer_id:
                    return listing, unit
        return None

    def item(self, seller: str, sku: str) -> Document | None:
        found: Document | None = self._store.get("inventory_item", f"{seller}/{sku}")
        return found

    def items(self, seller: str) -> list[Document]:
        return [item for item in self._store.all("inventory_item") if item["seller"] == seller]

    def available(self, listing: Document, unit: Document) -> int:
        """What a shopper can buy now."""
        if listing["managed_by"] != "inventory":
            return int(unit["quantity"])
        item = self.item(listing["seller"], unit["sku"])
        figures: list[int] = [item["quantity"] if item else 0]
        if unit["offer_quantity"] is not None:
            figures.append(unit["offer_quantity"])
        return min(figures)

    def sell(self, listing: Document, unit: Document, quantity: int) -> None:
        """Every sale lowers what the marketplace shows."""
        with self._store.lock:
            unit["sold"] += quantity
            if listing["managed_by"] == "inventory":
                item = self.item(listing["seller"], unit["sku"])
                if item is not None:
                    item["quantity"] = max(0, item["quantity"] - quantity)
                    self._save_item(item)
                if unit["offer_quantity"] is not None:
                    unit["offer_quantity"] = max(0, unit["offer_quantity"] - quantity)
            else:
                unit["quantity"] = max(0, unit["quantity"] - quantity)
            self._end_if_sold_out(listing)
            self._save(listing)

    def set_quantity(self, listing: Document, unit: Document, quantity: int, by: str) -> None:
        """The figure of a listing made elsewhere than in the Inventory API."""
        with self._store.lock:
            unit["quantity"] = quantity
            self._end_if_sold_out(listing)
            self._save(listing)
            self._note(listing["seller"], unit["sku"], quantity, by, listing["item_id"])

    def set_offer_quantity(self, listing: Document, unit: Document, quantity: int) -> None:
        with self._store.lock:
            unit["offer_quantity"] = quantity
            self._save(listing)
            self._note(listing["seller"], unit["sku"], quantity, "offer", listing["item_id"])

    def set_item_quantity(self, item: Document, quantity: int, by: str = "item") -> None:
        with self._store.lock:
            item["quantity"] = quantity
            self._save_item(item)
            self._note(item["seller"], item["sku"], quantity, by, "")

    def set_price(self, listing: Document, unit: Document, price: str) -> None:
        unit["price"] = price
        self._save(listing)

    def edit(self, listing: Document, changes: Document) -> None:
        """What a person does in Seller Hub: status or managed_by."""
        listing.update(changes)
        if listing["managed_by"] == "inventory":
            self._as_inventory(listing)
        self._save(listing)

    def revise(self, listing: Document) -> int:
        """Count a revision of today. Returns how many there have been."""
        today = self._clock.now().date().isoformat()
        listing["revisions"] = {today: listing["revisions"].get(today, 0) + 1}
        self._save(listing)
        return int(listing["revisions"][today])

    def described(self, listing: Document) -> Document:
        units = [{**unit, "available": self.available(listing, unit)} for unit in listing["units"]]
        return {**listing, "units": units}

    def clear(self) -> None:
        self._by_sku.clear()

    def _unit(self, given: Document, listing: Document, number: int) -> Document:
        return {
            "sku": given.get("sku") or "",
            "price": str(Decimal(str(given.get("price") or listing.get("price") or "10.00"))),
            "quantity": int({**listing, **given}.get("quantity", 10)),
            "sold": 0,
            "aspects": given.get("aspects") or {},
            "variation_id": given.get("variation_id") or str(676_000_000_000 + number),
            "offer_id": None,
            "offer_quantity": None,
        }

    def _as_inventory(self, listing: Document) -> None:
        for unit in listing["units"]:
            unit["offer_id"] = unit["offer_id"] or str(8_000_000_000 + self._store.next_id("offer"))
            unit["offer_quantity"] = unit["quantity"] if unit["offer_quantity"] is None else unit["offer_quantity"]
            if self.item(listing["seller"], unit["sku"]) is None:
                self._save_item(
                    {
                        "seller": listing["seller"],
                        "sku": unit["sku"],
                        "quantity": unit["quantity"],
                        "title": listing["title"],
                        "locale": SITES[listing["marketplace"]].locale,
                    }
                )
        self._save(listing)

    def _end_if_sold_out(self, listing: Document) -> None:
        sold_out = not any(self.available(listing, unit) for unit in listing["units"])
        if sold_out and not self._settings["out_of_stock_control"]:
            listing["status"] = "ENDED"

    def _note(self, seller: str, sku: str, quantity: int, by: str, item_id: str) -> None:
        number = self._store.next_id("stock_set")  # setting the same figure again is no duplicate
        self._ledger.record(
            "stock_set", f"{seller}/{sku}/{number}", seller=seller, sku=sku, quantity=quantity, by=by, item_id=item_id
        )

    def _index(self, listing: Document) -> None:
        for unit in listing["units"]:
            self._by_sku.setdefault((listing["seller"], unit["sku"]), []).append(listing["item_id"])

    def _save(self, listing: Document) -> None:
        self._store.put("listing", listing["item_id"], listing)

    def _save_item(self, item: Document) -> None:
        self._store.put("inventory_item", f"{item['seller']}/{item['sku']}", item)
