"""The team: who is on it, who is invited, and what one may do about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cartrover.mail import outbox
from cartrover.mail.places import link_life
from cartrover.merchants import invitations, team
from cartrover.merchants.forms import InvitationForm
from cartrover.merchants.models import Invitation, Member, Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least


@at_least(Role.VIEWER)
@require_safe
def page(request: MerchantRequest) -> HttpResponse:
    return _page(request)


def _page(request: MerchantRequest, form: InvitationForm | None = None, link: str = "") -> HttpResponse:
    """``link`` is a link just made, to be copied; it is shown this once."""
    mine = request.member
    roles = team.roles_to_give(mine)
    members = Member.objects.select_related("user").order_by("user__email")
    context = {
        "members": [(each, team.may_manage(mine, each) and each.pk != mine.pk) for each in members],
        "roles": roles,
        "invitations": [_shown(each, roles) for each in invitations.waiting().order_by("email")] if roles else [],
        "form": form or InvitationForm(roles),
        "link": link,
        "link_life": link_life(),
    }
    return TemplateResponse(request, "merchants/team.html", context, status=400 if form is not None else 200)


def _shown(invitation: Invitation, roles: Sequence[Role]) -> dict[str, Any]:
    """``manageable`` is one that the buttons work for: see ``_invitation``."""
    manageable = invitation.role in roles
    ended = invitation.ends_at < timezone.now()
    mail = outbox.state(invitations.MAIL, invitation=invitation.pk)
    return {"row": invitation, "manageable": manageable, "ended": ended, "mail": mail, "by_hand": outbox.was_withdrawn(mail)}


# ----------------------------------------------------------------------------------------------------------------- invitations


@at_least(Role.MANAGER)
@require_POST
def invite(request: MerchantRequest) -> HttpResponse:
    roles = team.roles_to_give(request.member)
    form = InvitationForm(roles, request.POST)
    if not form.is_valid():
        return _page(request, form)
    email = form.cleaned_data["email"]
    try:
        invitations.invite(email, form.cleaned_data["role"], request, request.user.email, roles)
    except invitations.Refused as refused:
        form.add_error("email", str(refused))
        return _page(request, form)
    messages.success(request, f"{email} is invited. The mail is on its way.")
    return _back(request)


@at_least(Role.MANAGER)
@require_POST
def resend(request: MerchantRequest, public_id: str) -> HttpResponse:
    invitation = _invitation(request, public_id)
    invitations.resend(invitation, request)
    messages.success(request, f"Another mail to {invitation.email} is on its way. The link before it leads nowhere any more.")
    return _back(request)


@at_least(Role.MANAGER)
@require_POST
def copy_link(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A link to hand over by other means than mail. It voids the ones before, and is shown this once."""
    return _page(request, link=invitations.copied(_invitation(request, public_id), request))


@at_least(Role.MANAGER)
@require_POST
def revoke(request: MerchantRequest, public_id: str) -> HttpResponse:
    invitation = _invitation(request, public_id)
    invitations.revoke(invitation, request)
    messages.success(request, f"The invitation to {invitation.email} is revoked.")
    return _back(request)


def _invitation(request: MerchantRequest, public_id: str) -> Invitation:
    """One that this member could have made: a manager's hand does not reach an owner's invitation."""
    rows = invitations.waiting().filter(role__in=team.roles_to_give(request.member))
    invitation: Invitation = get_object_or_404(rows, public_id=public_id)
    return invitation


# --------------------------------------------------------------------------------------------------------------------- members


@at_least(Role.MANAGER)
@require_POST
def change_role(request: MerchantRequest, public_id: str) -> HttpResponse:
    other, role = _member(public_id), request.POST.get("role", "")
    return _tried(request, lambda: team.change_role(request.member, other, role, request), f"{other.user.email} is {role} now.")


@at_least(Role.MANAGER)
@require_POST
def remove(request: MerchantRequest, public_id: str) -> HttpResponse:
    other = _member(public_id)
    return _tried(request, lambda: team.remove(request.member, other, request), f"{other.user.email} is off the team.")


@at_least(Role.VIEWER)
@require_POST
def leave(request: MerchantRequest) -> HttpResponse:
    words = f"You have left {request.merchant.name}."
    return _tried(request, lambda: team.leave(request.member, request), words, then=reverse("home"))


@at_least(Role.OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: MerchantRequest) -> HttpResponse:
    """Who has not shown lately that it is really them is asked first."""
    if is_reauthentication_required(request, app="account"):
        return redirect_to_login(request.path, reverse("account_reauthenticate"))
    others = Member.objects.select_related("user").exclude(pk=request.member.pk).order_by("user__email")
    if request.method == "POST":
        other = get_object_or_404(others, public_id=request.POST.get("to", ""))
        words = f"{other.user.email} owns {request.merchant.name} now. You are a manager."
        return _tried(request, lambda: team.hand_over(request.member, other, request), words)
    return TemplateResponse(request, "merchants/hand_over.html", {"others": others})


def _member(public_id: str) -> Member:
    member: Member = get_object_or_404(Member.objects.select_related("user"), public_id=public_id)
    return member


def _tried(request: MerchantRequest, act: Callable[[], None], words: str, then: str = "") -> HttpResponse:
    try:
        act()
    except team.Refused as refused:
        messages.error(request, str(refused))
        return _back(request)
    messages.success(request, words)
    return redirect(then) if then else _back(request)


def _back(request: MerchantRequest) -> HttpResponse:
    return redirect("team", request.merchant.public_id)
