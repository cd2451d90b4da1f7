"""Carts and warehouses: their lists, how one is added, and the page on which one is set up, taken live and paused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.conf import settings as installation
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from cartrover.connections import grants, holders
from cartrover.connections.approval import approve
from cartrover.connections.checking import check, ends, open_orders, passed, run, steps
from cartrover.connections.checking.findings import UNFILLED, Line
from cartrover.connections.claims import Claimed
from cartrover.connections.forms import NameForm, ServicesForm, SettingsForm
from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Connection, GrantAttempt, Warehouse
from cartrover.connections.views.windows import opens_windows
from cartrover.guides.links import guide_url
from cartrover.merchants.middleware import without_scope
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.limits_form import LimitsForm
from integrations import registry
from integrations.contract import CartSide, Integration, Variant, WarehouseSide
from integrations.outcomes import Outcome

MODELS: dict[str, type[Cart] | type[Warehouse]] = {"cart": Cart, "warehouse": Warehouse}
DAYS_BACK = (holders.FIRST_PULL_DAYS, 7, 1, 0)  # how far back a first download may reach; 0 is from now on


# ------------------------------------------------------------------------------------------------------------------ the lists


@at_least(Role.VIEWER)
@require_GET
def carts(request: MerchantRequest) -> HttpResponse:
    rows = Cart.objects.select_related("connection", "warehouse").order_by("name", "pk")
    return render(request, "connections/carts.html", {"carts": _with_integrations(rows)})


@at_least(Role.VIEWER)
@require_GET
def warehouses(request: MerchantRequest) -> HttpResponse:
    rows = Warehouse.objects.select_related("connection").prefetch_related("carts").order_by("name", "pk")
    return render(request, "connections/warehouses.html", {"warehouses": _with_integrations(rows)})


def _with_integrations(rows: Any) -> list[tuple[Any, Integration]]:
    return [(row, registry.get(row.integration)) for row in rows]


# --------------------------------------------------------------------------------------------------------------------- adding


@at_least(Role.MANAGER)
@require_GET
def add(request: MerchantRequest, kind: str) -> HttpResponse:
    """Which integration the new cart or warehouse is at."""
    choices = [each for each in registry.all_integrations() if getattr(each, kind) is not None]
    return render(request, "connections/add.html", {"kind": kind, "integrations": choices})


@at_least(Role.MANAGER)
def setup(request: MerchantRequest, slug: str) -> HttpResponse:
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


def _drafts(request: MerchantRequest, integration: Integration, purpose: str) -> str:
    """Make what was asked for. Returns the page to go on with; ``both`` sets up two on one grant."""
    actor = request.user.get_username()
    if purpose not in ("cart", "warehouse", "both"):
        raise ValueError(purpose)
    merchant = request.merchant.public_id
    cart = None
    if purpose != "warehouse":
        cart = holders.new_cart(integration, request.POST.get("variant", ""), actor=actor)
    if cart is not None and purpose == "cart":
        return reverse("cart", args=[merchant, cart.public_id])
    address = reverse("warehouse", args=[merchant, holders.new_warehouse(integration, actor=actor).public_id])
    return f"{address}?with={cart.public_id}" if cart is not None else address


# ------------------------------------------------------------------------------------------------------------------ one's page


@opens_windows
@at_least(Role.VIEWER)
@without_scope
def holder(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """Its page; a POST is OK: its settings are tested, and saved as checked where they pass."""
    if request.method == "POST":
        return _ok(request, kind, public_id)
    with acting_for(request.merchant):
        row = _row(kind, public_id)
        return _page(request, kind, row, _forms(row))


@at_least(Role.MANAGER)
def _ok(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    with acting_for(request.merchant):
        row = _row(kind, public_id)
        name, settings, services = forms = _forms(row, request.POST)
        if not all([form.is_valid() for form in forms]):
            return _page(request, kind, row, forms)
    changes = {**name.values, "services": services.values}
    lines = approve(row, actor=request.user.get_username(), settings=settings.values, **changes)
    good = passed(lines)
    with acting_for(request.merchant):
        row = _row(kind, public_id)
        if not good:
            messages.error(request, _not_passed(row))
            return _page(request, kind, row, forms, lines)
        messages.success(request, f"{row.name} passed the test and is saved.")
        done = row.state == holders.State.CHECKED and not holders.obstacles(row)
    return redirect(f"{kind}_live" if done else kind, request.merchant.public_id, public_id)


def _not_passed(row: Holder) -> str:
    if row.state == holders.State.DRAFT:
        return "Saved as a draft: the test found something to mend. It is listed under Test."
    return f"{row.name} goes on with the settings from before: these did not pass the test. What to mend is listed under Test."


@opens_windows
@at_least(Role.MANAGER)
@without_scope
@require_POST
def test(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """Test what the form says, and save nothing. The page asks for one step after the other; without a script all run at once."""
    with acting_for(request.merchant):
        row = _row(kind, public_id)
        forms = _forms(row, request.POST)
        if not all([form.is_valid() for form in forms]):
            return _page(request, kind, row, forms) if not request.htmx else _fragment(request, [UNFILLED], "")
    settings = forms[1].values
    if not request.htmx:
        lines = list(check(row, settings=settings))
        with acting_for(request.merchant):
            return _page(request, kind, row, forms, lines)
    names = steps(row)
    step = request.GET.get("step", names[0])
    if step not in names:
        raise Http404("No such step.")
    lines = list(run(row, step, settings=settings))
    rest = () if ends(step, lines) else names[names.index(step) + 1 :]
    return _fragment(request, lines, f"{request.path}?step={rest[0]}" if rest else "")


def _fragment(request: MerchantRequest, lines: list[Line], following: str) -> HttpResponse:
    """The lines, and what asks for the next ones."""
    with acting_for(request.merchant):
        return render(request, "connections/test_lines.html", {"lines": lines, "following": following})


Forms = tuple[NameForm, SettingsForm, ServicesForm]


def _forms(row: Holder, data: Any = None) -> Forms:
    """The forms of its page. Posted data also says where a cart's orders go, which is noted on the row and not saved."""
    side = holders.side_of(row)
    facts = row.connection.facts if row.connection is not None else {}
    if data is not None and isinstance(row, Cart) and "orders_go_to" in data:
        row.warehouse = Warehouse.objects.filter(public_id=data["orders_go_to"]).first()
    return (
        _name_form(row, side, data),
        SettingsForm(side.fields, facts, row.settings, data, guide=partial(guide_url, row.integration)),
        ServicesForm(side.services, row.services, data),
    )


