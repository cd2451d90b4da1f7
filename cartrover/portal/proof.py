"""The proof that nothing is missing: what the last checks of a cart have found, and the button for another."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.events.models import Event
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.pages.typed import whole_number
from cartrover.portal.lookup import the_cart
from cartrover.sync import jobs
from cartrover.sync.models import Job

DAYS = (2, 7, 30)
SHOWN = 30  # of the checks before
COUNTED = ("orders", "skipped", "missing", "delivered", "packages")
AMISS = (
    ("missing", "Were missing and are loaded now", "Nothing to do: they go their way like every other order."),
    (
        "not_at_warehouse",
        "Delivered, and not at the warehouse",
        "Look for it at the warehouse. If it is not there, cancel its sending on the order's page, and send it again there.",
    ),
    ("twice_at_warehouse", "More than once at the warehouse", "Void the copy that is too much, there."),
    (
        "not_at_cart",
        "Packages that the cart does not show",
        "The order's page says what the cart was told. What it refused is pushed again there; else enter it at the cart.",
    ),
)


@at_least(Role.VIEWER)
@require_safe
def proof(request: MerchantRequest, public_id: str) -> HttpResponse:
    cart = the_cart(public_id)
    job = Job.objects.filter(kind="reconcile", cart=cart).order_by("-pk").first()
    told = list(Event.objects.filter(about="cart", about_id=cart.pk, kind="reconcile").order_by("-id")[:SHOWN])
    last = told[0].data if told else {}
    context = {
        "cart": cart,
        "job": job if job is not None and job.state in (Job.State.OPEN, Job.State.FAILED) else None,
        "last": told[0] if told else None,
        "amiss": _amiss(last),
        "nothing_sold": not any(last.get(key) for key in COUNTED),
        "checks": told,
        "choices": DAYS,
    }
    return TemplateResponse(request, "proof/page.html", context)


def _amiss(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"words": words, "what": what, "names": result[key]} for key, words, what in AMISS if result.get(key)]


@at_least(Role.STAFF)
@require_POST
def check_now(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Hold the cart against its account and its warehouse's now. What is missing is loaded by that."""
    cart = the_cart(public_id)
    days = whole_number(request.POST.get("days", ""))
    if days not in DAYS:
        messages.error(request, "Choose how far back to check.")
    elif cart.connection is None or cart.went_live_at is None:
        messages.error(request, "There is nothing to check before the cart is live.")
    else:
        jobs.ask("reconcile", by=request.user.email, subject=f"cart-{cart.pk}", cart=cart, days=days)
    return redirect("proof", request.merchant.public_id, public_id)
