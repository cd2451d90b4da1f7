"""Whose rows a page may see: opened before the view and closed after its answer is rendered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import resolve, reverse
from django_htmx.http import HttpResponseClientRedirect

from cartrover.merchants import looking
from cartrover.merchants.looking import Look
from cartrover.merchants.models import Member, User
from cartrover.merchants.tenancy import across_merchants, acting_for

READING = ("GET", "HEAD", "OPTIONS")


class MerchantMiddleware:
    """Opens the door that the address asks for.

    ``/m/<public id>/...`` opens that merchant's for its members and for an operator who looks on (``looking.py``), and the
    operator's admin opens all. A page renders after its
    view, so a transaction round the view alone (ATOMIC_REQUESTS) would show no rows; this one ends after rendering, and rolls
    back when the answer is a server error. A view marked with ``without_scope`` opens its own, because it calls the outside.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]) -> HttpResponse | None:
        match = resolve(request.path_info)
        if match.namespaces[:1] == ["admin"]:
            return _answered(across_merchants("an operator works in the admin"), view, request, args, kwargs)
        if "merchant_id" not in kwargs:
            return None
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        public_id = kwargs.pop("merchant_id")
        over = looking.ended_by_itself(request, public_id)
        if over is not None:
            return _told_that_it_is_over(request, over)
        request.member = _looking_on(request, public_id) or _membership(request.user.pk, public_id)  # type: ignore[attr-defined]
        request.merchant = request.member.merchant  # type: ignore[attr-defined]
        if not hasattr(request, "look"):
            request.session["merchant"] = public_id
        if getattr(view, "without_scope", False):
            return view(request, *args, **kwargs)  # type: ignore[no-any-return]
        return _answered(acting_for(request.merchant), view, request, args, kwargs)  # type: ignore[attr-defined]


def _looking_on(request: HttpRequest, public_id: str) -> Member | None:
    """The operator who looks at this merchant, as a viewer who reads and does nothing else, whatever they may elsewhere."""
    look = looking.current(request)
    if look is None or look.merchant.public_id != public_id:
        return None
    request.look = look  # type: ignore[attr-defined]
    if request.method not in READING:
        raise PermissionDenied(f"You view the portal of {look.merchant} read-only, so nothing can be pressed here.")
    return looking.viewer(look, cast(User, request.user))


def _told_that_it_is_over(request: HttpRequest, look: Look) -> HttpResponse:
    messages.info(request, f"You viewed the portal of {look.merchant} for {looking.LASTS.seconds // 60} minutes; that is over.")
    there = reverse("admin:merchants_merchant_change", args=[look.merchant.pk])
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(there)
    return redirect(there)


def _membership(user_id: int, public_id: str) -> Member:
    with across_merchants("which merchants is this person a member of"):
        member: Member | None = (
            Member.objects.select_related("merchant", "user")
            .filter(user_id=user_id, user__is_active=True, merchant__public_id=public_id)
            .first()
        )
    if member is None:
        raise Http404("No such merchant.")
    return member


def memberships(user_id: int) -> list[Member]:
    """A person's memberships with their merchants, by name."""
    with across_merchants("which merchants is this person a member of"):
        return list(Member.objects.select_related("merchant").filter(user_id=user_id).order_by("merchant__name"))


def _answered(
    scope: AbstractContextManager[None], view: Any, request: HttpRequest, args: Any, kwargs: dict[str, Any]
) -> HttpResponse:
    with scope:
        response: HttpResponse = view(request, *args, **kwargs)
        if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
            response.render()
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response


def without_scope(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a view that opens its own scope, since it calls an outside system."""
    view.without_scope = True  # type: ignore[attr-defined]
    return view
