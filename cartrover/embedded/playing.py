"""Shoppers and the warehouse's staff, for as long as the demo runs.

    python -m cartrover.embedded.playing [--check]

With ``--check`` new orders stop at 336 and the warehouse then ships the rest of what it shipped partly.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from typing import Any

from cartrover.embedded import outside
from cartrover.embedded.catalogue import MARKETPLACES

SELLER = "acme_outdoor"
LAST_ORDER = 336
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cancel", {}),
    ("refund", {"amount": "5.00"}),
    ("edit", {"ship_to": {"street": "12 New Harbour Road"}}),
)
PAUSE = 3.0  # seconds between two things that happen


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(arguments).check
    chance = random.Random()  # noqa: S311 (shoppers, no secret)
    ebay, tradegecko = outside.ebay(), outside.tradegecko()
    account = None
    while True:
        account = account or warehouse(tradegecko)
        placed = ebay.get("summary")["orders"]["total"]
        if not check or placed < LAST_ORDER:
            order = {"seller": SELLER, "count": 1, "marketplaces": [chance.choice(MARKETPLACES)]}
            ebay.post("orders/generate", {**order, "seed": chance.randrange(2**31), "hours": 0})
            shipping = {"count": chance.randint(1, 4), "share_partial": 0.3, "only": "unshipped"}
        else:
            shipping = {"count": 20, "only": "partial"}
        if account:
            tradegecko.post("ship", {"account": account, **shipping, "seed": chance.randrange(2**31)})
        if account and not check and chance.random() < 0.15:
            tradegecko.post("ship", {"account": account, "count": 1, "only": "partial", "seed": chance.randrange(2**31)})
        if not check and chance.random() < 0.1:
            change_one(ebay, chance)
        time.sleep(PAUSE if not check else PAUSE / 2)


def warehouse(tradegecko: outside.Controls) -> int | None:
    """The account that the portal delivers to, once it has. What the wholesale shop sells is packed at the portal's own desk."""
    orders = tradegecko.get("summary")["orders"]
    return next((order["account"] for order in orders if order["source_url"]), None)


def change_one(ebay: outside.Controls, chance: random.Random) -> None:
    """A buyer thinks better of it: asks to cancel, has moved, or gets some of the money back."""
    orders = [order["orderId"] for order in ebay.get("orders") if order["orderFulfillmentStatus"] == "NOT_STARTED"]
    if not orders:
        return
    what, body = chance.choice(CHANGES)
    ebay.post(f"orders/{chance.choice(orders)}/{what}", body)


if __name__ == "__main__":
    main()
