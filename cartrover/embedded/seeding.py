"""Makes the demo's merchant: people, accounts outside, the real OAuth exchange with each, carts and a warehouse that are live.

    python -m cartrover.embedded.seeding [--recorded FILE...]

Run again it changes nothing. Its last line is one JSON object: what to show a person, by label.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cartrover.settings")
django.setup()

from allauth.account.models import EmailAddress  # noqa: E402 (Django must be set up before any model)
from allauth.mfa.totp.internal.auth import TOTP  # noqa: E402
from django.conf import settings  # noqa: E402

from cartrover.connections import declared, grants, holders  # noqa: E402
from cartrover.connections.models import Cart, Connection, GrantAttempt, Warehouse  # noqa: E402
from cartrover.embedded import outside, shop  # noqa: E402
from cartrover.embedded.catalogue import (  # noqa: E402
    DESK_GOODS,
    GOODS,
    MARKETPLACES,
    ON_HAND,
    SETS,
    SPECIAL_ORDERS,
    UNKNOWN_SKU,
    WHOLESALE,
    WHOLESALE_ORDERS,
)
from cartrover.embedded.people import MEMBER, OPERATOR, PASSWORD  # noqa: E402
from cartrover.merchants.models import Member, Merchant, Role, User  # noqa: E402
from cartrover.merchants.tenancy import across_merchants, acting_for  # noqa: E402

MERCHANT = "Acme Outdoor"
SELLER = {"username": "acme_outdoor", "password": "seller-demo"}
WHOLESALER = {"email": "wholesale@acme.example", "password": "wholesale-demo"}
STAFF = {"email": "warehouse@acme.example", "password": "warehouse-demo"}
ORDERS = 300
CURRENCIES = ["USD", "EUR", "GBP", "CAD", "AUD", "CHF", "PLN", "HKD", "SGD", "MYR", "PHP", "TWD"]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recorded", nargs="+", type=Path, default=[])
    recorded = [json.loads(path.read_text()) for path in parser.parse_args(arguments).recorded]
    with across_merchants("the demo looks for its merchant"):
        known = Merchant.objects.filter(name=MERCHANT).exists()
    if not known:
        _outside(recorded)
        alice = _person(MEMBER, "Alice")
        merchant = _merchant(alice)
        _connect(merchant, alice, recorded)
        if not recorded:
            _wholesale(merchant, alice)
            with acting_for(merchant):
                shop.once_live()
        _operator()
    print(json.dumps(_log_ins()))


def _log_ins() -> dict[str, str]:
    return {
        "Member": f"{MEMBER} / {PASSWORD}",
        "Operator": f"{OPERATOR} / {PASSWORD} at {settings.PORTAL_URL}/admin/",
        "Operator's TOTP secret": _totp_secret(),
        "eBay stand-in's seller": f"{SELLER['username']} / {SELLER['password']}",
        "TradeGecko stand-in's user": f"{STAFF['email']} / {STAFF['password']}",
    }


def _totp_secret() -> str:
    """The same on every start of this installation, and another one on the next machine."""
    digest = hashlib.sha256(f"demo operator {settings.SECRET_KEY}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()


# ------------------------------------------------------------------------------------------------------------------ the outside


def _outside(recorded: Sequence[Any]) -> None:
    """A seller with listings and orders at the eBay stand-in, and an account with stock at the TradeGecko stand-in."""
    ebay = outside.ebay()
    ebay.post("sellers", {**SELLER, "marketplace": "EBAY_US"})
    if recorded:
        skus = ebay.post("recorded", {"payloads": recorded, "seller": SELLER["username"]})["skus"]
        _stock_warehouse({sku: sku for sku in skus})
        return
    for marketplace in MARKETPLACES:
        for number, (sku, title, price) in enumerate(GOODS[marketplace]):
            managed_by = "inventory" if number % 4 == 3 else "trading"
            listing = {"seller": SELLER["username"], "marketplace": marketplace, "sku": sku, "title": title, "price": price}
            ebay.post("listings", {**listing, "quantity": 400, "managed_by": managed_by})
    for sku, title, price in SETS:
        listing = {"seller": SELLER["username"], "marketplace": "EBAY_US", "sku": sku, "title": title, "price": price}
        ebay.post("listings", {**listing, "quantity": 40})
    wanted = {"seller": SELLER["username"], "count": ORDERS, "marketplaces": list(MARKETPLACES), "seed": 7, "hours": 20}
    ebay.post("orders/generate", {**wanted, "unknown_sku": UNKNOWN_SKU, "cancel_requested": 1})
    for lines, service in SPECIAL_ORDERS:
        bought = [{"sku": sku, "quantity": units} for sku, units in lines]
        method = {"service": service} if service else {}
        ebay.post("orders", {"seller": SELLER["username"], "marketplace": "EBAY_US", "lines": bought, **method})
    _stock_warehouse({sku: title for goods in GOODS.values() for sku, title, _price in goods})


def _stock_warehouse(names: Mapping[str, str]) -> None:
    tradegecko = outside.tradegecko()
    account = tradegecko.post(
        "accounts",
        {
            "name": MERCHANT,
            "time_zone": "Europe/Berlin",
            "currencies": CURRENCIES,
            "locations": ["Hamburg", "Reno"],
            "users": [STAFF],
        },
    )
    stock = {str(location): ON_HAND for location in account["location_ids"]}
    shared = {"account": account["account_id"], "stock": stock}
    tradegecko.post("variants", [{**shared, "sku": sku, "name": name} for sku, name in names.items()])


def _wholesale_account() -> int:
    """A shop of its own at the TradeGecko stand-in, with orders to be packed. Returns the location that they are for."""
    tradegecko = outside.tradegecko()
    account = tradegecko.post(
        "accounts",
        {"name": WHOLESALE, "time_zone": "Europe/Berlin", "currencies": ["EUR"], "locations": ["Hamburg"], "users": [WHOLESALER]},
    )
    account_id, location = account["account_id"], account["location_ids"][0]
    shared = {"account": account_id, "stock": {str(location): 100}}
    tradegecko.post("variants", [{**shared, "sku": sku, "name": name} for sku, name, _on_hand in DESK_GOODS])
    for company, (street, postcode, city, country), lines in WHOLESALE_ORDERS:
        place = {"address1": street, "zip_code": postcode, "city": city, "country": country, "country_code": country}
        to = {**place, "first_name": "", "last_name": "", "company_name": company}
        bought = [{"sku": sku, "quantity": units, "price": "96.00"} for sku, units in lines]
        wanted = {"account": account_id, "company": company, "paid": True, "stock_location_id": location, "lines": bought}
        tradegecko.post("orders", {**wanted, "shipping_address": to})
    return int(location)


# ------------------------------------------------------------------------------------------------------------------- the portal


def _person(email: str, first_name: str, **more: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, first_name=first_name, **more)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _operator() -> None:
    operator = _person(OPERATOR, "Olga", is_staff=True, is_superuser=True)
    TOTP.activate(operator, _totp_secret())


def _merchant(alice: User) -> Merchant:
    with across_merchants("the demo makes its merchant"):
        merchant = Merchant.objects.create(name=MERCHANT, time_zone="Europe/Berlin")
    with acting_for(merchant):
        Member.objects.create(user=alice, role=Role.OWNER)
    return merchant


def _connect(merchant: Merchant, alice: User, recorded: Sequence[Any]) -> None:
    """The warehouse first, then a cart for each marketplace, all live."""
    with acting_for(merchant):
        warehouse = holders.new_warehouse(declared.integration("tradegecko"), actor=MEMBER)
    _grant(merchant, alice, "tradegecko", warehouse=warehouse, **STAFF)
    with acting_for(merchant):
        warehouse = Warehouse.objects.get(pk=warehouse.pk)
        holders.checked(warehouse, actor=MEMBER)
        holders.go_live(warehouse, actor=MEMBER)
    first: Cart | None = None
    for marketplace in _marketplaces(recorded):
        with acting_for(merchant):
            cart = holders.new_cart(declared.integration("ebay"), marketplace, actor=MEMBER)
            holders.send_orders_to(cart, Warehouse.objects.get(pk=warehouse.pk), actor=MEMBER)
            if first is not None:
                holders.join(cart, Connection.objects.get(carts=first))
        if first is None:
            _grant(merchant, alice, "ebay", cart=cart, **SELLER)
            first = cart
    with acting_for(merchant):
        if not recorded:
            shop.before_live()
        for cart in Cart.objects.all():
            _take_live(cart)


def _take_live(cart: Cart) -> None:
    holders.checked(cart, actor=MEMBER)
    holders.go_live(cart, actor=MEMBER)


def _wholesale(merchant: Merchant, alice: User) -> None:
    """A TradeGecko cart with a Location ID, whose orders go to the merchant's own packing desk."""
    location = _wholesale_account()
    with acting_for(merchant):
        cart = holders.new_cart(declared.integration("tradegecko"), actor=MEMBER)
        holders.save_settings(cart, actor=MEMBER, name=WHOLESALE, settings={**cart.settings, "location_id": str(location)})
        holders.send_orders_to(cart, shop.desk(), actor=MEMBER)
    _grant(merchant, alice, "tradegecko", cart=cart, **WHOLESALER)
    with acting_for(merchant):
        _take_live(Cart.objects.select_related("connection").get(pk=cart.pk))


def _marketplaces(recorded: Sequence[Any]) -> list[str]:
    """The demo's three, and with recorded orders every marketplace that they were placed on."""
    if not recorded:
        return list(MARKETPLACES)
    known = [variant.code for variant in declared.integration("ebay").cart.variants]  # type: ignore[union-attr]
    text = json.dumps(recorded)
    return [marketplace for marketplace in known if f'"{marketplace}"' in text]


def _grant(merchant: Merchant, alice: User, slug: str, *, cart: Any = None, warehouse: Any = None, **log_in: str) -> None:
    """The OAuth exchange as a browser would do it, with the stand-in's own log-in and consent pages."""
    browser_key = secrets.token_urlsafe(16)
    with acting_for(merchant):
        _attempt, address = grants.start(merchant, alice, browser_key, slug, cart=cart, warehouse=warehouse)
    attempt = grants.finish(slug, outside.consent(address, **log_in), browser_key, alice)
    if attempt.state != GrantAttempt.State.DONE:
        raise RuntimeError(f"{slug} was not connected: {attempt.words}")


if __name__ == "__main__":
    main()
