"""What an integration declares, for rooms that do not know integrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cartrover.connections.models import Cart, Warehouse
from integrations import registry
from integrations.contract import SKU, Identifier, Integration, Variant, WarehouseSide


def number_limit(warehouse: Warehouse) -> int:
    """The longest order number that the warehouse takes, in characters."""
    return _side(warehouse).number_limit


def address_limits(warehouse: Warehouse) -> Mapping[str, int]:
    """The longest that the fields of an address may be, by field; what is not named has no limit."""
    return _side(warehouse).address_limits


def carrier_codes(cart: Cart) -> tuple[str, ...]:
    """The codes of carriers that the cart knows; empty where it takes any name."""
    side = registry.get(cart.integration).cart
    return side.carriers if side is not None else ()


def carrier_found(cart: Cart, name: str) -> str:
    """What the cart is told for a carrier of which nobody has said anything."""
    side = registry.get(cart.integration).cart
    return side.carrier_code(name) if side is not None else name


def _side(warehouse: Warehouse) -> WarehouseSide:
    side = registry.get(warehouse.integration).warehouse
    if side is None:
        raise LookupError(f"{warehouse.integration} is no warehouse")
    return side


def currency(cart: Cart) -> str:
    """What the cart's variant sells in; empty where it does not say."""
    side = registry.get(cart.integration).cart
    variant = side.variant(cart.variant) if side else None
    return variant.currency if variant else ""


def identifier(cart: Cart) -> Identifier:
    """Which number of its lines and listings names the product."""
    side = registry.get(cart.integration).cart
    return side.identifier(cart.identifier) if side else SKU


def integration(slug: str) -> Integration:
    """The integration of that slug, as this installation is set up for it."""
    return registry.get(slug)


def marketplaces() -> dict[str, str]:
    """What the merchant's carts can be chosen from, by code: eBay's marketplaces. Inside the merchant's door."""
    slugs = set(Cart.objects.order_by().values_list("integration", flat=True).distinct())
    return {variant.code: variant.name for slug in slugs for variant in variants(slug)}


def variants(slug: str) -> Sequence[Variant]:
    """What a cart of the integration is one of; empty where it has one kind only, or is no cart."""
    side = registry.get(slug).cart
    return side.variants if side is not None else ()


def kept_here() -> list[str]:
    """The integrations whose warehouses the portal keeps itself."""
    return [each.slug for each in registry.all_integrations() if each.warehouse is not None and each.warehouse.open is None]
