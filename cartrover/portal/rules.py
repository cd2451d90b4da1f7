"""Rules: which orders are left out or held, and how many a new rule would touch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.models import Cart
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders import ruling
from cartrover.orders.models import Order, OrderRule
from cartrover.orders.rule_form import RuleForm
from cartrover.orders.rules import Rule
from cartrover.sync import streams


@at_least(Role.VIEWER)
@require_safe
def rule_list(request: MerchantRequest) -> HttpResponse:
    return _page(request, RuleForm(_carts()))


@at_least(Role.MANAGER)
@require_POST
def preview_rule(request: MerchantRequest) -> HttpResponse:
    """How many of the last orders the rule would touch. A script shows it in the form; without one the page comes back."""
    form = RuleForm(_carts(), request.POST)
    found = ruling.touched(form.rule()) if form.is_valid() else None
    if request.headers.get("HX-Request"):
        return TemplateResponse(request, "rules/preview.html", {"found": found, "form": form, "days": ruling.DAYS})
    return _page(request, form, found)


@at_least(Role.MANAGER)
@require_POST
def add_rule(request: MerchantRequest) -> HttpResponse:
    form = RuleForm(_carts(), request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    streams.deliver(ruling.add(form.rule(), request), asked=True)
    messages.success(request, "The rule is saved, and orders that are not sent yet are judged by it.")
    return redirect("rules", request.merchant.public_id)


@at_least(Role.MANAGER)
@require_POST
def switch_rule(request: MerchantRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(OrderRule, pk=pk)
    streams.deliver(ruling.switch(row, not row.on, request), asked=True)
    words = "The rule is on." if row.on else "The rule is off. What it had stopped goes on."
    messages.success(request, words)
    return redirect("rules", request.merchant.public_id)


@at_least(Role.MANAGER)
@require_POST
def delete_rule(request: MerchantRequest, pk: int) -> HttpResponse:
    streams.deliver(ruling.delete(get_object_or_404(OrderRule, pk=pk), request), asked=True)
    messages.success(request, "The rule is deleted. What it had stopped goes on.")
    return redirect("rules", request.merchant.public_id)


def _carts() -> list[Cart]:
    return list(Cart.objects.order_by("name", "pk"))


def _page(request: MerchantRequest, form: RuleForm, found: ruling.Touched | None = None, status: int = 200) -> HttpResponse:
    rows = OrderRule.objects.select_related("cart").order_by("action", "pk")
    context = {
        "rules": [(row, Rule.of(row).words) for row in rows],
        "stopped": Order.objects.filter(reason_code__in=ruling.STOPPED).count(),
        "form": form,
        "found": found,
        "days": ruling.DAYS,
    }
    return TemplateResponse(request, "rules/page.html", context, status=status)
