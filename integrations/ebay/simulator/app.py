"""The stand-in as one application behind two doors."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.http import http_date
from werkzeug.routing import RequestRedirect

from integrations.simulation import Faults, StartResponse, WsgiApp, control_routes

from . import (
    analytics,
    consent,
    control,
    fulfillment,
    identity,
    inventory,
    notifications,
    oauth,
    orders,
    pages,
    trading,
)
from .answers import empty
from .errors import Refusal, refused
from .here import world
from .notifier import Notifier
from .world import World

DOOR = "ebay.door"
_APIZ_ONLY = ("/commerce/identity/", "/sell/finances/")
_EITHER = ("/_control/",)
PARTS = (
    analytics,
    consent,
    control,
    fulfillment,
    identity,
    inventory,
    notifications,
    oauth,
    orders,
    pages,
    trading,
)


class StandIn(Flask):
    """A Flask application that every request reaches by way of the faults which are waiting."""

    def __init__(self) -> None:
        super().__init__(__name__)
        self.faults = Faults(super().wsgi_app)

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        return self.faults(environ, start_response)


def create_app(settings: dict[str, Any] | None = None, data: Path | None = None) -> Flask:
    """The stand-in, which keeps its state in the file ``data`` where one is given. ValueError for unknown settings.

    Its WSGI environment may name the door a request came in by, ``ebay.door``: "api" (without one) or "apiz".
    ``app.extensions["world"]`` is its state.
    """
    app = StandIn()
    state = World(settings, data)
    app.extensions |= {"world": state, "notifier": Notifier(state), "faults": app.faults}
    app.before_request(_at_the_right_door)
    app.after_request(_as_ebay)
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(NotFound, lambda _: empty(404))
    app.register_error_handler(MethodNotAllowed, lambda _: empty(405))
    app.register_blueprint(control_routes(app.faults, state.ledger, state.clock, state.settings, state.calls))
    for module in PARTS:
        app.register_blueprint(module.routes)
    return app


def _at_the_right_door() -> Response | None:
    """A path of the other host is answered as eBay does: 404 and not a byte more."""
    world.packages.settle()
    if request.path.startswith(_EITHER):
        return None
    apiz = request.environ.get(DOOR, "api") == "apiz"
    wrong_door = apiz != request.path.startswith(_APIZ_ONLY)
    without_its_slash = isinstance(request.routing_exception, RequestRedirect)
    return empty(404) if wrong_door or without_its_slash else None


def _as_ebay(response: Response) -> Response:
    if request.path.startswith(_EITHER):
        return response
    number = secrets.token_hex(8)
    response.headers["rlogid"] = f"t6n%60-{number}"
    response.headers["x-ebay-request-id"] = f"{number}!{request.endpoint or 'none'}"
    response.headers["Date"] = http_date(world.clock.now())
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def behind(app: Flask, door: str) -> WsgiApp:
    """The application as it is met at one door."""

    def entered(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        environ[DOOR] = door
        return app(environ, start_response)

    return entered
