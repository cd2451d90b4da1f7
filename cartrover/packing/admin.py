from __future__ import annotations

from django.contrib import admin

from cartrover.packing.models import Customer, Item, PackingLine, PackingOrder, Parcel, ParcelLine, StockFile
from cartrover.portal.operators import OperatorAdmin


@admin.register(Customer)
class CustomerAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "connection", "key")
    search_fields = ("key__exact",)


@admin.register(Item)
class ItemAdmin(OperatorAdmin):
    list_display = ("sku", "merchant", "connection", "name", "on_hand")
    search_fields = ("sku__exact",)


@admin.register(PackingOrder)
class PackingOrderAdmin(OperatorAdmin):
    list_display = ("number", "ref", "merchant", "customer", "state", "ship_by", "arrived_at", "updated_at")
    list_filter = ("state",)
    search_fields = ("number__exact", "ref__exact", "public_id__exact")


@admin.register(PackingLine)
class PackingLineAdmin(OperatorAdmin):
    list_display = ("sku", "merchant", "order", "title", "quantity")


@admin.register(Parcel)
class ParcelAdmin(OperatorAdmin):
    list_display = ("public_id", "merchant", "order", "state", "carrier", "tracking", "packed_by", "packed_at", "shipped_at")
    list_filter = ("state",)
    search_fields = ("tracking__exact", "public_id__exact")


@admin.register(ParcelLine)
class ParcelLineAdmin(OperatorAdmin):
    list_display = ("parcel", "merchant", "line", "quantity")


@admin.register(StockFile)
class StockFileAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "connection", "sent_by", "sent_at", "applied_at")
    search_fields = ("public_id__exact",)
