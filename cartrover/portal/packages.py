"""Buttons on an order's packages: push one again, under another carrier or number, or say that the cart has been seen to."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from cartrover.merchants import audit
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.orders.models import Shipment
from cartrover.sync.push_again import leave_at_cart, push_again, settle_with_buyer


class PackageForm(forms.Form):
    """What a person knows better than the warehouse."""

    carrier = forms.CharField(max_length=200, required=False)
    tracking = forms.CharField(label="Tracking number", max_length=200, required=False)


@at_least(Role.STAFF)
@require_POST
def push_package(request: MerchantRequest, ref: str, package_id: int) -> HttpResponse:
    package = get_object_or_404(Shipment.objects.filter(order__ref=ref), pk=package_id)
    form = PackageForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A carrier or tracking number has at most 200 characters.")
    elif push_again(Shipment.objects.filter(pk=package.pk), request.user.email, **form.cleaned_data):
        before = {"carrier": package.carrier, "tracking": package.tracking}
        audit.record(request, "push tracking again: package", package, before, form.cleaned_data)
        messages.success(request, "We are telling the cart now.")
    else:
        messages.warning(request, "The cart has this package already, so it is not told again.")
    return redirect("order", request.merchant.public_id, ref)


@at_least(Role.STAFF)
@require_POST
def settle_package(request: MerchantRequest, ref: str, package_id: int) -> HttpResponse:
    """It has left although canceled, and what comes back is between seller and buyer."""
    if _said(request, ref, package_id, settle_with_buyer, "settled with the buyer"):
        messages.success(request, "It counts as settled. The cart is not told of this package.")
    return redirect("order", request.merchant.public_id, ref)


@at_least(Role.STAFF)
@require_POST
def leave_package(request: MerchantRequest, ref: str, package_id: int) -> HttpResponse:
    """The cart shows a package that was taken back, and a person has put it right there."""
    _said(request, ref, package_id, leave_at_cart, "corrected at the cart")
    return redirect("order", request.merchant.public_id, ref)


def _said(request: MerchantRequest, ref: str, package_id: int, settle: Callable[[Shipment, str], bool], what: str) -> bool:
    """Whether something of the package still waited for a person's word."""
    package = get_object_or_404(Shipment.objects.filter(order__ref=ref).select_related("order"), pk=package_id)
    waited = settle(package, request.user.email)
    if waited:
        audit.record(request, f"{what}: package", package)
    else:
        messages.warning(request, "Nobody waits for that.")
    return waited
