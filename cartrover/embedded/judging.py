"""Waits until everything has settled, then compares our database with the stand-ins' own ledgers.

    python -m cartrover.embedded.judging

Its last line is one JSON object; it ends with 0 only when nothing is lost, doubled or unexplained.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartrover.settings")
django.setup()

from django.utils import timezone  # noqa: E402 (Django must be set up before any model)

from cartrover.embedded import outside  # noqa: E402
from cartrover.embedded.catalogue import BUFFERS, SKU_RULES  # noqa: E402
from cartrover.embedded.playing import LAST_ORDER  # noqa: E402
from cartrover.merchants.tenancy import across_merchants  # noqa: E402
from cartrover.orders.models import Order, OrderLine, Shipment, Status  # noqa: E402
from cartrover.orders.shipped import NOT_COUNTED  # noqa: E402
from cartrover.sync.models import Stream  # noqa: E402

ONCE = ("order_created", "shipping_fulfillment", "fulfillment_created", "fulfillment_shipped")
PATIENCE = 900.0  # seconds
DELIVERED = (Status.AT_WMS, Status.SHIPPED, Status.CONFIRMED)
COUNTED = {
    **dict.fromkeys(DELIVERED, "delivered"),
    Status.ERROR: "in_error",
    Status.HELD: "held",
    Status.SKIPPED: "skipped",
    Status.CANCELED: "canceled",
}


@dataclass(frozen=True, slots=True)
class Outside:
    """What the stand-ins say happened."""

    orders: dict[str, dict[str, Any]]
    listings: list[dict[str, Any]]
    packages_at_ebay: Counter[tuple[str, str]]
    at_warehouse: list[dict[str, Any]]
    available: dict[str, Decimal]
    duplicates: int
    calls: dict[str, dict[str, int]]

    @classmethod
    def read(cls) -> Outside:
        ebay, tradegecko = outside.ebay(), outside.tradegecko()
        summary = tradegecko.get("summary")
        return cls(
            orders={order["orderId"]: order for order in ebay.get("orders")},
            listings=ebay.get("listings"),
            packages_at_ebay=Counter(
                (entry["order"], entry["tracking"]) for entry in ebay.get("ledger", kind="shipping_fulfillment")["entries"]
            ),
            at_warehouse=[order for order in summary["orders"] if order["status"] not in ("void", "deleted")],
            available={level["sku"]: Decimal(level["available"]) for level in summary["stock"]},
            duplicates=sum(_doubled(controls) for controls in (ebay, tradegecko)),
            calls={"ebay": ebay.get("calls"), "tradegecko": tradegecko.get("calls")},
        )


def _doubled(controls: outside.Controls) -> int:
    """Effects that the stand-in saw twice, by its own ledger."""
    again = controls.get("ledger")["duplicates"]
    return sum(count for kind, count in again.items() if kind in ONCE)


@dataclass(frozen=True, slots=True)
class Inside:
    """What our database says."""

    orders: dict[str, tuple[str, str, str]]  # external id -> status, reason, cust_ref
    unsent: Counter[str]  # units by SKU of orders that are wanted and not at the warehouse
    packages: Counter[str]  # packages by state
    streams: dict[int, datetime | None]
    failing: list[str]

    @classmethod
    def read(cls) -> Inside:
        with across_merchants("the demo's check counts"):
            rows = Order.objects.filter(connection__integration="ebay").values_list("external_id", "status", "reason", "ref")
            waiting = OrderLine.objects.filter(order__status__in=(Status.NEW, Status.HELD, Status.ERROR))
            unsent: Counter[str] = Counter()
            for sku, quantity in waiting.filter(order__connection__integration="ebay").values_list("sku", "quantity"):
                for part, units in packed_from(sku):
                    unsent[part] += quantity * units
            # The packing desk's own are woken, and otherwise seldom due.
            streams = Stream.objects.filter(due_at__isnull=False, connection__isnull=False).exclude(
                connection__integration="portal"
            )
            return cls(
                orders={external_id: (status, reason, ref) for external_id, status, reason, ref in rows},
                unsent=unsent,
                packages=Counter(Shipment.objects.filter(order__connection__integration="ebay").values_list("state", flat=True)),
                streams=dict(streams.values_list("pk", "last_good_at")),
                failing=[f"{stream.kind}: {stream.last_error}" for stream in streams.filter(failing_since__isnull=False)],
            )


def main() -> int:
    started, deadline = time.monotonic(), time.monotonic() + PATIENCE
    expected = LAST_ORDER if outside.ebay().get("summary")["orders"]["total"] >= 100 else 0
    settled = wait_until_settled(expected, deadline)
    there, here = Outside.read(), Inside.read()
    result = judge(there, here) | {"seconds": round(time.monotonic() - started, 1)}
    for line in explain(there, here):
        print(line)
    if not settled:
        print(f"Not settled after {PATIENCE:.0f} seconds.")
    print(json.dumps(result), flush=True)
    wrong = [result[name] for name in ("duplicates", "lost", "stock_mismatches")] + unexplained(here)
    good = settled and not any(wrong) and accounted(result)
    return 0 if good and result["shipped_packages"] == result["confirmed_packages"] else 1


def accounted(result: dict[str, Any]) -> bool:
    """Whether every order of eBay's ledger counts exactly once."""
    return bool(result["orders"] == sum(result[name] for name in set(COUNTED.values())))


