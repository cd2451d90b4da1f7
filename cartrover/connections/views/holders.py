"""Carts and warehouses: their lists, how one is added, and the page on which one is set up, taken live and paused."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cartrover.connections import holders
from cartrover.connections.claims import Claimed
from cartrover.connections.forms import NameForm, ServicesForm, SettingsForm
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.connections.views.windows import opens_windows
from cartrover.merchants.models import Role
from cartrover.merchants.roles import at_least
from integrations import registry
from integrations.contract import Integration

MODELS: dict[str, type[Cart] | type[Warehouse]] = {"cart": Cart, "warehouse": Warehouse}
DAYS_BACK = (30, 7, 1, 0)  # how far back a first download may reach; 0 is from now on


# ------------------------------------------------------------------------------------------------------------------ the lists


@at_least(Role.VIEWER)
@require_GET
def carts(request: HttpRequest) -> HttpResponse:
    rows = Cart.objects.select_related("connection", "warehouse").order_by("name", "pk")
    return render(request, "connections/carts.html", {"carts": _with_integrations(rows)})


@at_least(Role.VIEWER)
@require_GET
def warehouses(request: HttpRequest) -> HttpResponse:
    rows = Warehouse.objects.select_related("connection").prefetch_related("carts").order_by("name", "pk")
    return render(request, "connections/warehouses.html", {"warehouses": _with_integrations(rows)})


def _with_integrations(rows: Any) -> list[tuple[Any, Integration]]:
    return [(row, registry.get(row.integration)) for row in rows]


# --------------------------------------------------------------------------------------------------------------------- adding


@at_least(Role.MANAGER)
@require_GET
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """Which integration the new cart or warehouse is at."""
    choices = [each for each in registry.all_integrations() if getattr(each, kind) is not None]
    return render(request, "connections/add.html", {"kind": kind, "integrations": choices})


@at_least(Role.MANAGER)
def setup(request: HttpRequest, slug: str) -> HttpResponse:
    """New eBay Setup, New TradeGecko Setup: what it is for, then drafts of that."""
    try:
        integration = registry.get(slug)
    except registry.UnknownIntegration:
        raise Http404("No such integration.") from None
    purposes = [kind for kind in MODELS if getattr(integration, kind) is not None]
    purpose = request.POST.get("purpose") or request.GET.get("for") or purposes[-1]
    wrong = ""
    if request.method == "POST":
        try:
            return redirect(_drafts(request, integration, purpose))
        except ValueError:
            wrong = "Choose one of these."
    context = {"integration": integration, "purposes": purposes, "purpose": purpose, "wrong": wrong}
    return render(request, "connections/setup.html", context)


def _drafts(request: HttpRequest, integration: Integration, purpose: str) -> str:
    """Make what was asked for. Returns the page to go on with; ``both`` sets up two on one grant."""
    actor = _actor(request)
    if purpose not in ("cart", "warehouse", "both"):
        raise ValueError(purpose)
    merchant = request.merchant.public_id  # type: ignore[attr-defined]
    cart = None
    if purpose != "warehouse":
        cart = holders.new_cart(integration, request.POST.get("variant", ""), actor=actor)
    if cart is not None and purpose == "cart":
        return reverse("cart", args=[merchant, cart.public_id])
    address = reverse("warehouse", args=[merchant, holders.new_warehouse(integration, actor=actor).public_id])
    return f"{address}?with={cart.public_id}" if cart is not None else address


# ------------------------------------------------------------------------------------------------------------------- one's page


@opens_windows
@at_least(Role.VIEWER)
def holder(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Its page; a POST saves its name, settings, services and where its orders go."""
    row = _row(kind, public_id)
    if request.method == "POST":
        return _save(request, kind, row)
    return _page(request, kind, row)


