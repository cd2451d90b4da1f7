"""Grant Us API Access: the button, what the page asks meanwhile, and where the provider comes back to."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from cartrover.connections import grants
from cartrover.connections.models import Cart, Connection, GrantAttempt, Warehouse
from cartrover.connections.views.windows import comes_back, opens_windows
from cartrover.merchants.middleware import without_scope
from cartrover.merchants.models import Merchant, Role, User
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.outcomes import NeedsOperator

BROWSER = "grant_browser"
State = GrantAttempt.State

# --------------------------------------------------------------------------------------------------------- inside the merchant


@opens_windows
@at_least(Role.MANAGER)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begin. Answers the script with JSON; without a script, a page with the link to the provider."""
    cart, warehouse, renews = (_named(request, model, name) for model, name in _SUBJECTS)
    subject = renews or cart or warehouse
    if subject is None or registry.get(subject.integration).calling:
        raise Http404("Nothing to connect.")
    try:
        attempt, address = grants.start(
            request.merchant,  # type: ignore[attr-defined]
            _user(request),
            browser_key(request),
            subject.integration,
            cart=cart,
            warehouse=warehouse,
            renews=renews,
        )
    except NeedsOperator as outcome:
        if wants_json(request):
            return JsonResponse({"words": outcome.message}, status=409)
        messages.error(request, outcome.message)
        return redirect(request.META.get("HTTP_REFERER", "/"))
    if wants_json(request):
        status = reverse("grant_status", args=[request.merchant.public_id, attempt.public_id])  # type: ignore[attr-defined]
        return JsonResponse({"attempt": attempt.public_id, "address": address, "status": status})
    return render(request, "connections/leave.html", {"address": address, "provider": _provider(subject.integration)})


_SUBJECTS = ((Cart, "cart"), (Warehouse, "warehouse"), (Connection, "renews"))


def _named(request: HttpRequest, model: Any, name: str) -> Any:
    public_id = request.POST.get(name)
    return get_object_or_404(model, public_id=public_id) if public_id else None


@at_least(Role.VIEWER)
@require_GET
def status(request: HttpRequest, public_id: str) -> JsonResponse:
    """How an attempt stands, in words: ``waiting``, ``kept`` (can go on), ``asked`` (who is meant), ``done`` or ``failed``."""
    attempt = get_object_or_404(GrantAttempt, public_id=public_id)
    return JsonResponse({"attempt": attempt.public_id, **standing(attempt)})


def standing(attempt: GrantAttempt) -> dict[str, str]:
    late = timezone.now() > attempt.ends_at
    if attempt.state == State.EXCHANGED:
        asking = not attempt.words and not late  # the callback is at it just now, unless its process died
        words = attempt.words or "Access was given. Asking whose account it is."
        return {"state": "waiting" if asking else "kept", "words": words}
    if attempt.state == State.ASKED:
        return {"state": "failed" if late else "asked", "words": attempt.words}
    if attempt.state in (State.DONE, State.FAILED):
        return {"state": attempt.state, "words": attempt.words}
    if late:
        return {"state": "failed", "words": grants.WORDS["expired"]}
    return {"state": "waiting", "words": f"Waiting for {_provider(attempt.integration)}."}


@at_least(Role.MANAGER)
@without_scope
@require_POST
def go_on(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask the provider again with tokens that are kept."""
    merchant: Merchant = request.merchant  # type: ignore[attr-defined]
    with acting_for(merchant):
        attempt = get_object_or_404(GrantAttempt, public_id=public_id)
    attempt = grants.resume(attempt)
    return JsonResponse({"attempt": attempt.public_id, **standing(attempt)})


@at_least(Role.MANAGER)
@without_scope
@require_POST
def paste(request: HttpRequest) -> HttpResponse:
    """The address of a page where the provider ended by itself, pasted by the owner. Checked as if it had come here."""
    merchant: Merchant = request.merchant  # type: ignore[attr-defined]
    slug = _known(request.POST.get("integration", ""))
    address = request.POST.get("address", "").strip()
    params = dict(parse_qsl(urlsplit(address).query))
    key = request.session.get(BROWSER, "")
    attempt, words = outcome(lambda: grants.finish(slug, params, key, _user(request)))
    ok = attempt is not None and attempt.state == State.DONE
    messages.add_message(request, messages.SUCCESS if ok else messages.ERROR, words)
    return redirect(_page_of(attempt) if attempt is not None else reverse("connections", args=[merchant.public_id]))


# ------------------------------------------------------------------------------------------------------ where the provider comes


@comes_back
@require_GET
def callback(request: HttpRequest, slug: str) -> HttpResponse:
    """The provider's answer."""
    return _answered(request, slug, grants.finish)


@comes_back
@require_GET
def declined(request: HttpRequest, slug: str) -> HttpResponse:
    """Where a provider with an address of its own for it (eBay) sends an owner who declined."""
    return _answered(request, slug, grants.declined)


Finish = Callable[[str, Mapping[str, str], str, User | None], GrantAttempt]


def _answered(request: HttpRequest, slug: str, finish: Finish) -> HttpResponse:
    """Says whether it worked. The window's opener hears only which attempt it was, and asks the server."""
    _known(slug)
    key = request.session.get(BROWSER, "")
    attempt, words = outcome(lambda: finish(slug, request.GET.dict(), key, _user(request)))
    context = {
        "ok": attempt is not None and attempt.state == State.DONE,
        "words": words,
        "back": _page_of(attempt) if attempt is not None else "",
        "provider": _provider(slug),
        "attempt": attempt.public_id if attempt is not None else "",
    }
    return render(request, "connections/granted.html", context, status=200 if attempt is not None else 400)


def outcome(run: Callable[[], GrantAttempt]) -> tuple[GrantAttempt | None, str]:
    """The attempt, and the words for a person; no attempt where the answer was refused."""
    try:
        attempt = run()
    except grants.Refused as refused:
        return None, refused.words
    return attempt, attempt.words


def _page_of(attempt: GrantAttempt) -> str:
    if attempt.link_id is not None:
        return reverse("owner")
    with acting_for(attempt.merchant_id):
        merchant = Merchant.objects.get(pk=attempt.merchant_id).public_id
        for name, row in (("warehouse", attempt.warehouse), ("cart", attempt.cart), ("connection", attempt.renews)):
            if row is not None:
                return reverse(name, args=[merchant, row.public_id])
    return reverse("connections", args=[merchant])


# --------------------------------------------------------------------------------------------------------------------- the rest


def _known(slug: str) -> str:
    try:
        return registry.get(slug).slug
    except registry.UnknownIntegration:
        raise Http404("No such integration.") from None


def _provider(slug: str) -> str:
    return registry.get(slug).name


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def browser_key(request: HttpRequest) -> str:
    """A random value that only this browser's session knows."""
    if BROWSER not in request.session:
        request.session[BROWSER] = secrets.token_urlsafe(32)
    key: str = request.session[BROWSER]
    return key


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"
