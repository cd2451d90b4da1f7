"""What the demo's merchant sells."""

from __future__ import annotations

SELLER = "acme_outdoor"
MARKETPLACES = ("EBAY_US", "EBAY_DE", "EBAY_GB")
HISTORY = 240  # orders of the last days before the portal, which Acme shipped by hand
ORDERS = 300  # that wait when it begins

# SKU, what it is, its price in each marketplace's own currency.
GOODS = {
    "EBAY_US": (
        ("TENT-2P-GRN", "Two-person tent, forest green", "129.00"),
        ("LAMP-HEAD-350", "Head lamp, 350 lumens", "34.95"),
        ("BOTTLE-STEEL-1L", "Steel bottle, 1 l", "24.50"),
        ("MAT-AIR-R", "Air mat, regular", "79.00"),
        ("STOVE-GAS-MINI", "Gas stove, mini", "42.00"),
        ("PEG-10", "Tent pegs, 10 pieces", "8.50"),
        ("WB 9321-72/73 10.25", "Work boots, 10.25", "139.90"),
        ("ROPE-8MM-30M", "Rope, 8 mm, 30 m", "55.00"),
    ),
    "EBAY_DE": (
        ("ZELT-3P-BLAU", "Zelt für drei Personen, blau", "189.00"),
        ("SCHLAFSACK-M", "Schlafsack, mittel", "99.95"),
        ("KOCHER-SPIRITUS", "Spirituskocher", "39.90"),
        ("RUCKSACK-45L", "Rucksack, 45 Liter", "119.00"),
        ("STIRNLAMPE-200", "Stirnlampe, 200 Lumen", "29.95"),
        ("HERINGE-12", "Heringe, 12 Stück", "9.95"),
        ("BECHER-TITAN", "Becher aus Titan", "19.50"),
        ("SEIL-9MM-40M", "Seil, 9 mm, 40 m", "74.00"),
    ),
    "EBAY_GB": (
        ("TARP-3X3-OLV", "Tarpaulin 3 x 3 m, olive", "44.99"),
        ("KETTLE-0.9L", "Kettle, 0.9 l", "21.50"),
        ("CHAIR-FOLD-LT", "Folding chair, light", "64.00"),
        ("MUG-ENAMEL-BL", "Enamel mug, blue", "7.99"),
        ("GLOVES-MERINO-M", "Merino gloves, M", "27.50"),
        ("MAP-CASE-A4", "Map case, A4", "12.00"),
        ("COMPASS-BASE", "Baseplate compass", "18.75"),
        ("BUCKET-FOLD-10L", "Folding bucket, 10 l", "15.20"),
    ),
}
UNKNOWN_SKU = "MYSTERY-BOX-1"

# What eBay calls otherwise than the warehouse: what it is packed from, as (SKU, units). A code without parts is no product.
SKU_RULES = {
    "LAMP-350-OLD": ((("LAMP-HEAD-350", 1),), False),
    "PEG-60": ((("PEG-10", 6),), False),
    "CAMP-SET-2P": ((("TENT-2P-GRN", 1), ("MAT-AIR-R", 2), ("STOVE-GAS-MINI", 1)), False),
    "WELCOME-GIFT": ((), True),
}
SETS = (
    ("LAMP-350-OLD", "Head lamp, 350 lumens (2025)", "29.95"),
    ("PEG-60", "Tent pegs, six packs of 10", "45.00"),
    ("CAMP-SET-2P", "Camping set for two: tent, mats, stove", "299.00"),
)
# Orders of what only a few buy: (SKU, units) each, and the shipping method where it matters.
SPECIAL_ORDERS = (
    ((("CAMP-SET-2P", 1),), ""),
    ((("CAMP-SET-2P", 2), ("BOTTLE-STEEL-1L", 1)), ""),
    ((("PEG-60", 1), ("WELCOME-GIFT", 1)), ""),
    ((("LAMP-350-OLD", 1),), ""),
    ((("WB 9321-72/73 10.25", 6),), ""),
    ((("ROPE-8MM-30M", 2),), "US_FedExFreight"),
)
HELD_FROM = "800"  # of an order's total, in its own currency
# What a cart's methods are sent as; one that is sent as nothing holds its orders until somebody maps it.
METHODS = {
    "EBAY_US": {"USPSPriority": "USPS Priority Mail", "FedExHomeDelivery": "FedEx Home Delivery", "US_FedExFreight": ""},
    "EBAY_DE": {"DE_DHLPaket": "DHL Paket"},
}
BUFFERS = {"EBAY_GB": 5}  # units that a cart keeps back

ON_HAND = 150  # of each SKU, at each of two locations
