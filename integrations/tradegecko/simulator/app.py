"""The stand-in as a Flask application."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import Flask, Response, g
from werkzeug.exceptions import HTTPException

from integrations.simulation import Clock, Faults, Ledger, RateWindow, StartResponse, Store, control_routes

from . import api, control, oauth, pages, replies
from .errors import ApiError
from .formats import dump
from .records import Records
from .settings import settings_with
from .stock import Stock
from .webhooks import Deliveries
from .world import World


class StandIn(Flask):
    """``/orders/`` and ``/orders/123.json`` are ``/orders`` and ``/orders/123``, and any request may meet a fault."""

    def __init__(self) -> None:
        super().__init__(__name__)
        self.faults = Faults(super().wsgi_app)

    def wsgi_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"].rstrip("/").removesuffix(".json")
        return self.faults({**environ, "PATH_INFO": path or "/"}, start_response)


def create_app(settings: dict[str, Any] | None = None, data: Path | None = None) -> StandIn:
    """A stand-in of its own. ``data`` is an SQLite file that keeps its state; without it the state ends with the process."""
    world = _world(settings_with(settings), Store(data))
    app = StandIn()
    app.config.update(SESSION_COOKIE_NAME="tradegecko_sim_session", SESSION_COOKIE_SAMESITE="Lax")
    app.secret_key = _secret(world.store)
    app.extensions["world"] = world
    app.register_blueprint(control_routes(app.faults, world.ledger, world.clock, world.settings, world.calls))
    for part in (control, oauth, pages, api):
        app.register_blueprint(part.routes)
    _answer_errors(app, world)

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def dress(reply: Response) -> Response:
        return replies.dress(reply, world.clock)

    return app


def _world(settings: dict[str, Any], store: Store) -> World:
    clock = Clock()
    records = Records(store, clock)
    deliveries = Deliveries(records, settings, clock)
    stock = Stock(records, settings, deliveries)
    return World(settings, store, clock, Ledger(store, clock), records, stock, deliveries, RateWindow(300, 300, clock))


def _secret(store: Store) -> str:
    """Kept with the data, so that a log-in survives a restart as the accounts do."""
    known = store.get("secret", "session")
    if known is None:
        known = secrets.token_hex(32)
        store.put("secret", "session", known)
    return str(known)


def _answer_errors(app: Flask, world: World) -> None:
    @app.errorhandler(ApiError)
    def refused(error: ApiError) -> Response:
        body = error.body or world.settings["error_bodies"].get(str(error.status), {})
        reply = replies.answer(error.status, dump(body))
        if error.status == 401 and world.settings["www_authenticate"]:
            reply.headers["WWW-Authenticate"] = world.settings["www_authenticate"]
        if error.status == 429 and world.settings["retry_after"]:
            reply.headers["Retry-After"] = str(max(1, g.rate[2] - int(world.clock.now().timestamp())))
        return reply

    @app.errorhandler(404)
    @app.errorhandler(405)
    def unknown(error: HTTPException) -> Response:
        return replies.answer(404, dump({"type": "Not Found", "message": "Not Found"}))

    @app.errorhandler(500)
    def broken(error: Exception) -> Response:
        return replies.answer(500, dump(world.settings["error_bodies"]["500"]))
