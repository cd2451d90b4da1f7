"""Compares what the stand-ins say with what our database says. Every figure is worked out from the stand-ins' own numbers."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

from cartrover.embedded.catalogue import BUFFERS
from cartrover.embedded.ledgers import Inside, Outside, Package, packed_from
from cartrover.orders.models import Shipment, Status
from cartrover.orders.shipped import NOT_COUNTED

DELIVERED = (Status.AT_WMS, Status.SHIPPED, Status.CONFIRMED)
COUNTED = {
    **dict.fromkeys(DELIVERED, "delivered"),
    Status.ERROR: "in_error",
    Status.HELD: "held",
    Status.SKIPPED: "skipped",
    Status.CANCELED: "canceled",
}
MUST_BE_NONE = ("duplicates", "lost", "stock_mismatches", "wrong_units", "unexplained")


def judge(there: Outside, here: Inside) -> dict[str, Any]:
    """The figures of the check."""
    counts = Counter(COUNTED.get(Status(here.orders[key][0]), "new") for key in there.orders if key in here.orders)
    told, at_shop = packages(there), there.packages_at_shop()
    again = [*(len(found) for found in at_warehouse(there, here).values()), *there.packages_at_ebay.values(), *at_shop.values()]
    confirmed = 0 if unconfirmed(here) else len(told & set(there.packages_at_ebay))
    return {
        "orders": len(there.orders),
        "delivered": counts["delivered"],
        "duplicates": there.duplicates + sum(count - 1 for count in again),
        "lost": len(lost(there, here)),
        "shipped_packages": len(told) + len(here.from_desk),
        "confirmed_packages": confirmed + len(here.from_desk & set(at_shop)),
        "stock_mismatches": len(mismatches(there, here)),
        "wrong_units": len(wrong_units(there, here)),
        "unexplained": len(unexplained(there, here)),
        **{name: counts[name] for name in dict.fromkeys(COUNTED.values())},
        "wholesale": len(there.wholesale),
        "api_calls": there.calls,
    }


def good(result: dict[str, Any]) -> bool:
    """Whether nothing is lost, doubled or unexplained, every order counts exactly once, and each package was told."""
    once = result["orders"] == sum(result[name] for name in set(COUNTED.values()))
    told = result["shipped_packages"] == result["confirmed_packages"]
    return bool(once and told and not any(result[name] for name in MUST_BE_NONE))


def at_warehouse(there: Outside, here: Inside) -> dict[str, list[dict[str, Any]]]:
    """The warehouse's orders by our reference."""
    refs = {ref for _status, _reason, ref in here.orders.values()}
    found: dict[str, list[dict[str, Any]]] = {}
    for order in there.at_warehouse:
        if order["reference_number"] in refs:
            found.setdefault(order["reference_number"], []).append(order)
    return found


def packages(there: Outside) -> set[Package]:
    """Every package that left the warehouse."""
    return {
        (order["order_number"], "".join(filter(str.isalnum, package["tracking_number"] or "")))
        for order in there.at_warehouse
        for package in order["fulfillments"]
        if package["status"] == "fulfilled" and order["reference_number"]
    }


def lost(there: Outside, here: Inside) -> list[str]:
    """Orders that are not where they should be. What is void at the warehouse is not there."""
    found = at_warehouse(there, here)
    never = [key for key in there.orders if key not in here.orders or here.orders[key][0] == Status.NEW]
    gone = [ref for status, _reason, ref in here.orders.values() if status in DELIVERED and ref not in found]
    unwanted = [ref for status, _reason, ref in here.orders.values() if status not in DELIVERED and ref in found]
    return [*never, *gone, *unwanted, *not_at_desk(there, here)]


def not_at_desk(there: Outside, here: Inside) -> list[str]:
    """Orders of the wholesale shop that did not come to the packing desk."""
    return [key for key in there.wholesale if here.wholesale.get(key) not in DELIVERED]


def mismatches(there: Outside, here: Inside) -> list[str]:
    """Listings whose figure differs from what the warehouse can still send, less what their cart keeps back.

    A kit's is what its scarcest part makes.
    """
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


def wrong_units(there: Outside, here: Inside) -> list[str]:
    """Orders of which the warehouse was told to send something else than the buyer bought, and nobody was told so."""
    found, wrong = at_warehouse(there, here), []
    for key, (status, reason, ref) in here.orders.items():
        if status in DELIVERED and not reason and key in there.orders:
            bought = _bought(there.orders[key])
            wrong += [f"{key} is packed as {dict(sent)}" for sent in map(_sent, found.get(ref, ())) if sent != bought]
    return wrong


def _bought(order: dict[str, Any]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in order["lineItems"]:
        for part, each in packed_from(line.get("sku", "")):
            units[part] += line["quantity"] * each
    return units


def _sent(order: dict[str, Any]) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in order["lines"]:
        if line["sku"]:
            units[line["sku"]] += int(Decimal(line["quantity"]))
    return units


def unexplained(there: Outside, here: Inside) -> list[str]:
    """Orders that are not at the warehouse, or are there although they were canceled, and do not say why."""
    return [
        key
        for key, (status, reason, _ref) in here.orders.items()
        if not reason and (status not in DELIVERED or canceled(there.orders.get(key)))
    ]


def canceled(order: dict[str, Any] | None) -> bool:
    return order is not None and order["cancelStatus"]["cancelState"] == "CANCELED"


def unconfirmed(here: Inside) -> int:
    return sum(count for state, count in here.packages.items() if state not in (Shipment.State.CONFIRMED, *NOT_COUNTED))


def explain(there: Outside, here: Inside) -> list[str]:
    """For a person: why orders are not at the warehouse, and what does not add up."""
    why = Counter(f"{status}: {reason}" for status, reason, _ref in here.orders.values() if status not in DELIVERED)
    lines = [f"{count} {words}" for words, count in why.most_common()]
    silent = [f"{key} does not say why it is where it is" for key in unexplained(there, here)]
    untold = [
        f"{tracking} of {order} is not at eBay" for order, tracking in sorted(packages(there) - set(there.packages_at_ebay))
    ]
    return [*lines, *silent, *untold, *wrong_units(there, here), *mismatches(there, here), *here.failing]
