"""Products and their variants."""

from __future__ import annotations

from typing import Any

from . import formats
from .errors import invalid
from .records import Record
from .resources import RESOURCES, check_references, check_required, take
from .world import Caller, World

_PRODUCT = RESOURCES["products"]
_VARIANT = RESOURCES["variants"]


def create_product(world: World, caller: Caller, attributes: Any) -> Record:
    taken = take(_PRODUCT, attributes)
    check_required(_PRODUCT, taken)
    product = world.records.insert("products", caller.account_id, {**taken, "vendor": taken.get("supplier")})
    world.deliveries.announce(caller.account_id, "product.create", "products", product["id"])
    return product


def create_variant(world: World, caller: Caller, attributes: Any) -> Record:
    """``initial_stock_level`` at ``initial_stock_location_id`` (else the primary location) is what is on hand to begin with."""
    taken = take(_VARIANT, attributes)
    product = world.records.get("products", caller.account_id, taken.get("product_id"))
    if product is None:
        raise invalid(product="can't be blank")
    check_references(world, caller.account_id, taken)
    initial = {name: attributes.get(f"initial_{name}") for name in ("stock_level", "stock_location_id", "cost_price")}
    stock: dict[str, str] = {}
    if initial["stock_level"] not in (None, ""):
        account = world.records.one("accounts", caller.account_id, caller.account_id)
        location_id = formats.coerce("location_id", initial["stock_location_id"]) or account["primary_location_id"]
        check_references(world, caller.account_id, {"stock_location_id": location_id})
        stock[str(location_id)] = _number("initial_stock_level", initial["stock_level"])
    if initial["cost_price"] is not None:
        taken["last_cost_price"] = formats.coerce("initial_cost_price", initial["cost_price"])
    return insert_variant(world, product, taken, stock)


def _number(name: str, value: Any) -> str:
    try:
        return formats.plain(formats.number(value))
    except ValueError:
        raise invalid(**{name: "is not a number"}) from None


def insert_variant(world: World, product: Record, attributes: Record, stock: dict[str, str]) -> Record:
    """``stock``: what is on hand, by location id."""
    siblings = world.records.where("variants", product["_account"], product_id=product["id"])
    usual = {
        "name": product["name"],
        "position": len(siblings) + 1,
        "product_name": product["name"],
        "product_type": product["product_type"],
        "product_status": product["status"],
    }
    given = {name: value for name, value in attributes.items() if value is not None}
    own: Record = {"product_id": product["id"], "_on_hand": stock, "_components": []}
    variant = world.records.insert("variants", product["_account"], {**usual, **given, **own})
    world.deliveries.announce(product["_account"], "variant.create", "variants", variant["id"])
    return variant
