from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Carrier, LinePart, Order, OrderLine, OrderRule, Shipment, ShippingMethod
from cartrover.orders.search import matching
from cartrover.portal.actions import try_again
from cartrover.portal.operators import OperatorAdmin, asks_first

_LISTS = (("orders_orderline", "Lines"), ("orders_shipment", "Packages"), ("sync_effect", "Effects"), ("sync_call", "Calls"))


@admin.register(Order)
class OrderAdmin(OperatorAdmin):
    list_display = ("number", "ref", "merchant", "cart", "status", "reason", "placed_at", "due_at")
    list_filter = ("status",)
    list_select_related = ("merchant", "cart")
    search_fields = ("ref",)  # asks get_search_results, which knows every number
    search_help_text = "Any number, SKU or buyer, as in the portal"
    readonly_fields = ("trail",)
    exclude = ("content_hash",)
    actions = ("retry",)

    @admin.action(description="Try again")
    @asks_first("Try these orders again? Those that stopped, or wait for their next try, go through the gates and out now.")
    def retry(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        count = 0
        for merchant_id in set(queryset.order_by().values_list("merchant_id", flat=True)):
            with acting_for(merchant_id):
                chosen = Order.objects.filter(pk__in=list(queryset.filter(merchant_id=merchant_id).values_list("pk", flat=True)))
                count += try_again(chosen, actor="Operator")
        self.message_user(request, f"{count} of {queryset.count()} orders are tried again; the others had not stopped.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows: QuerySet[Order] = super().get_queryset(request)
        one = request.resolver_match is not None and "object_id" in request.resolver_match.kwargs
        return rows if one else rows.defer("raw", "ship_to", "bill_to")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return (matching(queryset, search_term) if search_term.strip() else queryset), False

    @admin.display(description="Trail")
    def trail(self, order: Order) -> SafeString:
        link = '<a class="text-primary-600 dark:text-primary-500" href="{}?order__id__exact={}">{}</a>'
        return format_html_join(" · ", link, ((reverse(f"admin:{name}_changelist"), order.pk, words) for name, words in _LISTS))


@admin.register(OrderLine)
class OrderLineAdmin(OperatorAdmin):
    list_display = ("sku", "merchant", "order", "title", "quantity", "unit_price", "total", "left_out")
    list_select_related = ("merchant", "order")
    search_fields = ("sku__exact",)


@admin.register(Shipment)
class ShipmentAdmin(OperatorAdmin):
    list_display = ("__str__", "merchant", "order", "state", "carrier", "shipped_at", "due_at", "reason")
    list_filter = ("state",)
    list_select_related = ("merchant", "order")
    search_fields = ("remote_id__exact",)
    search_help_text = "The warehouse's id of a package. A tracking number is found among the orders"


@admin.register(LinePart)
class LinePartAdmin(OperatorAdmin):
    list_display = ("sku", "each", "merchant", "line", "item_id", "remote_id")
    list_select_related = ("merchant", "line")
    search_fields = ("sku__exact",)


@admin.register(ShippingMethod)
class ShippingMethodAdmin(OperatorAdmin):
    list_display = ("code", "merchant", "cart", "sent_as", "hold", "seen_at")
    list_select_related = ("merchant", "cart")


@admin.register(Carrier)
class CarrierAdmin(OperatorAdmin):
    list_display = ("name", "merchant", "cart", "code", "seen_at")
    list_select_related = ("merchant", "cart")


@admin.register(OrderRule)
class OrderRuleAdmin(OperatorAdmin):
    list_display = ("field", "test", "values", "action", "on", "merchant", "cart")
    list_select_related = ("merchant", "cart")