@at_least(Role.MANAGER)
def _save(request: HttpRequest, kind: str, row: Holder) -> HttpResponse:
    name, settings, services = forms = _forms(row, request.POST)
    if not all([form.is_valid() for form in forms]):
        return _page(request, kind, row, forms)
    changes = {"name": name.cleaned_data["name"], "settings": settings.values, "services": services.values}
    holders.save_settings(row, actor=_actor(request), **changes)
    if isinstance(row, Cart):
        target = Warehouse.objects.filter(public_id=request.POST.get("orders_go_to", "")).first()
        holders.send_orders_to(row, target, actor=_actor(request))
    messages.success(request, "Saved.")
    return redirect(request.get_full_path())


def _forms(row: Holder, data: Any = None) -> tuple[NameForm, SettingsForm, ServicesForm]:
    side = holders.side_of(row)
    facts = row.connection.facts if row.connection is not None else {}
    return (
        NameForm(data, initial={"name": row.name}),
        SettingsForm(side.fields, facts, row.settings, data),
        ServicesForm(side.services, row.services, data),
    )


def _page(request: HttpRequest, kind: str, row: Holder, forms: Any = None) -> HttpResponse:
    name, settings, services = forms or _forms(row)
    integration = registry.get(row.integration)
    context = {
        "kind": kind,
        "holder": row,
        "integration": integration,
        "variant": dict(integration.cart.variants).get(row.variant, "") if isinstance(row, Cart) and integration.cart else "",
        "name_form": name,
        "settings_form": settings,
        "services_form": services,
        "obstacles": holders.obstacles(row),
        "offered": [] if row.connection_id else _offered(row),
        "together_with": request.GET.get("with", "") if kind == "warehouse" else "",
        "warehouses": Warehouse.objects.order_by("name", "pk") if kind == "cart" else [],
        "days_back": DAYS_BACK,
    }
    return render(request, "connections/holder.html", context, status=400 if forms else 200)


def _offered(row: Holder) -> list[Connection]:
    """Connections of the merchant that it could use without another grant."""
    usable = Connection.objects.filter(integration=row.integration, state=Connection.State.ACTIVE)
    return list(usable.filter(environment=registry.get(row.integration).environment).order_by("account_name"))


# --------------------------------------------------------------------------------------------------------------------- buttons


@at_least(Role.MANAGER)
@require_POST
def use(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    """Stand on a connection that the merchant has already."""
    row = _row(kind, public_id)
    connection = get_object_or_404(Connection, public_id=request.POST.get("connection"), integration=row.integration)
    try:
        holders.join(row, connection)
    except Claimed as claimed:
        messages.error(request, claimed.words)
    else:
        messages.success(request, f"{row.name} uses {connection.account_name}.")
    return _back(request, kind, row)


@at_least(Role.MANAGER)
@require_POST
def live(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    row = _row(kind, public_id)
    wanted = request.POST.get("days_back", "")
    days = int(wanted) if wanted.isdigit() and int(wanted) in DAYS_BACK else DAYS_BACK[0]
    try:
        holders.go_live(row, actor=_actor(request), days_back=days)
    except holders.Obstacle as obstacle:
        for reason in obstacle.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, f"{row.name} is live.")
    return _back(request, kind, row)


@at_least(Role.STAFF)
@require_POST
def pause(request: HttpRequest, kind: str, public_id: str) -> HttpResponse:
    row = _row(kind, public_id)
    holders.pause(row, actor=_actor(request))
    messages.success(request, f"{row.name} is paused. Nothing is lost: it goes on where it was.")
    return _back(request, kind, row)


def _back(request: HttpRequest, kind: str, row: Holder) -> HttpResponse:
    return redirect(kind, request.merchant.public_id, row.public_id)  # type: ignore[attr-defined]


def _row(kind: str, public_id: str) -> Holder:
    row: Holder = get_object_or_404(MODELS[kind].objects.select_related("connection"), public_id=public_id)
    return row


def _actor(request: HttpRequest) -> str:
    return request.user.get_username()
