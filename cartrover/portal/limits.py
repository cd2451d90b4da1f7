"""What a warehouse takes of an order, and from which date on a cart's orders are wanted: changed on their pages."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from cartrover.connections import holders
from cartrover.connections.models import Cart, Warehouse
from cartrover.merchants import audit
from cartrover.merchants.days import midnight
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.limits_form import LimitsForm
from cartrover.orders.models import Order, Status
from cartrover.orders.preparing import decide
from cartrover.sync import streams

_UNSENT = (Status.NEW, Status.ERROR, Status.HELD)


@at_least(Role.MANAGER)
@require_POST
def save_limits(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Orders that the old limits stopped go on, and what is not sent yet is judged by the new ones."""
    warehouse: Warehouse = get_object_or_404(Warehouse, public_id=public_id)
    form = LimitsForm(warehouse, request.POST)
    if form.is_valid():
        with audit.watched(request, "changed limits", warehouse, "limits"):
            warehouse.limits = form.limits
            warehouse.save(update_fields=["limits"])
        streams.deliver(decide(Order.objects.filter(warehouse=warehouse, status__in=_UNSENT)), asked=True)
        messages.success(request, "Saved. Orders that are not sent yet are judged by it.")
    for name, errors in form.errors.items():
        messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, errors))}")
    return redirect("warehouse", request.merchant.public_id, public_id)


@at_least(Role.MANAGER)
@require_POST
def save_earliest(request: MerchantRequest, public_id: str) -> HttpResponse:
    """An earlier date loads more, by the cart's next pull; a later one leaves out what is not sent yet."""
    cart: Cart = get_object_or_404(Cart.objects.select_related("connection"), public_id=public_id)
    since = _since(request.POST.get("earliest", ""), request.merchant.time_zone)
    if since is None or since > timezone.now():
        messages.error(request, "Choose a day that has begun.")
    elif cart.pull_from is None:
        messages.error(request, f"{cart.name} is not live yet: going live asks from when on.")
    else:
        holders.pull_since(cart, since, actor=request.user.email)
        streams.deliver(decide(Order.objects.filter(cart=cart, placed_at__lt=since, status__in=_UNSENT)), asked=True)
        messages.success(request, f"Orders of {cart.name} count from {since:%Y-%m-%d} on.")
    return redirect("cart", request.merchant.public_id, public_id)


def _since(typed: str, zone: str) -> datetime | None:
    """The beginning of a day that was typed; None where that is no day."""
    try:
        return midnight(date.fromisoformat(typed), ZoneInfo(zone))
    except ValueError:
        return None