def _name_form(row: Holder, side: CartSide | WarehouseSide, data: Any) -> NameForm:
    if isinstance(row, Cart) and isinstance(side, CartSide):
        return NameForm({"name": row.name, "identifier": row.identifier}, data, side.identifiers)
    return NameForm({"name": row.name}, data)


def _page(request: MerchantRequest, kind: str, row: Holder, forms: Forms, lines: list[Line] | None = None) -> HttpResponse:
    name, settings, services = forms
    integration = registry.get(row.integration)
    together_with = request.GET.get("with", "") if kind == "warehouse" else ""
    page_url = reverse(kind, args=[request.merchant.public_id, row.public_id])
    context = {
        "kind": kind,
        "holder": row,
        "integration": integration,
        "variant": _variant(row, integration),
        "steps": _progress(row),
        "name_form": name,
        "settings_form": settings,
        "services_form": services,
        "lines": lines or [],
        "passed": lines is not None and passed(lines),
        "addresses": installation.OUTBOUND_ADDRESSES,
        "obstacles": holders.obstacles(row),
        "kept": grants.kept(_attempts(kind, row)),
        "offered": [] if row.connection_id else _offered(row),
        "together_with": together_with,
        "page_url": f"{page_url}?{urlencode({'with': together_with})}" if together_with else page_url,
        "beside": _beside(row),
        "warehouses": Warehouse.objects.order_by("name", "pk") if kind == "cart" else [],
        "limits_form": LimitsForm(row) if isinstance(row, Warehouse) else None,
    }
    return render(request, "connections/holder.html", context)


def _attempts(kind: str, row: Holder) -> QuerySet[GrantAttempt]:
    """What the buttons of its page began: for itself, or to reconnect its account."""
    of_its_own = Q(**{kind: row})
    return GrantAttempt.objects.filter(of_its_own if row.connection_id is None else of_its_own | Q(renews=row.connection_id))


def _variant(row: Holder, integration: Integration) -> Variant | None:
    return integration.cart.variant(row.variant) if isinstance(row, Cart) and integration.cart else None


