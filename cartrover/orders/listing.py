"""The list of orders: searched, narrowed by filters, kept as views, fifty to a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least, may
from cartrover.orders import filters
from cartrover.orders.counts import by_status
from cartrover.orders.forms import FilterForm
from cartrover.orders.models import Order, OrderLine, SavedView, Status
from cartrover.pages.paging import page
from cartrover.portal.bulk import CHOICES

_NOT_LISTED = ("raw", "marks", "references", "bill_to", "note", "content_hash", "edits", "sent", "lines_now", "refunds")


@dataclass(frozen=True, slots=True)
class Tab:
    """One status above the list. ``state`` names its look; the first one has none and shows all."""

    state: str
    words: str
    query: str
    here: bool
    count: int | None


@at_least(Role.VIEWER)
@require_safe
def order_list(request: MerchantRequest) -> HttpResponse:
    asked = filters.asked_for(request.GET)
    lines = Prefetch("lines", OrderLine.objects.only("order_id", "quantity"))
    found = filters.narrowed(Order.objects.all(), asked, request.merchant.time_zone)
    shown = found.select_related("cart").defer(*_NOT_LISTED).prefetch_related(lines)
    counts = by_status(found=found)
    context = {
        "page": page(shown, request, by="placed_at"),
        "found": counts["found"],
        "tabs": _tabs(asked, counts),
        "asked": asked,
        "query": filters.as_query(asked),
        "chips": filters.chips(asked),
        "form": FilterForm(initial=asked),
        "kept": {name: asked[name] for name in ("status", "problem") if name in asked},
        "saved": SavedView.objects.filter(member_id=request.member.pk).order_by("name"),
        "actions": CHOICES if may(request.member, Role.STAFF) else {},
        "any_order": any(counts.values()),
    }
    return TemplateResponse(request, "orders/list.html", context)


def _tabs(asked: Mapping[str, str], counts: Mapping[str, int]) -> list[Tab]:
    chosen = asked.get("status", "")
    shown = [("", "All", None), *((state, "", counts[state]) for state in _tab_order())]
    return [
        Tab(state, words, filters.as_query({**asked, "status": state}), chosen == state, count)
        for state, words, count in shown
        if count is None or count or chosen == state
    ]


def _tab_order() -> list[str]:
    """``partial`` stands beside the status it is a part of, and ``late`` before all."""
    order = ["late", *(str(status) for status in Status)]
    order.insert(order.index(Status.AT_WMS) + 1, "partial")
    return order
