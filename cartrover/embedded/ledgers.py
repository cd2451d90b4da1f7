"""What both sides of the demo say happened: the stand-ins by their own ledgers, and our database."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cartrover.embedded import outside, wholesale
from cartrover.embedded.catalogue import SKU_RULES
from cartrover.merchants.tenancy import across_merchants
from cartrover.orders.models import Order, OrderLine, Shipment, Status
from cartrover.packing.models import PackingOrder, Parcel
from cartrover.sync.models import Stream

ONCE = ("order_created", "shipping_fulfillment", "fulfillment_created", "fulfillment_shipped")
Package = tuple[str, str]  # the cart's order, tracking


@dataclass(frozen=True, slots=True)
class Outside:
    """What the stand-ins say happened. ``wholesale`` are the orders of the shop that the packing desk ships for, by id."""

    orders: dict[str, dict[str, Any]]
    listings: list[dict[str, Any]]
    packages_at_ebay: Counter[Package]
    at_warehouse: list[dict[str, Any]]
    wholesale: dict[str, dict[str, Any]]
    available: dict[str, Decimal]
    duplicates: int
    calls: dict[str, dict[str, int]]

    @classmethod
    def read(cls) -> Outside:
        ebay, tradegecko = outside.ebay(), outside.tradegecko()
        summary = tradegecko.get("summary")
        shop = wholesale.account_of(summary)
        packages = ebay.get("ledger", kind="shipping_fulfillment")["entries"]
        live = [order for order in summary["orders"] if order["status"] not in ("void", "deleted")]
        return cls(
            orders={order["orderId"]: order for order in ebay.get("orders")},
            listings=ebay.get("listings"),
            packages_at_ebay=Counter((entry["order"], entry["tracking"]) for entry in packages),
            at_warehouse=[order for order in live if shop is None or order["account"] != shop[0]],
            wholesale={str(order["id"]): order for order in live if shop is not None and order["account"] == shop[0]},
            available={level["sku"]: Decimal(level["available"]) for level in summary["stock"]},
            duplicates=sum(_doubled(controls) for controls in (ebay, tradegecko)),
            calls={"ebay": ebay.get("calls"), "tradegecko": tradegecko.get("calls")},
        )

    def packages_at_shop(self) -> Counter[Package]:
        """What the wholesale shop has been told of."""
        return Counter(
            (order["order_number"], package["tracking_number"] or "")
            for order in self.wholesale.values()
            for package in order["fulfillments"]
        )


def _doubled(controls: outside.Controls) -> int:
    """Effects that the stand-in saw twice, by its own ledger."""
    again = controls.get("ledger")["duplicates"]
    return sum(count for kind, count in again.items() if kind in ONCE)


@dataclass(frozen=True, slots=True)
class Inside:
    """What our database says. ``wholesale`` is the status of each order of the wholesale shop, by its id there."""

    orders: dict[str, tuple[str, str, str]]  # external id -> status, reason, cust_ref
    unsent: Counter[str]  # units by SKU of orders that are wanted and not at the warehouse
    packages: Counter[str]  # packages by state
    wholesale: dict[str, str]
    from_desk: set[Package]
    to_pack: int
    errands: int  # orders whose cancellation or change is on its way to the warehouse
    streams: dict[int, datetime | None]
    failing: list[str]

    @classmethod
    def read(cls) -> Inside:
        with across_merchants("the demo's check counts"):
            at_ebay = Order.objects.filter(connection__integration="ebay")
            rows = at_ebay.values_list("external_id", "status", "reason", "ref")
            # The packing desk's own are woken, and otherwise seldom due.
            due = Stream.objects.filter(due_at__isnull=False, connection__isnull=False)
            streams = due.exclude(connection__integration="portal")
            elsewhere = Order.objects.exclude(connection__integration="ebay")
            gone = Parcel.objects.filter(state=Parcel.State.SHIPPED)
            return cls(
                orders={external_id: (status, reason, ref) for external_id, status, reason, ref in rows},
                unsent=_unsent(),
                packages=Counter(Shipment.objects.filter(order__connection__integration="ebay").values_list("state", flat=True)),
                wholesale=dict(elsewhere.values_list("external_id", "status")),
                from_desk=set(gone.values_list("order__number", "tracking")),
                to_pack=PackingOrder.objects.filter(state=PackingOrder.State.TO_PACK).count(),
                errands=Order.objects.exclude(errand="").count(),
                streams=dict(streams.values_list("pk", "last_good_at")),
                failing=[f"{stream.kind}: {stream.last_error}" for stream in streams.filter(failing_since__isnull=False)],
            )


def _unsent() -> Counter[str]:
    waiting = OrderLine.objects.filter(
        order__status__in=(Status.NEW, Status.HELD, Status.ERROR), order__connection__integration="ebay"
    )
    units: Counter[str] = Counter()
    for sku, quantity in waiting.values_list("sku", "quantity"):
        for part, each in packed_from(sku):
            units[part] += quantity * each
    return units


def packed_from(sku: str) -> tuple[tuple[str, int], ...]:
    """What the demo's warehouse packs for a code of eBay: (its SKU, units)."""
    return SKU_RULES[sku][0] if sku in SKU_RULES else ((sku, 1),)
