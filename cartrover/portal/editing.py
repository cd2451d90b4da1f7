"""The form that changes an order before it goes out, on a page of its own and on the card of what it waits for."""

from __future__ import annotations

from contextlib import nullcontext

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cartrover.events.cards import Card
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.edit_form import EditForm
from cartrover.orders.editing import edit, may_edit
from cartrover.orders.models import Order
from cartrover.portal.solving import solving
from cartrover.sync import streams


@at_least(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_order(request: MerchantRequest, ref: str) -> HttpResponse:
    rows = Order.objects.select_related("cart", "warehouse", "problem").select_for_update(of=("self",), no_key=True)
    order = get_object_or_404(rows, ref=ref)
    if not may_edit(order):
        messages.warning(request, "It is past editing here: it is, or may be, at the warehouse.")
        return redirect("order", request.merchant.public_id, ref)
    form = EditForm(order, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return TemplateResponse(request, "orders/edit.html", {"order": order, "form": form}, status=400 if form.errors else 200)
    problem = order.problem
    with solving(problem) if problem is not None else nullcontext():
        words, connections = edit(order, form.cleaned_data, request.user.email)
    streams.deliver(connections, asked=True)
    audit.record(request, "edited order", order, after={"other than the cart tells": words})
    messages.success(request, "Saved. It goes out like this, whatever the cart tells." if words else "Saved.")
    if problem is not None and request.POST.get("from") == "problem":
        return redirect("problem", request.merchant.public_id, problem.pk)
    return redirect("order", request.merchant.public_id, ref)


def of_card(card: Card) -> dict[str, object]:
    """The one order that a card is about, with its form; nothing where it is past that."""
    order = Order.objects.select_related("cart", "warehouse").filter(problem=card.problem).first()
    return {"order": order, "form": EditForm(order)} if order is not None and may_edit(order) else {}
