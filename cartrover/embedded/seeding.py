"""Makes the demo's merchant: people, accounts outside, the real OAuth exchange with each, carts and a warehouse that are live.

    python -m cartrover.embedded.inside seeding [--recorded FILE...]

Run again it changes nothing. Its last line is one JSON object: what to show a person, by label.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings

from cartrover.connections import declared, grants, holders
from cartrover.connections.models import Cart, Connection, GrantAttempt, Warehouse
from cartrover.embedded import outside, shop, story, wholesale
from cartrover.embedded.catalogue import (
    GOODS,
    HISTORY,
    MARKETPLACES,
    ON_HAND,
    ORDERS,
    SELLER,
    SETS,
    SPECIAL_ORDERS,
    UNKNOWN_SKU,
)
from cartrover.embedded.people import MEMBER, MERCHANT, OPERATOR, PASSWORD, STAFF
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for

AT_EBAY = {"username": SELLER, "password": "seller-demo"}
AT_TRADEGECKO = {"email": "warehouse@acme.example", "password": "warehouse-demo"}
CURRENCIES = ["USD", "EUR", "GBP", "CAD", "AUD", "CHF", "PLN", "HKD", "SGD", "MYR", "PHP", "TWD"]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recorded", nargs="+", type=Path, default=[])
    recorded = [json.loads(path.read_text()) for path in parser.parse_args(arguments).recorded]
    with across_merchants("the demo looks for its merchant"):
        known = Merchant.objects.filter(name=MERCHANT).exists()
    if not known:
        _outside(recorded)
        alice = _person(MEMBER, "Alice")
        merchant = _merchant(alice, _person(STAFF, "Bob"))
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
        "Staff": f"{STAFF} / {PASSWORD}",
        "Operator": f"{OPERATOR} / {PASSWORD} at {settings.PORTAL_URL}/admin/",
        "Operator's TOTP secret": _totp_secret(),
        "eBay stand-in's seller": " / ".join(AT_EBAY.values()),
        "TradeGecko stand-in's user": " / ".join(AT_TRADEGECKO.values()),
    }


def _totp_secret() -> str:
    """The same on every start of this installation, and another one on the next machine."""
    digest = hashlib.sha256(f"demo operator {settings.SECRET_KEY}".encode()).digest()
    return base64.b32encode(digest[:20]).decode()


# ------------------------------------------------------------------------------------------------------------------ the outside


def _outside(recorded: Sequence[Any]) -> None:
    """A seller with listings and orders at the eBay stand-in, and an account with stock at the TradeGecko stand-in."""
    ebay = outside.ebay()
    ebay.post("sellers", {**AT_EBAY, "marketplace": "EBAY_US"})
    if recorded:
        skus = ebay.post("recorded", {"payloads": recorded, "seller": SELLER})["skus"]
        _stock_warehouse({sku: sku for sku in skus})
        return
    _listings(ebay)
    _history(ebay)
    wanted = {"seller": SELLER, "count": ORDERS, "marketplaces": list(MARKETPLACES), "seed": 7, "hours": 40}
    ebay.post("orders/generate", {**wanted, "unknown_sku": UNKNOWN_SKU, "cancel_requested": 1})
    for lines, service in SPECIAL_ORDERS:
        bought = [{"sku": sku, "quantity": units} for sku, units in lines]
        method = {"service": service} if service else {}
        ebay.post("orders", {"seller": SELLER, "marketplace": "EBAY_US", "lines": bought, **method})
    story.place(ebay)
    _stock_warehouse({sku: title for goods in GOODS.values() for sku, title, _price in goods})


def _listings(ebay: outside.Controls) -> None:
    for marketplace in MARKETPLACES:
        for number, (sku, title, price) in enumerate(GOODS[marketplace]):
            managed_by = "inventory" if number % 4 == 3 else "trading"
            listing = {"seller": SELLER, "marketplace": marketplace, "sku": sku, "title": title, "price": price}
            ebay.post("listings", {**listing, "quantity": 400, "managed_by": managed_by})
    for sku, title, price in SETS:
        listing = {"seller": SELLER, "marketplace": "EBAY_US", "sku": sku, "title": title, "price": price}
        ebay.post("listings", {**listing, "quantity": 40})


def _history(ebay: outside.Controls) -> None:
    """What was sold before the portal, and shipped by hand."""
    wanted = {"seller": SELLER, "count": HISTORY, "marketplaces": list(MARKETPLACES), "seed": 11, "hours": 13 * 24}
    for order_id in ebay.post("orders/generate", wanted)["orders"]:
        ebay.post(f"orders/{order_id}/ship", {"carrier": "UPS"})


def _stock_warehouse(names: Mapping[str, str]) -> None:
    tradegecko = outside.tradegecko()
    account = tradegecko.post(
        "accounts",
        {
            "name": MERCHANT,
            "time_zone": "Europe/Berlin",
            "currencies": CURRENCIES,
            "locations": ["Hamburg", "Reno"],
            "users": [AT_TRADEGECKO],
        },
    )
    stock = {str(location): ON_HAND for location in account["location_ids"]}
    shared = {"account": account["account_id"], "stock": stock}
    tradegecko.post("variants", [{**shared, "sku": sku, "name": name} for sku, name in names.items()])


# ------------------------------------------------------------------------------------------------------------------- the portal


def _person(email: str, first_name: str, **more: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, first_name=first_name, **more)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _operator() -> None:
    operator = _person(OPERATOR, "Olga", is_staff=True, is_superuser=True)
    TOTP.activate(operator, _totp_secret())


def _merchant(alice: User, bob: User) -> Merchant:
    with across_merchants("the demo makes its merchant"):
        merchant = Merchant.objects.create(name=MERCHANT, time_zone="Europe/Berlin")
    with acting_for(merchant):
        Member.objects.create(user=alice, role=Role.OWNER)
        Member.objects.create(user=bob, role=Role.STAFF)
    return merchant


def _connect(merchant: Merchant, alice: User, recorded: Sequence[Any]) -> None:
    """The warehouse first, then a cart for each marketplace, all live."""
    with acting_for(merchant):
        warehouse = holders.new_warehouse(declared.integration("tradegecko"), actor=MEMBER)
    _grant(merchant, alice, "tradegecko", warehouse=warehouse, **AT_TRADEGECKO)
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
            _grant(merchant, alice, "ebay", cart=cart, **AT_EBAY)
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
    location = wholesale.open_shop()
    with acting_for(merchant):
        cart = holders.new_cart(declared.integration("tradegecko"), actor=MEMBER)
        where = {**cart.settings, "location_id": str(location)}
        holders.save_settings(cart, actor=MEMBER, name=wholesale.WHOLESALE, settings=where)
        holders.send_orders_to(cart, shop.desk(), actor=MEMBER)
    _grant(merchant, alice, "tradegecko", cart=cart, **wholesale.LOG_IN)
    with acting_for(merchant):
        _take_live(Cart.objects.select_related("connection").get(pk=cart.pk))


def _marketplaces(recorded: Sequence[Any]) -> list[str]:
    """The demo's three, and with recorded orders every marketplace that they were placed on."""
    if not recorded:
        return list(MARKETPLACES)
    text = json.dumps(recorded)
    return [variant.code for variant in declared.variants("ebay") if f'"{variant.code}"' in text]


def _grant(merchant: Merchant, alice: User, slug: str, *, cart: Any = None, warehouse: Any = None, **log_in: str) -> None:
    """The OAuth exchange as a browser would do it, with the stand-in's own log-in and consent pages."""
    browser_key = secrets.token_urlsafe(16)
    with acting_for(merchant):
        _attempt, address = grants.start(merchant, alice, browser_key, slug, cart=cart, warehouse=warehouse)
    attempt = grants.finish(slug, outside.consent(address, **log_in), browser_key, alice)
    if attempt.state != GrantAttempt.State.DONE:
        raise RuntimeError(f"{slug} was not connected: {attempt.words}")
