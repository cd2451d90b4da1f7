"""Use this account instead: what that comes to, and the button. For a member, and for the owner behind a renewal link."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from cartrover.connections import grants, replacing
from cartrover.connections.models import Connection, GrantAttempt, SetupLink
from cartrover.connections.views.opening import behind_a_link
from cartrover.merchants.middleware import without_scope
from cartrover.merchants.models import Role
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for


@at_least(Role.MANAGER)
@without_scope
@require_http_methods(["GET", "HEAD", "POST"])
def instead(request: MerchantRequest, public_id: str) -> HttpResponse:
    with acting_for(request.merchant):
        attempt = get_object_or_404(_asked(GrantAttempt.objects.all()), public_id=public_id)
        wanted = _wanted(attempt)
        if request.method != "POST":
            sentences = replacing.consequences(wanted, attempt.account_name)
            return render(request, "connections/instead.html", _context(attempt, wanted, sentences))
    attempt = grants.use_instead(attempt)
    _say(request, attempt, wanted)
    with acting_for(request.merchant):
        now = attempt.connection if attempt.state == GrantAttempt.State.DONE and attempt.connection is not None else wanted
        return redirect("connection", request.merchant.public_id, now.public_id)


@behind_a_link
@require_http_methods(["GET", "HEAD", "POST"])
def owner_instead(request: HttpRequest, link: SetupLink, attempt_id: str) -> HttpResponse:
    with acting_for(link.merchant_id):
        attempt = get_object_or_404(_asked(GrantAttempt.objects.filter(link=link)), public_id=attempt_id)
        wanted = _wanted(attempt)
        if request.method != "POST":
            sentences = replacing.consequences_for_the_owner(wanted, attempt.account_name, link.merchant.name)
            context = {**_context(attempt, wanted, sentences), "link": link, "merchant": link.merchant}
            return render(request, "sharing/instead.html", context)
    _say(request, grants.use_instead(attempt), wanted)
    return redirect("owner")


def _wanted(attempt: GrantAttempt) -> Connection:
    if attempt.renews is None:
        raise Http404("It renews nothing.")
    return attempt.renews


def _asked(attempts: QuerySet[GrantAttempt]) -> QuerySet[GrantAttempt]:
    return grants.asked(attempts.select_related("renews"))


def _context(attempt: GrantAttempt, wanted: Connection, sentences: list[str]) -> dict[str, object]:
    return {"attempt": attempt, "wanted": wanted, "consequences": sentences}


def _say(request: HttpRequest, attempt: GrantAttempt, wanted: Connection) -> None:
    if attempt.state == GrantAttempt.State.DONE:
        messages.success(request, f"{attempt.account_name} takes the place of {wanted.account_name}.")
    else:
        messages.error(request, attempt.words)
