"""One order on the desk: counting its units, making and shipping packages, taking them back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least, may
from cartrover.orders.models import Order
from cartrover.packing import parcels, slips
from cartrover.packing.counting import Counted, counted, one_more
from cartrover.packing.desks import DeskSettings, desks
from cartrover.packing.models import PackingOrder, Parcel
from cartrover.packing.refusal import Refusal
from cartrover.packing.views.picking import pdf

TYPED = ("carrier", "tracking")


@at_least(Role.VIEWER)
@require_safe
def order_page(request: MerchantRequest, public_id: str) -> HttpResponse:
    return _page(request, _order(public_id))


@at_least(Role.STAFF)
@require_POST
def pack(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Count one more unit where a SKU was scanned, else make the package: shipped, or only packed where that was pressed."""
    order, data = _order(public_id), request.POST
    lines = counted(order, {})
    try:
        lines = counted(order, data)
        if data.get("scan", "").strip():
            return _page(request, order, one_more(lines, data["scan"]))
        parcel = _made(request, order, lines)
    except Refusal as refusal:
        return _page(request, order, lines, refusal.words)
    return _next(request, parcel)


@transaction.atomic
def _made(request: MerchantRequest, order: PackingOrder, lines: list[Counted]) -> Parcel:
    """All of it or nothing: what cannot leave is not left packed."""
    carrier, tracking = _label(request)
    parcel = parcels.pack(order, {each.line.pk: each.units for each in lines}, actor=request.user.get_username())
    if request.POST.get("do") != "pack":
        parcels.ship(parcel, carrier, tracking)
    return parcel


def _label(request: MerchantRequest) -> tuple[str, str]:
    """(carrier, tracking) as typed. Raises Refusal where a number is wanted and none is there."""
    carrier, tracking = (" ".join(request.POST.get(name, "").split()) for name in TYPED)
    if not tracking and request.POST.get("do", "ship") == "ship":
        raise Refusal("Scan or type the tracking number, or press Ship without tracking.")
    if len(carrier) > 100 or len(tracking) > 100:
        raise Refusal("A carrier and a tracking number have at most 100 characters.")
    return carrier, tracking


def _next(request: MerchantRequest, parcel: Parcel) -> HttpResponse:
    """Back to the list, for the next order; to the order itself while something of it is left to do."""
    order = _order(parcel.order.public_id)
    if order.state == PackingOrder.State.SHIPPED:
        messages.success(request, f"Order {order.number} is shipped. Its cart is told now.")
        return redirect("packing", request.merchant.public_id)
    parcel.refresh_from_db()
    messages.success(request, f"Package recorded: {parcel.get_state_display().lower()}.")
    return redirect("packing_order", request.merchant.public_id, order.public_id)


@at_least(Role.STAFF)
@require_POST
def ship(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A package that was only packed leaves."""
    parcel = _parcel(public_id)
    try:
        parcels.ship(parcel, *_label(request))
    except Refusal as refusal:
        messages.error(request, refusal.words)
        return redirect("packing_order", request.merchant.public_id, parcel.order.public_id)
    return _next(request, parcel)


@at_least(Role.STAFF)
@require_POST
def take_back(request: MerchantRequest, public_id: str) -> HttpResponse:
    parcel = _parcel(public_id)
    try:
        parcels.take_back(parcel, actor=request.user.get_username())
    except Refusal as refusal:
        messages.error(request, refusal.words)
    else:
        messages.success(request, "The package is taken back. Its units are to be packed again.")
    return redirect("packing_order", request.merchant.public_id, parcel.order.public_id)


@at_least(Role.VIEWER)
@require_safe
def slip(request: MerchantRequest, public_id: str) -> HttpResponse:
    order = _order(public_id)
    return pdf(slips.of_orders(request.merchant, [order]), f"Packing slip {order.ref}")


@at_least(Role.VIEWER)
@require_safe
def parcel_slip(request: MerchantRequest, public_id: str) -> HttpResponse:
    """What is in this one package."""
    parcel = _parcel(public_id)
    return pdf(slips.of_parcel(request.merchant, parcel), f"Packing slip {parcel.order.ref}")


def _page(request: MerchantRequest, order: PackingOrder, lines: list[Counted] | None = None, wrong: str = "") -> HttpResponse:
    desk = get_object_or_404(desks(), connection_id=order.connection_id)
    settings = DeskSettings.of(desk)
    lines = counted(order, {}) if lines is None else lines
    left = sum(each.left for each in lines)
    made = order.parcels.order_by("pk").prefetch_related("lines__line")
    context: dict[str, Any] = {
        "order": order,
        "desk": desk,
        "lines": lines,
        "left": left,
        "packable": bool(left) and order.state == PackingOrder.State.TO_PACK and may(request.member, Role.STAFF),
        "counting": sum(each.units for each in lines),
        "wrong": wrong,
        "carriers": settings.carriers,
        "carrier": request.POST.get("carrier") or settings.carrier_for(order.shipping_method),
        "tracking": request.POST.get("tracking", ""),
        "parcels": [(parcel, parcels.may_take_back(parcel)) for parcel in made],
        "late": order.ship_by is not None and order.ship_by < timezone.now(),
        "known": Order.objects.filter(ref=order.ref).exists(),
    }
    return TemplateResponse(request, "packing/order.html", context)


def _order(public_id: str) -> PackingOrder:
    rows = PackingOrder.objects.select_related("customer").prefetch_related("lines__item")
    order: PackingOrder = get_object_or_404(rows, public_id=public_id)
    return order


def _parcel(public_id: str) -> Parcel:
    rows = Parcel.objects.select_related("order__customer").prefetch_related("order__lines__item")
    parcel: Parcel = get_object_or_404(rows, public_id=public_id)
    return parcel
