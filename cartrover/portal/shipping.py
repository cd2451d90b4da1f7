"""Shipping methods and carriers: what each cart calls them, and what the other side is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.declared import carrier_codes, carrier_found
from cartrover.connections.models import Cart
from cartrover.events.models import Problem
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.methods import hold_unmapped, map_method
from cartrover.orders.models import Carrier, Order, ShippingMethod
from cartrover.portal.solving import solving
from cartrover.sync import streams

DAYS = 30  # orders of these days are counted


@dataclass(frozen=True, slots=True)
class Section:
    """One cart with its methods as (row, orders seen)."""

    cart: Cart
    methods: list[tuple[ShippingMethod, int]]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one cart is told for a carrier. ``found`` is what the integration makes of the name by itself."""

    cart: Cart
    row: Carrier
    found: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One of the warehouses' carriers. ``words`` says which carts are told what of it, those that are told the same together."""

    name: str
    words: list[tuple[str, list[Cart]]]
    choices: list[Choice]


@at_least(Role.VIEWER)
@require_safe
def shipping(request: MerchantRequest) -> HttpResponse:
    carts = Cart.objects.prefetch_related("shipping_methods", "carriers").order_by("name", "pk")
    seen = _orders_seen()
    context = {
        "sections": [_section(cart, seen) for cart in carts],
        "carriers": _carriers(carts),
        "known": sorted(set(ShippingMethod.objects.exclude(sent_as="").values_list("sent_as", flat=True))),
        "days": DAYS,
    }
    return TemplateResponse(request, "shipping/page.html", context)


def _section(cart: Cart, seen: dict[tuple[int, str], int]) -> Section:
    methods = sorted(cart.shipping_methods.all(), key=lambda row: row.code.casefold())
    return Section(cart, [(row, seen.get((cart.pk, row.code), 0)) for row in methods])


def _carriers(carts: Iterable[Cart]) -> list[Told]:
    choices: dict[str, list[Choice]] = {}
    for cart in carts:
        for row in cart.carriers.all():
            choices.setdefault(row.name, []).append(Choice(cart, row, carrier_found(cart, row.name), carrier_codes(cart)))
    return [Told(name, _together(choices[name]), choices[name]) for name in sorted(choices, key=str.casefold)]


def _together(choices: Iterable[Choice]) -> list[tuple[str, list[Cart]]]:
    told: dict[str, list[Cart]] = {}
    for each in choices:
        told.setdefault(each.row.code or each.found, []).append(each.cart)
    return list(told.items())


def _orders_seen() -> dict[tuple[int, str], int]:
    recent = Order.objects.filter(placed_at__gte=timezone.now() - timedelta(days=DAYS), cart__isnull=False)
    rows = recent.order_by().values_list("cart_id", "shipping_method").annotate(count=Count("pk"))
    return {(cart_id, code): count for cart_id, code, count in rows}


@at_least(Role.MANAGER)
@require_POST
def save_methods(request: MerchantRequest, public_id: str) -> HttpResponse:
    """The table of one cart: what each method is sent as, and which hold their orders until that is said."""
    cart: Cart = get_object_or_404(Cart, public_id=public_id)
    woken: set[int] = set()
    holds = "holds_unmapped" in request.POST
    turned = holds != cart.holds_unmapped
    if turned:
        with audit.watched(request, "changed what unmapped shipping methods do", cart, "holds_unmapped"):
            woken |= hold_unmapped(cart, holds)
    for row in cart.shipping_methods.order_by("pk"):
        if f"sent_as-{row.pk}" in request.POST:
            hold = row.hold if turned else f"hold-{row.pk}" in request.POST
            woken |= _map(request, row, _typed(request.POST, f"sent_as-{row.pk}"), hold)
    streams.deliver(woken, asked=True)
    messages.success(request, f"Saved. Orders of {cart.name} that waited for this go on.")
    return redirect("shipping", request.merchant.public_id)


def _map(request: MerchantRequest, row: ShippingMethod, sent_as: str, hold: bool) -> set[int]:
    if (row.sent_as, row.hold) == (sent_as, hold):
        return set()
    with audit.watched(request, "mapped a shipping method", row, "sent_as", "hold"):
        return map_method(row, sent_as=sent_as, hold=hold)


@at_least(Role.MANAGER)
@require_POST
def save_carriers(request: MerchantRequest) -> HttpResponse:
    for row in Carrier.objects.select_related("cart").order_by("pk"):
        code, codes = _typed(request.POST, f"code-{row.pk}"), carrier_codes(row.cart)
        if f"code-{row.pk}" not in request.POST or code == row.code:
            continue
        if code and codes and code not in codes:
            messages.error(request, f"{row.cart.name} knows no carrier {code}. Choose one of its list.")
            continue
        with audit.watched(request, "mapped a carrier", row, "code"):
            row.code = code
            row.save(update_fields=["code"])
    messages.success(request, "Saved. Packages from now on are told this way.")
    return redirect("shipping", request.merchant.public_id)


@at_least(Role.MANAGER)
@require_POST
def map_from_problem(request: MerchantRequest, problem_id: int) -> HttpResponse:
    """The fix of an unmapped shipping method, in place: what it is sent as, or as the cart calls it where nothing is typed."""
    problem = get_object_or_404(Problem, pk=problem_id)
    row = ShippingMethod.objects.filter(cart_id=problem.data.get("cart"), code=problem.subject).first()
    if problem.kind != "unmapped_method" or row is None:
        raise Http404("No such problem.")
    sent_as = _typed(request.POST, "sent_as")
    with solving(problem):
        streams.deliver(_map(request, row, sent_as, hold=bool(sent_as) and row.hold), asked=True)
    messages.success(request, f"{row.code} is sent as {sent_as or row.code}. What waited for it goes on.")
    return redirect("problem", request.merchant.public_id, problem_id)


def _typed(data: QueryDict, name: str) -> str:
    return str(data.get(name, "")).strip()[:200]
