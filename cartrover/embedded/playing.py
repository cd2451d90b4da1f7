"""Shoppers, the warehouse's staff and those of the packing desk, for as long as the demo runs.

    python -m cartrover.embedded.inside playing [--check]

With ``--check`` new orders stop at ``LAST_ORDER``, and the warehouse then ships the rest of what it shipped partly.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from typing import Any

from cartrover.embedded import outside, staff, story, wholesale
from cartrover.embedded.catalogue import HISTORY, MARKETPLACES, ORDERS, SELLER, SPECIAL_ORDERS

LAST_ORDER = HISTORY + ORDERS + len(SPECIAL_ORDERS) + story.PLACED + 30
CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("cancel", {}),
    ("refund", {"amount": "5.00"}),
    ("edit", {"ship_to": {"street": story.NEW_STREET}}),
)
PAUSE = 3.0  # seconds between two things that happen
PROOF_AFTER = 60  # orders that have left, so that there is something to compare
DESK_LEFT = 4  # orders at the packing desk that are left to whoever tries the demo


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args(arguments).check
    chance = random.SystemRandom()
    while True:
        play(chance, check=check)
        time.sleep(PAUSE if not check else PAUSE / 2)


def play(chance: random.Random, *, check: bool) -> None:
    """A few seconds of everybody's day."""
    ebay, tradegecko = outside.ebay(), outside.tradegecko()
    orders, summary = ebay.get("orders"), tradegecko.get("summary")
    begun = story.go_on(orders, summary["orders"], chance)
    account = warehouse(summary)
    if account is not None:
        aside = {"leave": [*begun, *story.put_aside(orders)]}
        buying = not check or len(orders) < LAST_ORDER
        for wanted in shipping(chance, check=check, buying=buying):
            tradegecko.post("ship", {"account": account, **wanted, **aside, "seed": chance.randrange(2**31)})
    if not check or len(orders) < LAST_ORDER:
        order = {"seller": SELLER, "count": 1, "marketplaces": [chance.choice(MARKETPLACES)]}
        ebay.post("orders/generate", {**order, "seed": chance.randrange(2**31), "hours": 0})
    if check or chance.random() < 0.1:
        staff.pack_next(chance, keep=DESK_LEFT)
    if sum(order["fulfillment_status"] == "shipped" for order in summary["orders"]) >= PROOF_AFTER:
        staff.ask_for_proof()
    if not check and chance.random() < 0.1:
        change_one(ebay, orders, chance)
    shop = wholesale.account_of(summary)
    if shop is not None and chance.random() < 0.1:
        wholesale.send_back(tradegecko, summary["orders"], shop[0])
    if shop is not None and not check and chance.random() < 0.05:
        wholesale.place(tradegecko, *shop, chance.randrange(len(wholesale.WHOLESALE_ORDERS)))


def shipping(chance: random.Random, *, check: bool, buying: bool) -> list[dict[str, Any]]:
    """What the warehouse's staff ship now."""
    if not buying:
        return [{"count": 20, "only": "partial"}]
    wanted: list[dict[str, Any]] = [{"count": chance.randint(1, 4), "share_partial": 0.3, "only": "unshipped"}]
    if not check and chance.random() < 0.15:
        wanted.append({"count": 1, "only": "partial"})
    return wanted


def warehouse(summary: dict[str, Any]) -> int | None:
    """The account that the portal delivers to, once it has. What the wholesale shop sells is packed at the portal's own desk."""
    return next((order["account"] for order in summary["orders"] if order["source_url"]), None)


def change_one(ebay: outside.Controls, orders: Sequence[dict[str, Any]], chance: random.Random) -> None:
    """A buyer thinks better of it: cancels, has moved, or gets some of the money back."""
    settled = {*story.put_aside(orders), *story.numbers(orders)}
    open_ones = {order["orderId"] for order in orders if order["orderFulfillmentStatus"] == "NOT_STARTED"}
    waiting = sorted(open_ones - settled)
    if waiting:
        what, body = chance.choice(CHANGES)
        ebay.post(f"orders/{chance.choice(waiting)}/{what}", body)
