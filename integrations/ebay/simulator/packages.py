"""Shipping fulfillments: what left in which package, and what that does to its order."""

from __future__ import annotations

from collections import defaultdict

from integrations.simulation import Clock, Document, Store

from .orderbook import Kept, OrderBook


class Packages:
    """Packages by order. One that is still being processed can neither be read nor seen on its order."""

    def __init__(self, store: Store, clock: Clock, orders: OrderBook) -> None:
        self._store, self._clock, self._orders = store, clock, orders
        self._of: defaultdict[str, list[Document]] = defaultdict(list)
        for package in store.all("package"):
            self._of[package["orderId"]].append(package)
        self._pending = [package for package in store.all("package") if not package["settled"]]

    def of(self, order_id: str) -> list[Document]:
        return [package for package in self._of[order_id] if package["settled"]]

    def count(self) -> int:
        return sum(len(packages) for packages in self._of.values())

    def carries(self, order_id: str, tracking: str) -> bool:
        """Whether a package of the order, read or not, has this tracking number."""
        return any(package["fulfillment"].get("shipmentTrackingNumber") == tracking for package in self._of[order_id])

    def tracking_numbers(self, order_id: str) -> int:
        return sum("shipmentTrackingNumber" in package["fulfillment"] for package in self._of[order_id])

    def add(self, order_id: str, fulfillment: Document, base_url: str, seconds: float = 0.0) -> None:
        """A package of the order, to be read ``seconds`` from now."""
        with self._store.lock:
            number = self._store.next_id("package")
            package = {
                "number": number,
                "orderId": order_id,
                "fulfillment": fulfillment,
                "href": f"{base_url}/sell/fulfillment/v1/order/{order_id}/shipping_fulfillment/{fulfillment['fulfillmentId']}",
                "visible_at": self._clock.now().timestamp() + seconds,
                "settled": False,
            }
            self._of[order_id].append(package)
            self._store.put("package", number, package)
            self._pending.append(package)
            self.settle()

    def withdraw(self, order_id: str, tracking: str) -> bool:
        """The seller takes a number off the order in Seller Hub, which no call can. False where there is none such."""
        with self._store.lock:
            kept = self._orders.get(order_id)
            found = [each for each in self.of(order_id) if each["fulfillment"].get("shipmentTrackingNumber") == tracking]
            for package in found:
                self._of[order_id].remove(package)
                self._store.delete("package", package["number"])
                if kept is not None:
                    kept.document["fulfillmentHrefs"].remove(package["href"])
            return bool(found)

    def remember(self, order_id: str, fulfillment: Document, href: str) -> None:
        """A package that the order's own document already shows."""
        if any(package["href"] == href for package in self._of[order_id]):
            return
        number = self._store.next_id("package")
        package = {"number": number, "orderId": order_id, "fulfillment": fulfillment, "href": href, "settled": True}
        self._of[order_id].append(package)
        self._store.put("package", number, package)

    def settle(self) -> None:
        """Let the packages whose time has come be seen."""
        if not self._pending:
            return
        with self._store.lock:
            now = self._clock.now().timestamp()
            due = [package for package in self._pending if package["visible_at"] <= now]
            self._pending = [package for package in self._pending if package["visible_at"] > now]
            for package in due:
                package["settled"] = True
                self._store.put("package", package["number"], package)
                kept = self._orders.get(package["orderId"])
                if kept is not None:
                    _show(kept, package)
                    self._orders.changed(kept)

    def clear(self) -> None:
        self._of.clear()
        self._pending.clear()

    def described(self) -> list[Document]:
        return [
            {"orderId": order_id, **package["fulfillment"]} for order_id, packages in self._of.items() for package in packages
        ]


def _show(kept: Kept, package: Document) -> None:
    order = kept.document
    shipped = {line["lineItemId"] for line in package["fulfillment"]["lineItems"]}
    for line in order["lineItems"]:
        if line["lineItemId"] in shipped:
            line["lineItemFulfillmentStatus"] = "FULFILLED"  # any unit of it is enough for eBay
    done = [line["lineItemFulfillmentStatus"] == "FULFILLED" for line in order["lineItems"]]
    order["orderFulfillmentStatus"] = "FULFILLED" if all(done) else "IN_PROGRESS"
    if package["href"] not in order["fulfillmentHrefs"]:
        order["fulfillmentHrefs"].append(package["href"])
