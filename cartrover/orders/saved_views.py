"""Views of the list that a member keeps under a name. Everybody's own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders import filters
from cartrover.orders.forms import SavedViewForm
from cartrover.orders.models import SavedView

MOST = 30


@at_least(Role.VIEWER)
@require_POST
def save_view(request: MerchantRequest) -> HttpResponse:
    """Keep what the list shows. A name that the member has already stands for this from now on."""
    query = filters.as_query(filters.asked_for(QueryDict(request.POST.get("query", "").lstrip("?"))))
    form = SavedViewForm(request.POST)
    mine = SavedView.objects.filter(member=request.member)
    if not form.is_valid():
        messages.error(request, "Give the view a name of at most 80 characters.")
    elif mine.count() >= MOST and not mine.filter(name=form.cleaned_data["name"]).exists():
        messages.error(request, f"You keep {MOST} views already. Delete one first.")
    else:
        SavedView.objects.update_or_create(member=request.member, name=form.cleaned_data["name"], defaults={"query": query})
        messages.success(request, f"Saved as {form.cleaned_data['name']}.")
    return redirect(reverse("orders", args=[request.merchant.public_id]) + query)


@at_least(Role.VIEWER)
@require_POST
def delete_view(request: MerchantRequest, view_id: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=view_id, member=request.member)
    view.delete()
    messages.success(request, f"{view.name} is deleted. The orders stay.")
    return redirect("orders", request.merchant.public_id)
