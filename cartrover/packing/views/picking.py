"""The pick list, the pick sheet, and packing slips for several orders."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.connections.models import Warehouse
from cartrover.merchants.middleware import memberships
from cartrover.merchants.models import Role
from cartrover.merchants.requests import AuthenticatedRequest, MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import picking, slips
from cartrover.packing.desks import desks
from cartrover.packing.models import PackingOrder, Parcel
from cartrover.pages.paging import page

State = PackingOrder.State


@at_least(Role.VIEWER)
@require_safe
def pick_list(request: MerchantRequest) -> HttpResponse:
    """Orders to pack, the most urgent first; or with ``state`` those that are shipped or void, the newest first."""
    typed = request.GET.get("q", "").strip()
    found = _named(typed)
    if found is not None:
        return redirect("packing_order", request.merchant.public_id, found.public_id)
    if typed:
        messages.warning(request, f"No order here has the number {typed[:60]}.")
    chosen = _chosen(request)
    state = request.GET.get("state", "")
    state = state if state in State.values else State.TO_PACK
    context = {
        **_shared(chosen),
        "state": state,
        "states": [each for each in State if each != State.DRAFT],
        **_rows(request, chosen, state),
    }
    return TemplateResponse(request, "packing/list.html", context)


def _rows(request: MerchantRequest, chosen: list[Warehouse], state: str) -> dict[str, Any]:
    connections = [desk.connection_id for desk in chosen if desk.connection_id]
    waiting = picking.waiting(connections)
    counts = {"waiting": waiting.count(), "shown": picking.SHOWN}
    if state == State.TO_PACK:
        return {**counts, "picks": picking.picks(list(waiting.select_related("customer")[: picking.SHOWN]))}
    done = PackingOrder.objects.filter(connection_id__in=connections, state=state).select_related("customer")
    return {**counts, "page": page(done, request, by="updated_at")}


@at_least(Role.VIEWER)
@require_safe
def pick_sheet(request: MerchantRequest) -> HttpResponse:
    """What to fetch from the shelves: for the orders that were ticked, or for all that are shown."""
    chosen = _chosen(request)
    orders = _ticked(request, chosen)
    context = {**_shared(chosen), "fetches": picking.sheet(orders), "orders": orders.count()}
    return TemplateResponse(request, "packing/sheet.html", context)


@at_least(Role.VIEWER)
@require_safe
def packing_slips(request: MerchantRequest) -> HttpResponse:
    """One PDF with a sheet for each order: those that were ticked, or all that are shown."""
    orders = _ticked(request, _chosen(request)).select_related("customer").prefetch_related("lines__item")[: slips.MOST]
    if not orders:
        messages.warning(request, "There is nothing to pack, so there are no packing slips.")
        return redirect("packing", request.merchant.public_id)
    return pdf(slips.of_orders(request.merchant, list(orders)), "Packing slips")


def pdf(content: bytes, name: str) -> HttpResponse:
    """A PDF that opens in the browser, from where it is printed."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


@login_required
@require_safe
def order_by_id(request: AuthenticatedRequest, public_id: str) -> HttpResponse:
    """The address that the engine knows of an order here: to its page, for whoever may see it."""
    for membership in memberships(request.user.pk):
        with acting_for(membership.merchant):
            if PackingOrder.objects.filter(public_id=public_id).exists():
                return redirect("packing_order", membership.merchant.public_id, public_id)
    raise Http404("No such order.")


def _shared(chosen: list[Warehouse]) -> dict[str, Any]:
    every = list(desks())
    one = chosen[0] if len(chosen) == 1 and len(every) > 1 else None
    return {"desks": every, "desk": one, "query": f"?desk={one.public_id}" if one else ""}


def _chosen(request: MerchantRequest) -> list[Warehouse]:
    """The desk that the address names, or all of them."""
    wanted = request.GET.get("desk", "")
    return list(desks().filter(public_id=wanted) if wanted else desks())


def _ticked(request: MerchantRequest, chosen: list[Warehouse]) -> QuerySet[PackingOrder]:
    orders = picking.waiting(desk.connection_id for desk in chosen if desk.connection_id)
    ids = request.GET.getlist("order")
    return orders.filter(public_id__in=ids) if ids else orders


def _named(typed: str) -> PackingOrder | None:
    """The order whose number, reference or tracking was scanned; of several the one that is still to be packed."""
    if not typed:
        return None
    rows = list(PackingOrder.objects.filter(Q(number=typed) | Q(ref=typed.upper())).order_by("-pk")[:10])
    rows = rows or [parcel.order for parcel in Parcel.objects.filter(tracking=typed).select_related("order").order_by("-pk")[:1]]
    return next((row for row in rows if row.state == State.TO_PACK), next(iter(rows), None))
