"""Objects that are more than their record: put together from others each time they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from .formats import dump, money, plain
from .records import Record, public
from .world import World

_ZERO = Decimal(0)
_PRICE_LISTS = (("retail", "Retail", False), ("wholesale", "Wholesale", False), ("buy", "Buy", True))


def text(world: World, resource: str, record: Record) -> str:
    """The object as JSON."""
    view = _VIEWS.get(resource)
    if view is not None:
        return dump(public(view(world, record)))
    if resource in ROWS:
        return dump(public(record))
    return world.records.text(resource, record)


def _account(world: World, account: Record) -> Record:
    return {
        **account,
        "location_ids": [location["id"] for location in world.records.all("locations", account["id"])],
        "user_ids": [user["id"] for user in world.records.all("users", account["id"])],
    }


def _company(world: World, company: Record) -> Record:
    related = {}
    for resource, name in (("addresses", "address_ids"), ("contacts", "contact_ids"), ("notes", "note_ids")):
        found = world.records.where(resource, company["_account"], company_id=company["id"])
        related[name] = [record["id"] for record in found]
    return {**company, **related}


def _product(world: World, product: Record) -> Record:
    variants = world.records.where("variants", product["_account"], product_id=product["id"])
    on_hand = sum((sum(world.stock.on_hand(variant).values(), _ZERO) for variant in variants), _ZERO)
    return {
        **product,
        "quantity": plain(on_hand),
        "search_cache": " ".join(f"{variant['sku']} {variant['name']}" for variant in variants),
        "variant_ids": [variant["id"] for variant in variants],
    }


def _variant(world: World, variant: Record) -> Record:
    on_hand, committed = world.stock.on_hand(variant), world.stock.committed(variant["id"])
    prices = {name: variant[f"{name}_price"] for name, _, _ in _PRICE_LISTS}
    total, taken = sum(on_hand.values(), _ZERO), sum(committed.values(), _ZERO)
    return {
        **variant,
        "stock_on_hand": plain(total),
        "committed_stock": plain(taken),
        "total_committed_stock": plain(taken),
        "available_stock": plain(total - taken),
        "variant_prices": [{"price_list_id": name, "value": price} for name, price in prices.items()],
        "prices": prices,
        "stock_levels": {str(location): money(level) for location, level in on_hand.items()},
        "committed_stock_levels": {str(location): money(level) for location, level in committed.items()},
        "locations": [_variant_location(variant, location, on_hand, committed) for location in on_hand | committed],
    }


def _variant_location(variant: Record, location: int, on_hand: dict[int, Decimal], committed: dict[int, Decimal]) -> Record:
    """A level that never was is null where it is committed, and the integer 0 where it is incoming: as recorded."""
    level = on_hand.get(location, _ZERO)
    return {
        "location_id": location,
        "bin_location": variant.get("_bins", {}).get(str(location)),
        "reorder_point": None,
        "lead_time": None,
        "safety_stock": None,
        "stock_cover": None,
        "stock_on_hand": plain(level),
        "committed": plain(committed[location]) if location in committed else None,
        "production_committed": 0,
        "incoming": 0,
        "production_incoming": 0,
        "available": plain(level - committed.get(location, _ZERO)),
    }


def _stock_level(world: World, variant: Record) -> Record:
    on_hand, committed = world.stock.on_hand(variant), world.stock.committed(variant["id"])
    total, taken = sum(on_hand.values(), _ZERO), sum(committed.values(), _ZERO)
    return {
        "variant_id": variant["id"],
        "committed_stock": plain(taken),
        "locations": [
            {
                "location_id": location,
                "committed": plain(committed[location]) if committed.get(location) else 0,
                "incoming": 0,
                "stock_on_hand": plain(on_hand.get(location, _ZERO)),
            }
            for location in on_hand | committed
        ],
        "stock_on_hand": plain(total),
        "available_stock": plain(total - taken),
        "incoming_stock": "0",
    }


_VIEWS: dict[str, Callable[[World, Record], Record]] = {
    "accounts": _account,
    "companies": _company,
    "products": _product,
    "stock_levels": _stock_level,
    "variants": _variant,
}


def records_of(resource: str) -> str:
    """The kind of the records that a resource shows: its own, but for the lighter rows of the variants."""
    return "variants" if resource == "stock_levels" else resource


def _price_lists(world: World, account_id: int) -> list[Record]:
    account = world.records.one("accounts", account_id, account_id)
    currency = world.records.one("currencies", account_id, account["default_currency_id"])
    return [
        {
            "id": name,
            "code": name.upper(),
            "name": label,
            "is_cost": is_cost,
            "currency_id": currency["id"],
            "currency_symbol": currency["symbol"],
            "currency_iso": currency["iso"],
            "is_default": True,
            "position": position,
            "_id": position,
        }
        for position, (name, label, is_cost) in enumerate(_PRICE_LISTS)
    ]


def _composition(world: World, account_id: int) -> list[Record]:
    rows = []
    for bundle in world.records.all("variants", account_id):
        for part in bundle["_components"]:
            component = world.records.get("variants", account_id, part["variant_id"]) or {}
            rows.append(
                {
                    "bundle_sku": bundle["sku"],
                    "component_sku": component.get("sku"),
                    "quantity": part["quantity"],
                    "bundle_id": bundle["id"],
                    "component_id": part["variant_id"],
                    "_id": bundle["id"],
                }
            )
    return rows


# Lists without records of their own; ``_id`` of a row is what the filter ``ids`` means.
ROWS: dict[str, Callable[[World, int], list[Record]]] = {
    "composition": _composition,
    "price_lists": _price_lists,
}
