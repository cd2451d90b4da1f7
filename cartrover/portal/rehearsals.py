"""Rehearse: what going live would do, shown before it does it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.connections import holders
from cartrover.connections.models import Cart
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.models import Status
from cartrover.pages.paging import page
from cartrover.pages.typed import whole_number
from cartrover.portal.lookup import the_cart
from cartrover.sync import jobs
from cartrover.sync.jobs import rehearsed
from cartrover.sync.models import Job, Rehearsed

DAYS = (30, 7, 1)


@at_least(Role.VIEWER)
@require_safe
def rehearsal(request: MerchantRequest, public_id: str) -> HttpResponse:
    """The cart's last rehearsal, with its progress or what it found, and the form for another."""
    cart = the_cart(public_id)
    job = rehearsed.newest(cart)
    context = {
        "cart": cart,
        "job": job,
        "found": rehearsed.found(job) if job is not None and job.state == Job.State.DONE else None,
        "days": job.args["days"] if job is not None else DAYS[0],
        "choices": DAYS,
        "obstacles": [] if cart.state == Cart.State.LIVE else holders.obstacles(cart),
    }
    return TemplateResponse(request, "rehearsals/page.html", context)


@at_least(Role.MANAGER)
@require_POST
def rehearse(request: MerchantRequest, public_id: str) -> HttpResponse:
    cart = the_cart(public_id)
    days = whole_number(request.POST.get("days", ""))
    if days not in DAYS:
        messages.error(request, "Choose how far back to rehearse.")
    elif cart.connection is None:
        messages.error(request, "There is no access yet. Press Grant Us API Access on the cart's page.")
    else:
        jobs.ask("rehearsal", by=request.user.email, subject=f"cart-{cart.pk}", cart=cart, days=days)
    return redirect("rehearsal", request.merchant.public_id, public_id)


@at_least(Role.VIEWER)
@require_safe
def rehearsed_orders(request: MerchantRequest, public_id: str) -> HttpResponse:
    """The orders of one group: ``status``, ``code`` and ``subject`` of the address name it."""
    cart = the_cart(public_id)
    job = rehearsed.newest(cart)
    status = request.GET.get("status", "")
    if job is None or status not in Status.values:
        raise Http404("No such rehearsal.")
    group = {"status": status, "code": request.GET.get("code", ""), "subject": request.GET.get("subject", "")}
    rows = Rehearsed.objects.filter(job=job, **group)
    context = {"cart": cart, "page": page(rows, request, by="placed_at"), "status": status}
    return TemplateResponse(request, "rehearsals/orders.html", context)