def wait_until_settled(expected: int, deadline: float) -> bool:
    """True once everything is at rest and was still at rest after two further polls of every stream."""
    since: list[dict[int, datetime | None]] = []
    told = ""
    while time.monotonic() < deadline:
        there, here = Outside.read(), Inside.read()
        why = unrest(there, here, expected)
        if why:
            since = []
        elif not since or _polled(since[-1], here.streams):
            since.append(here.streams)
            why = f"at rest, {len(since) - 1} of 2 further polls seen"
        if len(since) > 2:
            return True
        if why and why != told:
            told = why
            print(f"{timezone.now():%H:%M:%S} {why}", flush=True)
        time.sleep(2)
    return False


def _polled(before: dict[int, datetime | None], now: dict[int, datetime | None]) -> bool:
    """Every stream has run and gone well since."""
    return all(at is not None and (before.get(key) is None or at > before[key]) for key, at in now.items())  # type: ignore[operator]


def unrest(there: Outside, here: Inside, expected: int) -> str:
    """What still moves by itself; empty at rest."""
    missing = set(there.orders) - set(here.orders)
    new = sum(status == Status.NEW for status, _reason, _ref in here.orders.values())
    moving = here.packages[Shipment.State.WAITING] + here.packages[Shipment.State.UPLOADED]
    partly = sum(order["fulfillment_status"] == "partial" for order in there.at_warehouse)
    waits = {
        "orders are still to be placed": max(0, expected - len(there.orders)),
        "orders are not pulled yet": len(missing),
        "orders are on their way to the warehouse": new,
        "orders are shipped in part": partly,
        "packages are on their way to eBay": moving + len(_packages(there) - set(there.packages_at_ebay)),
        "listings do not show their figure": len(mismatches(there, here)),
    }
    return "; ".join(f"{count} {what}" for what, count in waits.items() if count)


def _ours(there: Outside, here: Inside) -> dict[str, list[dict[str, Any]]]:
    """The warehouse's orders by our reference."""
    refs = {ref for _status, _reason, ref in here.orders.values()}
    found: dict[str, list[dict[str, Any]]] = {}
    for order in there.at_warehouse:
        if order["reference_number"] in refs:
            found.setdefault(order["reference_number"], []).append(order)
    return found


def _packages(there: Outside) -> set[tuple[str, str]]:
    """Every package that left the warehouse: (eBay's order, tracking)."""
    return {
        (order["order_number"], "".join(filter(str.isalnum, package["tracking_number"] or "")))
        for order in there.at_warehouse
        for package in order["fulfillments"]
        if package["status"] == "fulfilled" and order["reference_number"]
    }


def packed_from(sku: str) -> tuple[tuple[str, int], ...]:
    """What the demo's warehouse packs for a code of eBay: (its SKU, units)."""
    return SKU_RULES[sku][0] if sku in SKU_RULES else ((sku, 1),)


def mismatches(there: Outside, here: Inside) -> list[str]:
    """Listings whose figure differs from what the warehouse can still send, less what their cart keeps back."""
    found = []
    for listing in there.listings:
        for unit in listing["units"]:
            parts = packed_from(unit["sku"])
            if not parts or any(part not in there.available for part, _units in parts):
                continue
            whole = min(max(0, int(there.available[part]) - here.unsent[part]) // units for part, units in parts)
            wanted = max(0, whole - BUFFERS.get(listing["marketplace"], 0))
            if unit["available"] != wanted:
                found.append(f"{unit['sku']} shows {unit['available']}, not {wanted}")
    return found


def judge(there: Outside, here: Inside) -> dict[str, Any]:
    """The figures of the check."""
    ours = _ours(there, here)
    counts = Counter(COUNTED.get(Status(here.orders[key][0]), "new") for key in there.orders if key in here.orders)
    delivered = {ref for status, _reason, ref in here.orders.values() if status in DELIVERED}
    lost = [key for key in there.orders if key not in here.orders or here.orders[key][0] == Status.NEW]
    lost += [ref for ref in delivered if ref not in ours]
    packages = _packages(there)
    return {
        "orders": len(there.orders),
        "delivered": counts["delivered"],
        "duplicates": there.duplicates
        + sum(len(found) - 1 for found in ours.values())
        + sum(count - 1 for count in there.packages_at_ebay.values()),
        "lost": len(lost),
        "shipped_packages": len(packages),
        "confirmed_packages": len(packages & set(there.packages_at_ebay)) if not _unconfirmed(here) else 0,
        "stock_mismatches": len(mismatches(there, here)),
        **{name: counts[name] for name in dict.fromkeys(COUNTED.values())},
        "api_calls": there.calls,
    }


def unexplained(here: Inside) -> list[str]:
    """Orders that are not at the warehouse and do not say why."""
    return [key for key, (status, reason, _ref) in here.orders.items() if status not in DELIVERED and not reason]


def _unconfirmed(here: Inside) -> int:
    return sum(count for state, count in here.packages.items() if state not in (Shipment.State.CONFIRMED, *NOT_COUNTED))


def explain(there: Outside, here: Inside) -> list[str]:
    """For a person: why orders are not at the warehouse, and what does not add up."""
    why = Counter(f"{status}: {reason}" for status, reason, _ref in here.orders.values() if status not in DELIVERED)
    lines = [f"{count} {words}" for words, count in why.most_common()]
    silent = [f"{key} does not say why it waits" for key in unexplained(here)]
    return [*lines, *silent, *mismatches(there, here), *here.failing]


if __name__ == "__main__":
    sys.exit(main())
