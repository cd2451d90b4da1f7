"""The page of a cart's stock rules: the form, what it would change, and saving it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cartrover.connections import holders
from cartrover.connections.models import Cart
from cartrover.inventory.previewing import preview
from cartrover.inventory.rules import StockRules
from cartrover.inventory.rules_form import StockRulesForm
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.portal.lookup import the_cart


@at_least(Role.VIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def stock_rules(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A GET shows the rules; a POST looks at what others would change, or saves them."""
    if request.method == "POST":
        return _posted(request, public_id)
    cart = the_cart(public_id)
    return _page(request, cart, StockRulesForm(cart), StockRules.of(cart.stock_rules))


@at_least(Role.MANAGER)
def _posted(request: MerchantRequest, public_id: str) -> HttpResponse:
    cart = the_cart(public_id)
    form = StockRulesForm(cart, request.POST)
    if not form.is_valid():
        return _page(request, cart, form, None)
    if "preview" in request.POST:
        return _page(request, cart, form, form.rules)
    holders.save_settings(cart, actor=request.user.email, stock_rules=form.rules.stored())
    messages.success(request, f"Saved. {cart.name} is told what differs with the next round.")
    return redirect("stock_rules", request.merchant.public_id, cart.public_id)


def _page(request: MerchantRequest, cart: Cart, form: StockRulesForm, rules: StockRules | None) -> HttpResponse:
    """``rules`` are those that the preview compares with the saved ones; None where the form does not say any."""
    context: dict[str, Any] = {"cart": cart, "form": form, "preview": preview(cart, rules) if rules is not None else None}
    return TemplateResponse(request, "stock/rules.html", context)
