"""Whose rows a page may see: opened before the view and closed after its answer is rendered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from cartrover.merchants import looking
from cartrover.merchants.looking import Look
from cartrover.merchants.models import Member
from cartrover.merchants.requests import AnyRequest, MerchantRequest
from cartrover.merchants.tenancy import across_merchants, acting_for

R = TypeVar("R", bound=HttpResponseBase)
View = Callable[..., HttpResponseBase]
READING = ("GET", "HEAD", "OPTIONS")


class MerchantMiddleware:
    """Opens the door that the address asks for.

    ``/m/<public id>/...`` opens that merchant's for its members and for an operator who looks on (``looking.py``), and the
    operator's admin opens all. A page renders after its
    view, so a transaction round the view alone (ATOMIC_REQUESTS) would show no rows; this one ends after rendering, and rolls
    back when the answer is a server error. A view marked with ``without_scope`` opens its own, because it calls the outside.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: dict[str, Any]) -> HttpResponseBase | None:
        match = resolve(request.path_info)
        if match.namespaces[:1] == ["admin"]:
            return _answered(across_merchants("an operator works in the admin"), view, request, args, kwargs)
        if "merchant_id" not in kwargs:
            return None
        if not request.user.is_authenticated:
            return _to_the_log_in(cast(AnyRequest, request), kwargs["merchant_id"])
        return _of_a_merchant(cast(MerchantRequest, request), view, args, kwargs)


def _to_the_log_in(request: AnyRequest, public_id: str) -> HttpResponseBase:
    """Whoever asks for a part of a page, or presses a button, is led there as a whole, and comes back to that page."""
    page = _page_of(request, public_id)
    if request.htmx:
        return HttpResponseClientRedirect(redirect_to_login(request.htmx.current_url_abs_path or page).url)
    return redirect_to_login(page)


def _page_of(request: HttpRequest, public_id: str) -> str:
    """The page that a person is on: what a button sends to may be no page, and answers nobody who comes back to it."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    told = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(told, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return urlsplit(told)._replace(scheme="", netloc="").geturl()
    return reverse("dashboard", args=[public_id])


def _of_a_merchant(request: MerchantRequest, view: View, args: Any, kwargs: dict[str, Any]) -> HttpResponseBase:
    public_id = kwargs.pop("merchant_id")
    over = looking.ended_by_itself(request, public_id)
    if over is not None:
        return _told_that_it_is_over(request, over)
    request.look = _look_of(request, public_id)
    request.member = looking.viewer(request.look, request.user) if request.look else _membership(request.user.pk, public_id)
    request.merchant = request.member.merchant
    if request.look is None:
        _remember(request.session, public_id)
    if getattr(view, "without_scope", False):
        return view(request, *args, **kwargs)
    return _answered(acting_for(request.merchant), view, request, args, kwargs)


def _remember(session: SessionBase, public_id: str) -> None:
    """Where this person was last: written when it changes, and once a day, so that whoever comes every day stays logged in.

    To write it every time would fail each request that a log-out overtakes.
    """
    here = {"merchant": public_id, "day": f"{timezone.now():%Y-%m-%d}"}
    if any(session.get(key) != value for key, value in here.items()):
        session.update(here)


def _look_of(request: HttpRequest, public_id: str) -> Look | None:
    """The look of an operator who views this merchant's portal: they read and do nothing else, whatever they may elsewhere."""
    look = looking.current(request)
    if look is None or look.merchant.public_id != public_id:
        return None
    if request.method not in READING:
        raise PermissionDenied(f"You view the portal of {look.merchant} read-only, so nothing can be pressed here.")
    return look


def _told_that_it_is_over(request: AnyRequest, look: Look) -> HttpResponseBase:
    messages.info(request, f"You viewed the portal of {look.merchant} for {looking.LASTS.seconds // 60} minutes; that is over.")
    there = reverse("admin:merchants_merchant_change", args=[look.merchant.pk])
    if request.htmx:
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
    scope: AbstractContextManager[None], view: View, request: HttpRequest, args: Any, kwargs: dict[str, Any]
) -> HttpResponseBase:
    with scope:
        response = view(request, *args, **kwargs)
        if isinstance(response, SimpleTemplateResponse) and not response.is_rendered:
            response.render()
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response


def without_scope(view: Callable[..., R]) -> Callable[..., R]:
    """Mark a view that opens its own scope, since it calls an outside system."""
    view.without_scope = True  # type: ignore[attr-defined]
    return view
