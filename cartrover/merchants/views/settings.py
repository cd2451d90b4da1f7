"""A merchant's own settings, what each member hears of, and the audit."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from cartrover.merchants import audit
from cartrover.merchants.forms import MerchantSettingsForm, NoticesForm
from cartrover.merchants.models import Change, Merchant, Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.pages.paging import page

FIELDS = ("name", "time_zone", "support_contact")


@at_least(Role.VIEWER)
@require_safe
def settings(request: MerchantRequest) -> HttpResponse:
    return _page(request, MerchantSettingsForm(instance=_row(request)), NoticesForm(request.member))


@at_least(Role.MANAGER)
@require_POST
def save(request: MerchantRequest) -> HttpResponse:
    row = _row(request)
    with audit.watched(request, "changed settings", row, *FIELDS):
        form = MerchantSettingsForm(request.POST, instance=row)
        if not form.is_valid():
            row.refresh_from_db()
            return _page(request, form, NoticesForm(request.member), status=400)
        form.save()
    messages.success(request, "Saved.")
    return redirect("merchant_settings", request.merchant.public_id)


@at_least(Role.VIEWER)
@require_POST
def save_notices(request: MerchantRequest) -> HttpResponse:
    """What this member hears of; everybody's own choice."""
    form = NoticesForm(request.member, request.POST)
    if not form.is_valid():
        return _page(request, MerchantSettingsForm(instance=_row(request)), form, status=400)
    with audit.watched(request, "chose notices", request.member, "notices"):
        request.member.notices = form.cleaned_data
        request.member.save(update_fields=["notices"])
    messages.success(request, "Saved.")
    return redirect("merchant_settings", request.merchant.public_id)


def _row(request: MerchantRequest) -> Merchant:
    """A copy to change: the request's own goes on naming the merchant as it is stored."""
    return Merchant.objects.get(pk=request.merchant.pk)


def _page(request: MerchantRequest, form: MerchantSettingsForm, notices: NoticesForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "notices": notices}
    return TemplateResponse(request, "merchants/settings.html", context, status=status)


@at_least(Role.MANAGER)
@require_safe
def changes(request: MerchantRequest) -> HttpResponse:
    """The audit: who changed what, newest first."""
    return TemplateResponse(request, "merchants/audit.html", {"page": page(Change.objects.all(), request, "at")})
