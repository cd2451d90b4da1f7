"""Orders as a CSV file, streamed: a million of them take time, but no memory and no long transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from allauth.core.internal import ratelimit
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from cartrover.merchants import audit
from cartrover.merchants.middleware import without_scope
from cartrover.merchants.models import Merchant, Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import edits
from cartrover.orders.models import Order
from cartrover.pages import csv_files
from cartrover.pages.csv_files import Cell
from cartrover.pages.formats import local
from cartrover.portal.chosen import chosen, described
from cartrover.sync.jobs.bulk_actions import wanted

EXPORT = "export"
CHUNK = 500
OFTEN = {"orders": "10/h/user"}

_ADDRESS = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone")
COLUMNS = (
    *("order_number", "cust_ref", "cart", "marketplace", "status", "reason", "placed_at", "ship_by"),
    *("currency", "items", "discount", "shipping", "tax", "adjustment", "total", "units", "skus", "buyer", "email"),
    *(f"ship_to_{name}" for name in _ADDRESS),
    *("shipping_method", "warehouse", "warehouse_number", "delivered_at", "tracking"),
)
_NOT_WRITTEN = ("raw", "marks", "references", "bill_to", "sent", "lines_now", "refunds", "content_hash")


@without_scope
@at_least(Role.STAFF)
@require_POST
def export_orders(request: MerchantRequest) -> HttpResponseBase:
    """The file. Its lines are read while it is sent, each part in a scope of its own."""
    if ratelimit.consume(request, app="cartrover.orders", action="orders", config=OFTEN, user=request.user) is None:
        return render(request, "429.html", status=429)
    args = chosen(request.POST, request.merchant.time_zone)
    with acting_for(request.merchant):
        audit.record(request, "exported orders", request.merchant, after={"orders": described(args)})
    day = local(timezone.now(), request.merchant.time_zone)
    lines = _text(request.merchant, args)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="orders-{day:%Y-%m-%d}.csv"'
    return answer


def _text(merchant: Merchant, args: Mapping[str, Any]) -> Iterator[str]:
    yield "\ufeff"
    yield from csv_files.lines(COLUMNS, _rows(merchant, args))


def _rows(merchant: Merchant, args: Mapping[str, Any]) -> Iterator[list[Cell]]:
    """Oldest first by our ids, so that what arrives meanwhile comes last and nothing comes twice."""
    after = 0
    while True:
        with acting_for(merchant):
            rows = wanted(args).filter(pk__gt=after).order_by("pk").defer(*_NOT_WRITTEN)
            orders = list(rows.select_related("cart", "warehouse").prefetch_related("lines", "shipments")[:CHUNK])
            cells = [row_of(order, merchant.time_zone) for order in orders]
        if not orders:
            return
        yield from cells
        after = orders[-1].pk


def row_of(order: Order, zone: str) -> list[Cell]:
    """An order's values, in the order of COLUMNS. Times are in the merchant's zone."""
    address = edits.ship_to(order) or {}
    lines = sorted(order.lines.all(), key=lambda line: line.position)
    packages = [package for package in order.shipments.all() if package.state != package.State.VOID]
    return [
        order.number,
        order.ref,
        order.cart.name if order.cart else "",
        order.marketplace,
        order.status,
        order.reason,
        _time(order.placed_at, zone),
        _time(order.ship_by, zone),
        order.currency,
        *map(_money, (order.items, order.discount, order.shipping, order.tax, order.adjustment, order.total)),
        sum(line.quantity for line in lines),
        "; ".join(f"{line.quantity} x {line.sku or line.title}" for line in lines),
        order.buyer_name or order.buyer_id,
        order.buyer_email,
        *(str(address.get(name, "")) for name in _ADDRESS),
        edits.shipping_method(order) or order.shipping_method,
        order.warehouse.name if order.warehouse else "",
        order.remote_id,
        _time(order.delivered_at, zone),
        "; ".join(package.tracking for package in packages if package.tracking),
    ]


def _money(amount: Decimal) -> Decimal:
    cents = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount


def _time(moment: datetime | None, zone: str) -> str:
    return f"{local(moment, zone):%Y-%m-%d %H:%M:%S%z}" if moment is not None else ""
