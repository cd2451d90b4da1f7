"""A person's own account: how they log in, where they are logged in, and what happened."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cartrover.merchants import looking
from cartrover.merchants.models import SignIn, User
from cartrover.merchants.requests import AuthenticatedRequest
from cartrover.pages.paging import page

SHOWN = 20


@login_required
@require_safe
def security(request: AuthenticatedRequest) -> HttpResponse:
    keys = Authenticator.objects.filter(user=request.user)
    kinds = [key.type for key in keys]
    context = {
        "passkeys": kinds.count(Authenticator.Type.WEBAUTHN),
        "totp": Authenticator.Type.TOTP in kinds,
        "recovery_codes": _unused(keys.filter(type=Authenticator.Type.RECOVERY_CODES).first()),
        "has_password": request.user.has_usable_password(),
        "sessions": len(UserSession.objects.purge_and_list(request.user)),
        "page": page(SignIn.objects.filter(user=request.user), request, "at", SHOWN),
    }
    return render(request, "merchants/security.html", context)


@require_POST
def end_look(request: HttpRequest) -> HttpResponse:
    """An operator stops viewing a merchant's portal. For who was logged out meanwhile it is over already."""
    if not isinstance(request.user, User):
        return redirect_to_login(reverse("home"))
    look = looking.end(request)
    if look is None or not looking.may_look(request.user):
        return redirect("home")
    messages.success(request, f"You no longer view the portal of {look.merchant}.")
    return redirect("admin:merchants_merchant_change", look.merchant.pk)


def _unused(codes: Authenticator | None) -> int:
    return len(codes.wrap().get_unused_codes()) if codes is not None else 0
