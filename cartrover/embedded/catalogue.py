"""What the demo's merchant sells."""

from __future__ import annotations

MARKETPLACES = ("EBAY_US", "EBAY_DE", "EBAY_GB")

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
ON_HAND = 150  # of each SKU, at each of two locations
