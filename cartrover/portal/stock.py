"""The pages of what each cart is told: every listing with its figure, the sum behind one of them, and the button that pushes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections.models import Cart
from cartrover.inventory import standing
from cartrover.inventory.explaining import explained
from cartrover.inventory.models import Listing
from cartrover.inventory.publishing import Figure, sold_for
from cartrover.inventory.selling import choose, untold
from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.models import Order
from cartrover.pages.paging import alphabetical
from cartrover.sync import streams
from cartrover.sync.models import Stream

SHOWN_ORDERS = 100


@dataclass(frozen=True, slots=True)
class Tab:
    """One filter above the list. ``state`` names its look; the first one has none and shows all."""

    state: str
    query: str
    here: bool
    count: int


@at_least(Role.VIEWER)
@require_safe
def listings(request: MerchantRequest) -> HttpResponse:
    """Every listing, by SKU: what it shows and what it ought to show."""
    asked = request.GET
    cart = Cart.objects.filter(public_id=asked["cart"]).first() if asked.get("cart") else None
    rows = _asked_for(asked, cart)
    filters = standing.filters()
    state = asked.get("state", "")
    page = alphabetical(_with_carts(rows.filter(filters[state]) if state in filters else rows), request, by="sku")
    context = {
        "page": page,
        "standings": standing.standings(page.rows),
        "tabs": _tabs(asked, standing.counted(rows), state),
        "typed": asked.get("q", ""),
        "cart": cart,
        "carts": Cart.objects.filter(listings__gone=False).distinct().order_by("name", "pk"),
        "state": state if state in filters else "",
        "any_listing": bool(page.rows) or Listing.objects.filter(gone=False).exists(),
    }
    return TemplateResponse(request, "stock/list.html", context)


def _asked_for(asked: QueryDict, cart: Cart | None) -> QuerySet[Listing]:
    rows: QuerySet[Listing] = Listing.objects.filter(gone=False)
    if asked.get("cart"):
        rows = rows.filter(cart=cart) if cart is not None else rows.none()
    typed = str(asked.get("q", "")).strip().replace("\0", "")
    return standing.matching(rows, typed) if typed else rows


def _with_carts(rows: QuerySet[Listing]) -> QuerySet[Listing]:
    return rows.select_related("cart__warehouse__connection")


def _tabs(asked: QueryDict, counts: Mapping[str, int], chosen: str) -> list[Tab]:
    shown = [("", sum(counts.values())), *((state, counts[state]) for state in standing.STATES)]
    return [
        Tab(state, _query(asked, state), chosen == state, count)
        for state, count in shown
        if not state or count or chosen == state
    ]


def _query(asked: QueryDict, state: str) -> str:
    query = QueryDict(mutable=True)
    for name in ("q", "cart"):
        if asked.get(name):
            query[name] = str(asked[name])
    if state:
        query["state"] = state
    return "?" + query.urlencode()


@at_least(Role.VIEWER)
@require_safe
def listing(request: MerchantRequest, listing_id: int) -> HttpResponse:
    """Why a listing has the number it has."""
    row = get_object_or_404(_with_carts(Listing.objects.filter(gone=False)), pk=listing_id)
    (found,) = standing.standings([row])
    warehouse = row.cart.warehouse if row.cart is not None else None
    context = {
        "listing": row,
        "standing": found,
        "warehouse": warehouse,
        "beside": Cart.objects.filter(connection_id=row.connection_id).order_by("name", "pk"),
        "sections": explained(found.figure.sum, warehouse) if found.figure.sum is not None and warehouse is not None else [],
        **_orders(row, found.figure),
    }
    return TemplateResponse(request, "stock/listing.html", context)


def _orders(row: Listing, figure: Figure) -> dict[str, Any]:
    """The orders whose units the figure leaves out, newest first; ``more_sold`` is how many are not named."""
    warehouse = row.cart.warehouse if row.cart is not None else None
    sold = sold_for(warehouse, figure) if warehouse is not None else []
    orders = Order.objects.only("number", "ref", "status", "placed_at", "reason").in_bulk({each.order_id for each in sold})
    named = sorted(((orders[each.order_id], each) for each in sold), key=lambda pair: pair[0].placed_at, reverse=True)
    return {"sold": named[:SHOWN_ORDERS], "more_sold": max(0, len(named) - SHOWN_ORDERS)}


# -------------------------------------------------------------------------------------------------------------------- buttons


@at_least(Role.STAFF)
@require_POST
def choose_cart(request: MerchantRequest, listing_id: int) -> HttpResponse:
    """Whose listing it is, where the marketplace's own list does not say."""
    row = get_object_or_404(Listing, pk=listing_id, gone=False)
    cart = get_object_or_404(Cart, public_id=request.POST.get("cart"), connection_id=row.connection_id)
    with audit.watched(request, "chose the cart of a listing", row, "cart"):
        choose(row, cart)
    streams.wake(row.connection_id, Stream.Kind.PUSH_STOCK)
    messages.success(request, f"It goes by the rules of {cart.name} now.")
    return redirect("listing", request.merchant.public_id, row.pk)


@at_least(Role.STAFF)
@require_POST
def push_listing(request: MerchantRequest, listing_id: int) -> HttpResponse:
    """Set this listing's figure once more, also where nothing seems to differ."""
    row = get_object_or_404(_with_carts(Listing.objects.filter(gone=False)), pk=listing_id)
    why_not = untold(row) or row.trouble
    if why_not:
        messages.warning(request, f"Nothing is pushed. {why_not}")
    else:
        _push(request, Listing.objects.filter(pk=row.pk), {row.connection_id}, row)
        messages.success(request, "It is pushed with the next round, in a few seconds.")
    return redirect("listing", request.merchant.public_id, row.pk)


@at_least(Role.STAFF)
@require_POST
def push_cart(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Compare every listing of a cart now, and push what differs without waiting for its turn."""
    cart = get_object_or_404(Cart, public_id=public_id)
    theirs = Listing.objects.filter(cart=cart, gone=False, trouble="")
    why_not = untold(Listing(merchant_id=cart.merchant_id, cart=cart))
    if why_not:
        messages.warning(request, f"Nothing is pushed. {why_not}")
    else:
        connections = {cart.connection_id} if cart.connection_id is not None else set()
        _push(request, theirs.exclude(waits="", refusal=""), connections, cart)
        messages.success(request, f"What differs at {cart.name} is pushed with the next round, in a few seconds.")
    return redirect("stock", request.merchant.public_id)


def _push(request: MerchantRequest, rows: QuerySet[Listing], connections: set[int], about: Listing | Cart) -> None:
    rows.update(asked_at=timezone.now())
    audit.record(request, "asked for a push of stock", about)
    for connection_id in connections:
        streams.wake(connection_id, Stream.Kind.PUSH_STOCK)
