"""The shell's own pages: the way in, the dashboard, and whether the portal is well."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cartrover.events.cards import open_cards, value_at_stake
from cartrover.events.models import Event
from cartrover.mail.outage import sign_in_mail_waits_since
from cartrover.merchants import audit
from cartrover.merchants.invitations import offered_to
from cartrover.merchants.middleware import memberships
from cartrover.merchants.models import Member, Role
from cartrover.merchants.requests import AuthenticatedRequest, MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.orders.counts import by_status
from cartrover.orders.models import Order
from cartrover.pages.formats import local
from cartrover.portal.dashboard_figures import pictures
from cartrover.portal.first_steps import first_steps
from cartrover.portal.flow import flow
from cartrover.portal.forms import MerchantForm

SHOWN_CARDS = 5
SHOWN_EVENTS = 10
LIVE_PARTS = ("flow", "needs", "events")


@login_required
@require_safe
def home(request: AuthenticatedRequest) -> HttpResponse:
    """The last merchant's dashboard; for who has none, an invitation, or else the page that makes a merchant."""
    mine = [each.merchant.public_id for each in memberships(request.user.pk)]
    if not mine and offered_to(request.user):
        return redirect("join")
    if not mine:
        return redirect("admin:index" if request.user.is_staff else "new_merchant")
    last = request.session.get("merchant")
    return redirect("dashboard", last if last in mine else mine[0])


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_merchant(request: AuthenticatedRequest) -> HttpResponse:
    form = MerchantForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with across_merchants("a person makes a merchant of their own"):
            merchant = form.save()
            member = Member.objects.create(merchant=merchant, user=request.user, role=Role.OWNER)
            audit.record(request, "set up the merchant", merchant, after={"name": merchant.name, "time_zone": merchant.time_zone})
            audit.record(request, "joined the team", member, {"role": None}, {"role": member.role})
        return redirect("dashboard", merchant.public_id)
    return render(request, "portal/new_merchant.html", {"form": form})


@at_least(Role.VIEWER)
@require_safe
def dashboard(request: MerchantRequest) -> HttpResponse:
    now = local(timezone.now(), request.merchant.time_zone)
    steps = first_steps(request.merchant)
    next_step = next((step for step in steps if not step.done), None)
    return render(
        request, "portal/dashboard.html", {"live": _live(request), "today": now, "steps": steps, "next_step": next_step}
    )


@at_least(Role.VIEWER)
@require_safe
@never_cache
def live(request: MerchantRequest) -> HttpResponse:
    """The dashboard's moving parts. While they are as the browser has them there is nothing to send."""
    shown = _live(request)
    if shown["digest"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render(request, "portal/live_frame.html", {"live": shown, "alone": True})


@at_least(Role.VIEWER)
@require_safe
@never_cache
def shown_figures(request: MerchantRequest) -> HttpResponse:
    """The dashboard's pictures, asked for once the page is there."""
    return render(request, "portal/figures.html", {"pictures": pictures(request.merchant)})


def _live(request: MerchantRequest) -> dict[str, str]:
    cards = open_cards()
    context = {
        "flow": flow(request.merchant),
        "counts": by_status(),
        "cards": cards[:SHOWN_CARDS],
        "more_cards": max(len(cards) - SHOWN_CARDS, 0),
        "causes": len(cards),
        "waiting_orders": sum(card.orders for card in cards),
        "value": value_at_stake(cards),
        "events": _last_events(),
        "merchant": request.merchant,
    }
    parts = {part: render_to_string(f"portal/live_{part}.html", context) for part in LIVE_PARTS}
    return {**parts, "digest": hashlib.sha256("".join(parts.values()).encode()).hexdigest()[:16]}


def _last_events() -> list[dict[str, Any]]:
    """The newest lines of the merchant, each with the order it is about."""
    events = list(Event.objects.order_by("-id")[:SHOWN_EVENTS])
    orders = Order.objects.only("ref", "number").in_bulk([event.about_id for event in events if event.about == "order"])
    return [{"event": event, "order": orders.get(event.about_id) if event.about == "order" else None} for event in events]


@login_required
@require_safe
def order_by_ref(request: AuthenticatedRequest, ref: str) -> HttpResponse:
    """The address that a delivered order carries at the warehouse: to its page, for whoever may see it."""
    for membership in memberships(request.user.pk):
        with acting_for(membership.merchant):
            if Order.objects.filter(ref=ref).exists():
                return redirect("order", membership.merchant.public_id, ref)
    raise Http404("No such order.")


@require_safe
@never_cache
def health(request: HttpRequest) -> HttpResponse:
    """200 while the database answers. Mail that waits is said in a word, and is no reason to be restarted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok", "mail": "ok" if sign_in_mail_waits_since() is None else "waiting"})
