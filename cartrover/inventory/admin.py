from __future__ import annotations

from django.contrib import admin

from cartrover.inventory.models import Listing, SkuPart, SkuRule, StockLevel
from cartrover.portal.operators import OperatorAdmin


@admin.register(StockLevel)
class StockLevelAdmin(OperatorAdmin):
    list_display = ("__str__", "merchant", "connection", "available", "tracked", "read_at", "gone")
    search_fields = ("sku__exact", "item_id__exact")


@admin.register(Listing)
class ListingAdmin(OperatorAdmin):
    list_display = (
        "__str__",
        "merchant",
        "connection",
        "external_id",
        "shown",
        "desired",
        "pushed",
        "pushed_at",
        "waits",
        "refusal",
        "trouble",
    )
    search_fields = ("sku__exact", "external_id__exact")


@admin.register(SkuRule)
class SkuRuleAdmin(OperatorAdmin):
    list_display = ("sku", "merchant", "cart", "action", "promotional", "created_by", "created_at")
    list_filter = ("action", "promotional")
    list_select_related = ("merchant", "cart")
    search_fields = ("sku__exact",)


@admin.register(SkuPart)
class SkuPartAdmin(OperatorAdmin):
    list_display = ("sku", "units", "merchant", "rule")
    list_select_related = ("merchant", "rule")
    search_fields = ("sku__exact",)
