"""Whole accounts, as a merchant would have set them up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from . import catalog, formats
from .adjustments import REASONS
from .records import Record
from .world import ALL_PERMISSIONS, World

_SYMBOLS = {"EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "PLN": "zł", "CHF": "CHF"}
_NO_TAX = {"name": "Tax Exempt", "code": "EXEMPT", "rate": "0"}


def open_account(world: World, wanted: Record) -> Record:
    """An account with what every account has. All of ``wanted`` may be left out:

    ``name``, ``time_zone``, ``country``, ``currencies`` (ISO codes, the first is the default), ``locations`` (labels, or dicts of
    a location's attributes; the first is the primary one), ``users`` (dicts with ``email``, ``password``, and as wanted
    ``first_name``, ``last_name``, ``permissions``), ``tax_types`` (dicts with ``name``, ``code``, ``rate`` in percent; the first
    is the default one for sales), ``tax_treatment``.

    Returns ``account_id``, ``location_ids``, ``user_ids``, and ``currency_ids`` and ``tax_type_ids`` by code.
    """
    name = wanted.get("name", "Gecko Inc.")
    account = world.records.insert("accounts", 0, {"name": name, **_own(wanted)})
    account_id = account["id"]
    currencies = [_currency(world, account_id, iso) for iso in wanted.get("currencies") or ["USD"]]
    locations = [_location(world, account_id, each) for each in wanted.get("locations") or ["Primary Location"]]
    tax_types = [_tax_type(world, account_id, each) for each in wanted.get("tax_types") or [_NO_TAX]]
    users = [add_user(world, account_id, each) for each in wanted.get("users") or []]
    methods = [_plain(world, "payment_methods", account_id, name=each) for each in ("Credit Card", "Cash", "PayPal")]
    terms = [_plain(world, "payment_terms", account_id, name=f"NET{days}", due_in_days=days) for days in (30, 7)]
    for reason in REASONS:
        _plain(world, "stock_adjustment_reasons", account_id, name=reason.title(), reason_code=reason)
    world.records.change(
        "accounts",
        account_id,
        {
            "billing_contact_id": users[0]["id"] if users else None,
            "default_currency_id": currencies[0]["id"],
            "default_payment_method_id": methods[0]["id"],
            "default_payment_term_id": terms[0]["id"],
            "default_sales_order_tax_type_id": tax_types[0]["id"],
            "default_purchase_order_tax_type_id": tax_types[0]["id"],
            "default_tax_exempt_id": tax_types[-1]["id"],
            "default_tax_rate": float(tax_types[0]["effective_rate"]),
            "default_tax_type_id": tax_types[0]["id"],
            "primary_location_id": locations[0]["id"],
            "primary_billing_location_id": locations[0]["id"],
        },
    )
    return {
        "account_id": account_id,
        "location_ids": [location["id"] for location in locations],
        "user_ids": [user["id"] for user in users],
        "currency_ids": {currency["iso"]: currency["id"] for currency in currencies},
        "tax_type_ids": {tax_type["code"]: tax_type["id"] for tax_type in tax_types},
    }


def _own(wanted: Record) -> Record:
    treatment = wanted.get("tax_treatment", "exclusive")
    return {
        "country": wanted.get("country", "US"),
        "time_zone": wanted.get("time_zone", "Etc/UTC"),
        "default_tax_treatment": treatment,
        "default_tax_type": treatment,
    }


def _plain(world: World, resource: str, account_id: int, **attributes: Any) -> Record:
    return world.records.insert(resource, account_id, attributes)


def _currency(world: World, account_id: int, iso: str) -> Record:
    precision = 0 if iso == "JPY" else 2
    return _plain(world, "currencies", account_id, iso=iso, name=iso, symbol=_SYMBOLS.get(iso, "$"), precision=precision)


def _location(world: World, account_id: int, wanted: str | Record) -> Record:
    attributes = {"label": wanted} if isinstance(wanted, str) else wanted
    return _plain(world, "locations", account_id, **{"address1": "65 Tennyson St", "city": "Auckland", **attributes})


def _tax_type(world: World, account_id: int, wanted: Record) -> Record:
    rate = formats.money(Decimal(str(wanted["rate"])))
    tax_type = _plain(world, "tax_types", account_id, name=wanted["name"], code=wanted["code"], effective_rate=rate)
    part = _plain(world, "tax_components", account_id, tax_type_id=tax_type["id"], label=wanted["name"], rate=rate)
    return world.records.change("tax_types", tax_type["id"], {"tax_component_ids": [part["id"]]}, touch=False)


def add_user(world: World, account_id: int, wanted: Record) -> Record:
    account = world.records.one("accounts", account_id, account_id)
    user = world.records.insert(
        "users",
        account_id,
        {
            "email": wanted["email"],
            "first_name": wanted.get("first_name", "Alice"),
            "last_name": wanted.get("last_name", "Gecko"),
            "permissions": wanted.get("permissions", list(ALL_PERMISSIONS)),
            "account_id": account_id,
            "account_name": account["name"],
            "last_sign_in_at": formats.moment(world.clock.now()),
            "_password": wanted.get("password", "password"),
        },
    )
    return world.records.change("users", user["id"], {"login_id": user["id"]}, touch=False)


def add_variant(world: World, account_id: int, wanted: Record) -> Record:
    """A product with one variant.

    ``sku``, ``name``, ``stock`` by location id, ``components`` of a bundle (``[{"variant_id", "quantity"}]``), and any of a
    variant's attributes.
    """
    name = wanted.get("name") or wanted.get("sku") or "Variant"
    product = _plain(world, "products", account_id, name=name, product_type=wanted.get("product_type", "Goods"))
    stock = {str(location): formats.plain(formats.number(level)) for location, level in wanted.get("stock", {}).items()}
    own = ("account", "stock", "components", "product_type")
    attributes = {key: value for key, value in wanted.items() if key not in own}
    prices = {key: formats.coerce(key, attributes[key]) for key in attributes if key in formats.DECIMALS}
    variant = catalog.insert_variant(world, product, {"retail_price": "10.0", **attributes, **prices}, stock)
    components = wanted.get("components")
    if not components:
        return variant
    parts = [{**part, "quantity": formats.money(formats.number(part["quantity"]))} for part in components]
    return world.records.change("variants", variant["id"], {"composite": True, "_components": parts}, touch=False)