def _progress(row: Holder) -> list[tuple[str, str]]:
    """The way to live as (words, state): done, here or ahead."""
    kept_here = registry.get(row.integration).kept_here
    tested = row.state != holders.State.DRAFT
    done = {
        "Marketplace" if isinstance(row, Cart) and row.variant else "Purpose": True,
        **({} if kept_here else {"Access": row.connection_id is not None}),
        "Settings": tested,
        "Test": tested,
        "Go live": row.went_live_at is not None,
    }
    here = next((name for name, ended in done.items() if not ended), "")
    return [(name, "done" if ended else "here" if name == here else "ahead") for name, ended in done.items()]


def _beside(row: Holder) -> list[tuple[str, Holder]]:
    """What else stands on the same access, as (kind, row)."""
    if row.connection_id is None:
        return []
    rows = [(kind, each) for kind, model in MODELS.items() for each in model.objects.filter(connection_id=row.connection_id)]
    return [(kind, each) for kind, each in rows if each != row]


def _offered(row: Holder) -> list[Connection]:
    """Connections of the merchant that it could use without another grant."""
    usable = Connection.objects.filter(integration=row.integration, state=Connection.State.ACTIVE)
    return list(usable.filter(environment=registry.get(row.integration).environment).order_by("account_name"))


# --------------------------------------------------------------------------------------------------------------------- buttons


@at_least(Role.MANAGER)
@require_POST
def use(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """Stand on a connection that the merchant has already."""
    row = _row(kind, public_id)
    if registry.get(row.integration).kept_here:
        raise Http404("It stands on its own.")
    connection = get_object_or_404(Connection, public_id=request.POST.get("connection"), integration=row.integration)
    try:
        holders.join(row, connection)
    except (Claimed, holders.LeftBehind) as reason:
        messages.error(request, reason.words)
    else:
        messages.success(request, f"{row.name} uses {connection.account_name}.")
    return _back(request, kind, row)


@at_least(Role.MANAGER)
def live(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    """What going live will do, with its numbers; a POST does it."""
    row = _row(kind, public_id)
    if request.method == "POST":
        return _take_live(request, kind, row)
    integration = registry.get(row.integration)
    context = {
        "kind": kind,
        "holder": row,
        "integration": integration,
        "variant": _variant(row, integration),
        "steps": _progress(row),
        "obstacles": holders.obstacles(row),
        "choices": [(days, None) for days in DAYS_BACK],
        "days_back": _days_back(request.GET),
    }
    return render(request, "connections/live.html", context)


def _take_live(request: MerchantRequest, kind: str, row: Holder) -> HttpResponse:
    try:
        holders.go_live(row, actor=request.user.get_username(), days_back=_days_back(request.POST))
    except holders.Obstacle as obstacle:
        for reason in obstacle.reasons:
            messages.error(request, reason)
    else:
        messages.success(request, f"{row.name} is live.")
    return _back(request, kind, row)


def _days_back(data: Mapping[str, Any]) -> int:
    offered = {str(days): days for days in DAYS_BACK}
    return offered.get(str(data.get("days_back", "")), holders.FIRST_PULL_DAYS)


@at_least(Role.MANAGER)
@without_scope
@require_GET
def numbers(request: MerchantRequest, public_id: str) -> HttpResponse:
    """How many orders each choice of a first download would send, asked of the cart now."""
    with acting_for(request.merchant):
        row = _row("cart", public_id)
    counted, trouble = None, ""
    try:
        counted = open_orders(row) if isinstance(row, Cart) else None
    except Outcome as outcome:
        trouble = f"{outcome.message} So the orders could not be counted."
    context = {
        "choices": [(days, counted.since(days) if counted else None) for days in DAYS_BACK],
        "days_back": _days_back(request.GET),
        "trouble": trouble,
    }
    with acting_for(request.merchant):
        return render(request, "connections/first_orders.html", context)


@at_least(Role.STAFF)
@require_POST
def pause(request: MerchantRequest, kind: str, public_id: str) -> HttpResponse:
    row = _row(kind, public_id)
    try:
        holders.pause(row, actor=request.user.get_username())
    except holders.Obstacle as obstacle:
        messages.error(request, str(obstacle))
    else:
        messages.success(request, f"{row.name} is paused. Nothing is lost: it goes on where it was.")
    return _back(request, kind, row)


def _back(request: MerchantRequest, kind: str, row: Holder) -> HttpResponse:
    return redirect(kind, request.merchant.public_id, row.public_id)


def _row(kind: str, public_id: str) -> Holder:
    row: Holder = get_object_or_404(MODELS[kind].objects.select_related("connection"), public_id=public_id)
    return row
