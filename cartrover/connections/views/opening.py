"""How an account's owner comes in: a link is swapped for a cookie, and the cookie opens the pages of one setup.

Opening a link changes nothing but a cookie, so that a mail scanner may open it as often as it likes. The cookie holds the hash of
the token for two hours; a link that is sent again or withdrawn ends it. Pages of the clean address keep the site's own referrer
policy: under ``no-referrer`` browsers send ``Origin: null`` with a form, which the CSRF check refuses.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cartrover.connections import sharing
from cartrover.connections.models import SetupLink
from cartrover.connections.views import granting
from cartrover.merchants.requests import AnyRequest
from cartrover.merchants.tenancy import acting_for

COOKIE = "__Secure-cartrover_setup" if settings.SECURE else "cartrover_setup"
COOKIE_PATH = "/setup/"
COOKIE_LIFE = 2 * 60 * 60  # seconds
SALT = "cartrover.setup_link"
GUESSES = {"open": "10/m/ip,300/m/key"}  # wrong links: from one address, and from everywhere
STATUS = {"unknown": 404, "closed": 403, "other": 409}

CLOSED = (
    "This page stays open for two hours only, or until a newer link is sent. Open the link in your newest mail again; what you "
    "have done so far is kept."
)
OTHER = "Another link was opened in this browser since. Open the link of the mail that you want to go on with again."
TOO_MANY = "Too many links that open nothing were tried. Wait a minute, then open the link of your mail again."


@require_safe
def open_link(request: AnyRequest, token: str) -> HttpResponse:
    """Swap the token for a cookie, so that the address holds no secret any more. Starts nothing and uses nothing up."""
    guess = ratelimit.consume(request, app="cartrover.sharing", action="open", config=GUESSES, key="everybody", limit_get=True)
    if guess is None:
        return _closed_to(refused_page(request, "limited", TOO_MANY, 429))
    try:
        link = sharing.find(sharing.digest(token))
    except sharing.Refused as refused:
        return _closed_to(refused_page(request, refused.cause, refused.words))
    guess.rollback()
    try:
        with acting_for(link.merchant_id):
            sharing.insist_on_use(link)
    except sharing.Refused as refused:
        return _closed_to(refused_page(request, refused.cause, refused.words))
    response = redirect("owner")
    response.set_signed_cookie(
        COOKIE,
        sharing.digest(token).hex(),
        salt=SALT,
        max_age=COOKIE_LIFE,
        path=COOKIE_PATH,
        secure=settings.SECURE,
        httponly=True,
        samesite="Lax",  # a mail program opens it from another site
    )
    return _closed_to(response)


def _closed_to(response: HttpResponse) -> HttpResponse:
    """What has the token in its address goes into no cache and no Referer."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def refused_page(request: AnyRequest, cause: str, words: str, status: int = 410) -> HttpResponse:
    status = STATUS.get(cause, status)
    if granting.wants_json(request):
        return JsonResponse({"state": "failed", "words": words}, status=status)
    if request.htmx:
        return HttpResponse(status=status, headers={"HX-Refresh": "true"})  # the page itself then says it
    return render(request, "sharing/refused.html", {"cause": cause, "words": words}, status=status)


View = Callable[..., HttpResponse]


def behind_a_link(view: View) -> View:
    """A view for whoever holds the cookie of a link that still opens something. It opens the merchant's door by itself."""

    @functools.wraps(view)
    def opened(request: AnyRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            link = _link_of(request)
            with acting_for(link.merchant_id):
                sharing.insist_on_use(link)
            return view(request, link, *args, **kwargs)
        except sharing.Refused as refused:
            return refused_page(request, refused.cause, refused.words)

    return never_cache(opened)


def _link_of(request: AnyRequest) -> SetupLink:
    kept = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=COOKIE_LIFE)
    if not kept:
        raise sharing.Refused("closed", CLOSED)
    try:
        link = sharing.find(bytes.fromhex(kept))
    except sharing.Refused:
        raise sharing.Refused("closed", CLOSED) from None
    if request.method == "POST" and request.POST.get("link") != link.public_id:
        raise sharing.Refused("other", OTHER)
    return link
