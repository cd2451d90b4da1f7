from collections.abc import Callable
from urllib.parse import urlsplit

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
        return self.get_response(request)


class NoNulMiddleware:
    """Refuses the NUL character in an address and in a form: no row holds one, and PostgreSQL takes none in a question."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """After the CSRF check, which reads a form anyway."""
        typed = (value for values in (*request.GET.lists(), *request.POST.lists()) for value in (values[0], *values[1]))
        if any("\0" in value for value in typed):
            return HttpResponseBadRequest("This holds a character that nothing here has.", content_type="text/plain")
        return None
