"""Connections: the list, one's page with its health, and Disconnect."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from cartrover.connections import grants, holders
from cartrover.connections.facts import ask_again
from cartrover.connections.models import Connection, GrantAttempt
from cartrover.connections.views.windows import opens_windows
from cartrover.events.models import Event, Problem
from cartrover.merchants.middleware import without_scope
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.outcomes import Outcome

EVENTS_SHOWN = 20


@at_least(Role.VIEWER)
@require_GET
def connections(request: MerchantRequest) -> HttpResponse:
    rows = Connection.objects.prefetch_related("carts", "warehouses", "streams").order_by("account_name", "pk")
    shown = [
        (row, registry.get(row.integration), [each for each in row.streams.all() if each.failing_since is not None])
        for row in rows
    ]
    return render(request, "connections/connections.html", {"connections": shown})


@opens_windows
@at_least(Role.VIEWER)
@require_GET
def connection(request: MerchantRequest, public_id: str) -> HttpResponse:
    row = get_object_or_404(Connection.objects.prefetch_related("carts", "warehouses"), public_id=public_id)
    context = {
        "connection": row,
        "integration": registry.get(row.integration),
        "streams": row.streams.order_by("kind"),
        "asked": grants.asked(GrantAttempt.objects.filter(renews=row)).first(),
        "kept": grants.kept(GrantAttempt.objects.filter(renews=row)),
        "problems": Problem.objects.filter(about="connection", about_id=row.pk, closed_at=None),
        "events": Event.objects.filter(about="connection", about_id=row.pk).order_by("-pk")[:EVENTS_SHOWN],
        "now": timezone.now(),
    }
    return render(request, "connections/connection.html", context)


@at_least(Role.MANAGER)
@without_scope
@require_POST
def ask(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Read the account again: a location or a currency was added there."""
    merchant = request.merchant
    with acting_for(merchant):
        row = _granted(public_id)
    try:
        ask_again(row, actor=request.user.get_username())
    except Outcome as outcome:
        messages.error(request, outcome.message)
    else:
        messages.success(request, f"{row.account_name} was read again: its locations and currencies are those of now.")
    back = request.POST.get("next", "")
    inside = url_has_allowed_host_and_scheme(back, allowed_hosts=None) and back.startswith(f"/m/{merchant.public_id}/")
    return redirect(back if inside else reverse("connection", args=[merchant.public_id, public_id]))


@at_least(Role.MANAGER)
@require_POST
def disconnect(request: MerchantRequest, public_id: str) -> HttpResponse:
    row = _granted(public_id)
    holders.disconnect(row, actor=request.user.get_username())
    messages.success(request, f"{row.account_name} is disconnected. Reconnect it and everything goes on where it was.")
    return redirect("connection", request.merchant.public_id, row.public_id)


def _granted(public_id: str) -> Connection:
    """A connection that somebody has granted. One that the portal keeps itself is not there for this."""
    row: Connection = get_object_or_404(Connection, public_id=public_id)
    if registry.get(row.integration).kept_here:
        raise Http404("Nothing was granted.")
    return row
