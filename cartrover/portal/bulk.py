"""One action on many orders: chosen in the list, asked first with their number, then a job that goes on by itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders import filters
from cartrover.orders.counts import counted
from cartrover.portal.chosen import chosen, described, list_of
from cartrover.portal.exporting import EXPORT
from cartrover.sync.jobs import bulk_actions
from cartrover.sync.order_actions import ACTIONS

CHOICES = {**{name: action.label for name, action in ACTIONS.items() if action.many}, EXPORT: "Export CSV"}


@at_least(Role.STAFF)
@require_safe
def bulk(request: MerchantRequest) -> HttpResponse:
    """Ask first: how many orders, what will happen to them, and the button."""
    name = request.GET.get("action", "")
    if name not in CHOICES:
        raise Http404("No such action.")
    args = chosen(request.GET, request.merchant.time_zone)
    orders = bulk_actions.wanted(args)
    number = counted(orders)
    if not number:
        messages.warning(request, "Choose some orders first." if "refs" in args else "No order matches.")
        return redirect(list_of(request.merchant, args))
    context = {
        "name": name,
        "label": CHOICES[name],
        "words": ACTIONS[name].words if name in ACTIONS else "A file with a line for each order. It holds names and addresses.",
        "number": number,
        "args": args,
        "chips": filters.chips(args["query"]) if "query" in args else [],
        "some": orders.order_by("-placed_at", "-pk")[:10] if "refs" in args else [],
        "back": list_of(request.merchant, args),
        "back_query": filters.as_query(args.get("query", {})),
        "to": "export_orders" if name == EXPORT else "start_bulk",
    }
    return TemplateResponse(request, "orders/bulk.html", context)


@at_least(Role.STAFF)
@require_POST
def start_bulk(request: MerchantRequest) -> HttpResponse:
    name = request.POST.get("action", "")
    if name not in CHOICES or name == EXPORT:
        raise Http404("No such action.")
    args = chosen(request.POST, request.merchant.time_zone)
    job = bulk_actions.ask(name, by=request.user.email, **args)
    audit.record(request, f"asked for many orders: {ACTIONS[name].label.lower()}", job, after={"orders": described(args)})
    return redirect("job", request.merchant.public_id, job.public_id)
