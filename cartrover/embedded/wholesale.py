"""The wholesale shop at TradeGecko, whose orders Acme's own staff pack: what it sells, who buys, and its account there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cartrover.embedded import outside

WHOLESALE = "Acme Wholesale"
DESK_GOODS = (
    ("CRATE-TARP-20", "Crate of 20 tarpaulins", 30),
    ("CRATE-MUG-48", "Crate of 48 enamel mugs", 60),
    ("CRATE-PEG-100", "Crate of 100 packs of pegs", 24),
)
# Who buys there, where (street, postcode, city, country), and what: (SKU, units).
WHOLESALE_ORDERS = (
    ("Alpine Hut Association", ("Talweg 4", "6020", "Innsbruck", "AT"), (("CRATE-MUG-48", 2), ("CRATE-TARP-20", 1))),
    ("Northwind Scouts", ("Deichstraße 21", "20459", "Hamburg", "DE"), (("CRATE-PEG-100", 1),)),
    ("Camp Ridgeline", ("Kirchgasse 9", "8001", "Zürich", "CH"), (("CRATE-TARP-20", 2),)),
    ("Fjord Expeditions", ("Havnegata 2", "9008", "Tromsø", "NO"), (("CRATE-MUG-48", 1), ("CRATE-PEG-100", 2))),
)
FIRST_ORDERS = 6
LOG_IN = {"email": "wholesale@acme.example", "password": "wholesale-demo"}


def open_shop() -> int:
    """Its account, with what it sells and the first orders. Returns the location that they are for."""
    tradegecko = outside.tradegecko()
    account = tradegecko.post(
        "accounts",
        {"name": WHOLESALE, "time_zone": "Europe/Berlin", "currencies": ["EUR"], "locations": ["Hamburg"], "users": [LOG_IN]},
    )
    account_id, location = int(account["account_id"]), int(account["location_ids"][0])
    shared = {"account": account_id, "stock": {str(location): 100}}
    tradegecko.post("variants", [{**shared, "sku": sku, "name": name} for sku, name, _on_hand in DESK_GOODS])
    for number in range(FIRST_ORDERS):
        place(tradegecko, account_id, location, number)
    return location


def place(tradegecko: outside.Controls, account: int, location: int, number: int) -> None:
    """An order of one of the shop's customers."""
    company, (street, postcode, city, country), lines = WHOLESALE_ORDERS[number % len(WHOLESALE_ORDERS)]
    where = {"address1": street, "zip_code": postcode, "city": city, "country": country, "country_code": country}
    to = {**where, "first_name": "", "last_name": "", "company_name": company}
    bought = [{"sku": sku, "quantity": units, "price": "96.00"} for sku, units in lines]
    wanted: dict[str, Any] = {"account": account, "company": company, "paid": True, "stock_location_id": location}
    tradegecko.post("orders", {**wanted, "lines": bought, "shipping_address": to})


def send_back(tradegecko: outside.Controls, orders: Sequence[Mapping[str, Any]], account: int) -> None:
    """The first order that has left comes back: its goods are on their way, and a little later they are there."""
    begun, received = (tradegecko.get(f"ledger?kind=return_{what}")["entries"] for what in ("created", "received"))
    left = [order["id"] for order in orders if order["account"] == account and order["fulfillment_status"] == "shipped"]
    if begun and not received:
        tradegecko.post(f"returns/{begun[0]['key']}/receive", {})
    elif left and not begun:
        tradegecko.post(f"orders/{left[0]}/return", {})


def account_of(summary: dict[str, Any]) -> tuple[int, int] | None:
    """The shop's account and its location, by what it has in stock; None before it is open."""
    for level in summary["stock"]:
        if level["sku"] == DESK_GOODS[0][0]:
            return level["account"], int(next(iter(level["locations"])))
    return None
