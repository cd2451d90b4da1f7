"""A person's own account: how they log in, where they are logged in, and what happened."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cartrover.merchants.models import SignIn
from cartrover.merchants.requests import AuthenticatedRequest
from cartrover.portal.paging import page

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


def _unused(codes: Authenticator | None) -> int:
    return len(codes.wrap().get_unused_codes()) if codes is not None else 0
