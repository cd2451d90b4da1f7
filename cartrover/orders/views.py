"""The list of orders, and the page of one with its whole life."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.connections.models import Cart
from cartrover.events.models import Problem
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Role
from cartrover.merchants.roles import at_least
from cartrover.orders.counts import by_status, partly_shipped
from cartrover.orders.life import life, readable
from cartrover.orders.models import Order, OrderLine, Shipment, ShipmentLine, Status
from cartrover.orders.moves import move
from cartrover.orders.retrying import may_retry
from cartrover.orders.search import matching
from cartrover.portal.paging import page

_NOT_LISTED = ("raw", "marks", "references", "bill_to", "note", "content_hash")


@dataclass(frozen=True, slots=True)
class Tab:
    """One filter above the list. ``state`` names its look; the first one has none and shows all."""

    state: str
    words: str
    query: str
    here: bool
    count: int | None


@at_least(Role.VIEWER)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    lines = Prefetch("lines", OrderLine.objects.only("order_id", "quantity"))
    rows = _asked_for(asked).select_related("cart").defer(*_NOT_LISTED).prefetch_related(lines)
    context = {
        "page": page(rows, request, by="placed_at"),
        "tabs": _tabs(asked),
        "typed": _text(asked, "q"),
        "problem": Problem.objects.filter(pk=_number(asked, "problem")).first() if "problem" in asked else None,
        "cart": Cart.objects.filter(public_id=asked["cart"]).first() if "cart" in asked else None,
        "kept": {name: asked[name] for name in ("status", "problem", "cart") if name in asked},
        "any_order": Order.objects.exists(),
    }
    return TemplateResponse(request, "orders/list.html", context)


def _asked_for(asked: QueryDict) -> QuerySet[Order]:
    rows: QuerySet[Order] = Order.objects.all()
    status = asked.get("status", "")
    if status == "partial":
        rows = partly_shipped(rows)
    elif status in Status.values:
        rows = rows.filter(status=status)
    if "problem" in asked:
        rows = rows.filter(problem_id=_number(asked, "problem"))
    if "cart" in asked:
        rows = rows.filter(cart__public_id=asked["cart"])
    typed = _text(asked, "q")
    return matching(rows, typed) if typed.strip() else rows


def _text(asked: QueryDict, name: str) -> str:
    return str(asked.get(name, ""))


def _number(asked: QueryDict, name: str) -> int:
    """A row's number in the address; what is none names no row."""
    text = _text(asked, name)
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _tabs(asked: QueryDict) -> list[Tab]:
    counts = by_status()
    chosen = asked.get("status", "")
    shown = [("", "All", None), *((state, "", counts[state]) for state in _tab_order())]
    return [
        Tab(state, words, _query(asked, state), chosen == state, count)
        for state, words, count in shown
        if count is None or count or chosen == state
    ]


def _tab_order() -> list[str]:
    """``partial`` stands beside the status it is a part of."""
    order = [str(status) for status in Status]
    order.insert(order.index(Status.AT_WMS) + 1, "partial")
    return order


def _query(asked: QueryDict, status: str) -> str:
    query = QueryDict(mutable=True)
    for name in ("q", "problem", "cart"):
        if asked.get(name):
            query[name] = _text(asked, name)
    if status:
        query["status"] = status
    return "?" + query.urlencode()


@at_least(Role.VIEWER)
@require_safe
def order_page(request: HttpRequest, ref: str) -> HttpResponse:
    related = ("connection", "cart__warehouse", "warehouse", "problem")
    order = get_object_or_404(Order.objects.select_related(*related), ref=ref)
    packages = list(
        order.shipments.order_by("id").prefetch_related(Prefetch("lines", ShipmentLine.objects.select_related("line")))
    )
    context = {
        "order": order,
        "move": move(order),
        "may_retry": may_retry(order),
        "others_wait": Order.objects.filter(problem_id=order.problem_id).count() - 1 if order.problem_id else 0,
        "lines": _lines(order, packages),
        "packages": packages,
        "effects": order.effects.order_by("id"),
        "life": life(order),
    }
    return TemplateResponse(request, "orders/page.html", context)


def _lines(order: Order, packages: list[Shipment]) -> list[dict[str, Any]]:
    """Each line with the SKU it was sent as, and how many of its units have left."""
    lines = list(order.lines.order_by("position"))
    left: dict[int, int] = {}
    for package in packages:
        if package.state != Shipment.State.VOID:
            for part in package.lines.all():
                left[part.line_id] = left.get(part.line_id, 0) + part.quantity
    sent: dict[str, str] = {}
    if order.warehouse is not None:
        items = StockLevel.objects.filter(
            connection_id=order.warehouse.connection_id, item_id__in=[line.item_id for line in lines]
        )
        sent = dict(items.values_list("item_id", "sku"))
    return [
        {"line": line, "sent_sku": sent.get(line.item_id, ""), "left": left.get(line.pk, 0) + line.shipped_before}
        for line in lines
    ]


@at_least(Role.VIEWER)
@require_safe
def call(request: HttpRequest, ref: str, call_id: int) -> HttpResponse:
    """What was said in one call, for the fold on the order's page."""
    order = get_object_or_404(Order, ref=ref)
    said = get_object_or_404(order.calls, pk=call_id)
    context = {"call": said, "request_body": readable(said.request_body), "response_body": readable(said.response_body)}
    return TemplateResponse(request, "orders/call.html", context)
