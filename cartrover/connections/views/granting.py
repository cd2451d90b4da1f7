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
from cartrover.merchants.requests import MerchantRequest
from cartrover.merchants.roles import at_least
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from integrations.outcomes import NeedsOperator

BROWSER = "grant_browser"
NO_ANSWER = (
    "This address holds no answer from {provider}. Copy the whole address of the page that says that you may close the window."
)
State = GrantAttempt.State
HEADINGS: dict[str, str] = {State.DONE: "Access granted", State.EXCHANGED: "Not connected yet"}

# --------------------------------------------------------------------------------------------------------- inside the merchant


@opens_windows
@at_least(Role.MANAGER)
@require_POST
def start(request: MerchantRequest) -> HttpResponse:
    """Begin. Answers the script with JSON; without a script, a page with the link to the provider."""
    cart, warehouse, renews = _subjects(request)
    subject = renews or cart or warehouse
    if subject is None or registry.get(subject.integration).kept_here:
        raise Http404("Nothing to connect.")
    try:
        attempt, address = grants.start(
            request.merchant,
            request.user,
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
        status = reverse("grant_status", args=[request.merchant.public_id, attempt.public_id])
        return JsonResponse({"attempt": attempt.public_id, "address": address, "status": status})
    return render(request, "connections/leave.html", {"address": address, "provider": _provider(subject.integration)})


def _subjects(request: HttpRequest) -> tuple[Cart | None, Warehouse | None, Connection | None]:
    """What the pressed button was to connect or to renew."""
    return _named(request, Cart, "cart"), _named(request, Warehouse, "warehouse"), _named(request, Connection, "renews")


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
    """Inside the merchant's door."""
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
        return {"state": "failed", "words": grants.too_late(attempt)}
    return {"state": "waiting", "words": f"Waiting for {_provider(attempt.integration)}."}


@at_least(Role.MANAGER)
@without_scope
@require_POST
def go_on(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Ask the provider again with tokens that are kept. Answers the script with JSON, a form with the page that it is on."""
    with acting_for(request.merchant):
        attempt = get_object_or_404(GrantAttempt, public_id=public_id)
    attempt = grants.resume(attempt)
    with acting_for(request.merchant):
        if wants_json(request):
            return JsonResponse({"attempt": attempt.public_id, **standing(attempt)})
        tell(request, attempt, attempt.words)
        return redirect(_page_about(request.merchant, attempt.cart, attempt.warehouse, attempt.renews))


@at_least(Role.MANAGER)
@without_scope
@require_POST
def paste(request: MerchantRequest) -> HttpResponse:
    """The address of a page where the provider ended by itself, pasted by the owner. Checked as if it had come here."""
    slug = _known(request.POST.get("integration", ""))
    with acting_for(request.merchant):
        asked_on = _page_about(request.merchant, *_subjects(request))
    attempt, words = pasted(request, slug, request.user)
    tell(request, attempt, words)
    return redirect(_page_of(attempt) if attempt is not None else asked_on)


def pasted(request: HttpRequest, slug: str, user: User | None) -> tuple[GrantAttempt | None, str]:
    """What the address in the field comes to, with words for a person; no attempt where it is refused."""
    params = _query(request.POST.get("address", ""))
    if "state" not in params:
        return None, NO_ANSWER.format(provider=_provider(slug))
    try:
        attempt = grants.finish(slug, params, request.session.get(BROWSER, ""), user)
    except grants.Refused as refused:
        return refused.attempt, refused.words
    return attempt, attempt.words


def tell(request: HttpRequest, attempt: GrantAttempt | None, words: str) -> None:
    """On the page that is shown next."""
    done = attempt is not None and attempt.state == State.DONE
    messages.add_message(request, messages.SUCCESS if done else messages.ERROR, words)


def _query(address: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(address.strip()).query))
    except ValueError:  # brackets that hold no IPv6 address
        return {}


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
    try:
        attempt = finish(slug, request.GET.dict(), key, _user(request))
    except grants.Refused as refused:
        heading = "Answered before" if refused.attempt is not None else "Not connected"
        return _said(request, slug, refused.attempt, heading, refused.words, status=400)
    return _said(request, slug, attempt, HEADINGS.get(attempt.state, "Not connected"), attempt.words)


def _said(
    request: HttpRequest, slug: str, attempt: GrantAttempt | None, heading: str, words: str, *, status: int = 200
) -> HttpResponse:
    context = {
        "heading": heading,
        "words": words,
        "back": _page_of(attempt) if attempt is not None else "",
        "provider": _provider(slug),
        "attempt": attempt.public_id if attempt is not None else "",
        "ok": attempt is not None and attempt.state == State.DONE,
    }
    return render(request, "connections/granted.html", context, status=status)


def _page_of(attempt: GrantAttempt) -> str:
    if attempt.link_id is not None:
        return reverse("owner")
    with acting_for(attempt.merchant_id):
        return _page_about(attempt.merchant, attempt.cart, attempt.warehouse, attempt.renews)


def _page_about(merchant: Merchant, cart: Cart | None, warehouse: Warehouse | None, renews: Connection | None) -> str:
    for name, row in (("warehouse", warehouse), ("cart", cart), ("connection", renews)):
        if row is not None:
            return reverse(name, args=[merchant.public_id, row.public_id])
    return reverse("connections", args=[merchant.public_id])


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
