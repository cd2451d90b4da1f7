from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect


class OneHostMiddleware:
    """Sends every other host name to the portal's own: passkeys refuse IP addresses, and sessions belong to one host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.own = urlsplit(settings.PORTAL_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        host = request.get_host()
        if host != self.own.netloc and request.method in ("GET", "HEAD") and not request.path.startswith("/health"):
            return HttpResponseRedirect(f"{settings.PORTAL_URL}{request.get_full_path()}")
        if "\0" in unquote(request.META.get("QUERY_STRING", "")):  # no row holds one, and PostgreSQL takes none in a question
            return HttpResponseBadRequest("This address holds a character that nothing here has.", content_type="text/plain")
        return self.get_response(request)
