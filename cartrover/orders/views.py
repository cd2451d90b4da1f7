"""The page of one order, with its whole life."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.merchants.models import Role
from cartrover.merchants.roles import at_least
from cartrover.orders import edits
from cartrover.orders.editing import may_edit
from cartrover.orders.life import life, payload, readable
from cartrover.orders.models import LinePart, Order, Shipment
from cartrover.orders.moves import move
from cartrover.orders.packed import packages_of
from cartrover.orders.went_back import kept, went_back
from cartrover.portal.actions import buttons
from cartrover.portal.jobs import open_job


@at_least(Role.VIEWER)
@require_safe
def order_page(request: HttpRequest, ref: str) -> HttpResponse:
    related = ("connection", "cart__warehouse", "warehouse", "problem")
    order = get_object_or_404(Order.objects.select_related(*related), ref=ref)
    packages = packages_of(order)
    context = {
        "order": order,
        "move": move(order),
        "may_edit": may_edit(order),
        "edited": edits.edited(order),
        "ship_to": edits.ship_to(order),
        "sent_method": edits.shipping_method(order),
        "note": edits.note(order),
        "buttons": buttons(order),
        "job": open_job(order),
        "others_wait": Order.objects.filter(problem_id=order.problem_id).count() - 1 if order.problem_id else 0,
        "refunds": went_back(order),
        "kept": kept(order),
        "lines": _lines(order, [each.shipment for each in packages]),
        "packages": packages,
        "effects": order.effects.order_by("id"),
        "life": life(order),
    }
    return TemplateResponse(request, "orders/page.html", context)


def _lines(order: Order, packages: list[Shipment]) -> list[dict[str, Any]]:
    """Each line with what it was sent as, and how many of its units have left."""
    lines = list(
        order.lines.order_by("position").prefetch_related(
            Prefetch("parts", LinePart.objects.exclude(each=0).order_by("position"))
        )
    )
    left: dict[int, int] = {}
    for package in packages:
        if package.state != Shipment.State.VOID:
            for part in package.lines.all():
                left[part.line_id] = left.get(part.line_id, 0) + part.quantity
    return [{"line": line, "left": left.get(line.pk, 0) + line.shipped_before} for line in lines]


@at_least(Role.VIEWER)
@require_safe
def order_payload(request: HttpRequest, ref: str) -> HttpResponse:
    """The cart's own word on an order, for the fold on its page."""
    order = get_object_or_404(Order, ref=ref)
    return TemplateResponse(request, "orders/payload.html", {"payload": payload(order.raw)})


@at_least(Role.VIEWER)
@require_safe
def call(request: HttpRequest, ref: str, call_id: int) -> HttpResponse:
    """What was said in one call, for the fold on the order's page."""
    order = get_object_or_404(Order, ref=ref)
    said = get_object_or_404(order.calls, pk=call_id)
    context = {"call": said, "request_body": readable(said.request_body), "response_body": readable(said.response_body)}
    return TemplateResponse(request, "orders/call.html", context)
