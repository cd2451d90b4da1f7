"""Believable orders by the hundred, the same for the same seed."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from integrations.simulation import Document

from .formats import stamp
from .marketplaces import SITES
from .orderbook import Kept
from .placing import place
from .world import World

_NOTES = (
    "Please leave with neighbour at no. 14 if I'm out.",
    "It's a gift - no invoice in the box, please!",
    "Bitte an Packstation 118 liefern.\nDanke :-)",
    "Could you post this before Friday? 🙏",
)
_STRANGERS = "SKU-NOBODY-KNOWS"


def generate(world: World, wanted: Document) -> list[Kept]:
    """Orders of ``{seller, count, marketplaces, unknown_sku, seed, hours, cancel_requested}``.

    They sell what the seller has listed, and were placed within the last ``hours`` (24). With ``unknown_sku`` one of them
    sells a listing whose SKU no warehouse knows: the text given, or one of ours for true. ``cancel_requested`` is how many
    buyers have asked to cancel.
    """
    dice = random.Random(wanted.get("seed", 0))
    count = int(wanted.get("count", 1))
    marketplaces = wanted.get("marketplaces") or ["EBAY_US"]
    skus = {marketplace: _skus(world, wanted["seller"], marketplace) for marketplace in marketplaces}
    ages = sorted((dice.random() * float(wanted.get("hours", 24)) for _ in range(count)), reverse=True)
    unknown_at = count // 2 if wanted.get("unknown_sku") else -1
    asked = set(dice.sample(range(count), min(count, int(wanted.get("cancel_requested", 0)))))
    placed: list[Kept] = []
    for at, age in enumerate(ages):
        marketplace = marketplaces[at % len(marketplaces)]
        order = _order(dice, wanted["seller"], marketplace, skus[marketplace])
        order["created_at"] = stamp(world.clock.now() - timedelta(hours=age))
        if at == unknown_at:
            order["lines"][0] = {"sku": _stranger(world, wanted, marketplace), "quantity": 1}
        order["cancel_requested"] = at in asked and at != unknown_at
        placed.append(place(world, order))
    return placed


def _order(dice: random.Random, seller: str, marketplace: str, skus: list[str]) -> Document:
    site = SITES[marketplace]
    forwarded = marketplace == "EBAY_GB" and dice.random() < 0.1
    several = 1 if forwarded else dice.choices((1, 2, 3), (70, 20, 10))[0]
    lines = [
        {"sku": sku, "quantity": dice.choices((1, 2, 4), (80, 15, 5))[0]} for sku in dice.sample(skus, min(several, len(skus)))
    ]
    order: Document = {"seller": seller, "marketplace": marketplace, "lines": lines, "gsp": forwarded}
    if dice.random() < 0.6:
        order["shipping"] = dice.choice(site.services)[2]
    if dice.random() < 0.15:
        order["discount"] = str(Decimal(dice.randint(50, 300)) / 100)
    if dice.random() < 0.12:
        order["note"] = dice.choice(_NOTES)
    if marketplace in ("EBAY_US", "EBAY_MOTORS_US", "EBAY_AU"):
        order["collect_and_remit"] = True
    return order


def _skus(world: World, seller: str, marketplace: str) -> list[str]:
    """SKUs on sale there, and three new listings where nothing is."""
    listings = [listing for listing in world.listings.of(seller) if listing["status"] == "ACTIVE"]
    here = [listing for listing in listings if listing["marketplace"] == marketplace]
    skus = [unit["sku"] for listing in here for unit in listing["units"] if unit["sku"] and unit["sku"] != _STRANGERS]
    if skus:
        return skus
    for number in range(1, 4):
        spec = {"sku": f"{marketplace[5:]}-{number:03d}", "price": f"{number * 7}.95", "quantity": 500}
        world.listings.create({"seller": seller, "marketplace": marketplace, **spec})
    return _skus(world, seller, marketplace)


def _stranger(world: World, wanted: Document, marketplace: str) -> str:
    sku = wanted["unknown_sku"] if isinstance(wanted["unknown_sku"], str) else _STRANGERS
    if world.listings.find(wanted["seller"], sku) is None:
        listed = {"sku": sku, "title": "Mystery box", "price": "24.95", "quantity": 20}
        world.listings.create({"seller": wanted["seller"], "marketplace": marketplace, **listed})
    return sku
