"""What an invited person sees: outside of every merchant, until they have joined."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cartrover.mail.places import link_life
from cartrover.merchants import invitations
from cartrover.merchants.models import User

INVITATION = "invitation"


@require_safe
@never_cache
def link(request: HttpRequest, token: str) -> HttpResponse:
    """Where the mail's link leads. Opening it uses nothing up; the token leaves the address at once."""
    request.session[INVITATION] = invitations.behind(token)
    response = redirect("join")
    response["Referrer-Policy"] = "no-referrer"
    return response


@require_safe
@never_cache
def join(request: HttpRequest) -> HttpResponse:
    """Who invites whom as what, and the button; for who is not logged in, the ways to it."""
    named = invitations.named(request.session.get(INVITATION, ""))
    offered = invitations.offered_to(request.user) if isinstance(request.user, User) else []
    context = {
        "offered": offered,
        "named": named if named not in offered else None,
        "link_life": link_life(),
        "next": urlencode({"next": reverse("join")}),
    }
    return render(request, "merchants/join.html", context)


@require_POST
def accept(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Who was logged out meanwhile comes back to the page with the button, since this address takes nothing but its press."""
    if not isinstance(request.user, User):
        return redirect_to_login(reverse("join"))
    try:
        member = invitations.accept(invitation_id, request.user, request)
    except invitations.Refused as refused:
        messages.error(request, str(refused))
        return redirect("join")
    request.session.pop(INVITATION, None)
    request.session["merchant"] = member.merchant.public_id
    messages.success(request, f"Welcome to {member.merchant.name}.")
    return redirect("dashboard", member.merchant.public_id)
