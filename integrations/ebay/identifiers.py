"""Which of eBay's numbers may name a product at the warehouse."""

from __future__ import annotations

from integrations.contract import SKU, Identifier


def _item_id(sku: str, listing_id: str, variation_id: str) -> str:
    return listing_id


def _variation_sku(sku: str, listing_id: str, variation_id: str) -> str:
    """A listing without variations has none, whatever its own custom label says."""
    return sku if variation_id else listing_id


IDENTIFIERS = (
    SKU,
    Identifier("item_id", "Item ID", _item_id, "The number of the listing. All variations of a listing share it."),
    Identifier(
        "variation_sku",
        "Variation SKU",
        _variation_sku,
        "The SKU of the variation that was bought. A listing without variations goes by its Item ID.",
    ),
)
