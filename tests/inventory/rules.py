"""Rules about SKUs, made without a page."""

from __future__ import annotations

from collections.abc import Mapping

from cartrover.connections.models import Cart
from cartrover.inventory.models import SkuPart, SkuRule
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for


def rule(
    merchant: Merchant,
    sku: str,
    parts: Mapping[str, int] | None = None,
    *,
    cart: Cart | None = None,
    action: str = "send",
    promotional: bool = False,
) -> SkuRule:
    with acting_for(merchant):
        made: SkuRule = SkuRule.objects.create(sku=sku, cart=cart, action=action, promotional=promotional)
        for position, (part, units) in enumerate((parts or {}).items()):
            SkuPart.objects.create(rule=made, sku=part, units=units, position=position)
    return made
