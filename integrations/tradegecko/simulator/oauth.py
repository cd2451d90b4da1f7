"""The OAuth pages and the token endpoint."""

from __future__ import annotations

import base64
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request, session

from . import tokens
from .bodies import body_of
from .current import world
from .formats import dump
from .records import Record

_MALFORMED = "The request is missing a required parameter, includes an unsupported parameter value, or is otherwise malformed."


routes = Blueprint("oauth", __name__)


@routes.route("/oauth/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    time.sleep(float(world.settings["page_delay"]))
    asked = request.values
    problem = _problem(asked.get("client_id", ""), asked.get("redirect_uri", ""), asked.get("response_type", ""))
    if problem:
        return page("refused.html", 401, problem=problem)
    user = signed_in()
    if user is None:
        return redirect(f"/login?{urlencode({'return_to': _here()})}")
    if request.method == "GET":
        return page("consent.html", application=world.settings["application_name"], user=user, asked=asked, here=_here())
    return redirect(_answer(user, request.form.get("decision") == "accept", asked["redirect_uri"], asked.get("state")))


def _answer(user: Record, accepted: bool, redirect_uri: str, state: str | None) -> str:
    answer = (
        {"code": tokens.new_code(world, user, redirect_uri)}
        if accepted
        else {
            "error": "access_denied",
            "error_description": "The resource owner or authorization server denied the request.",
        }
    )
    if state is not None:
        answer["state"] = state
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(answer)}"


@routes.route("/login", methods=["GET", "POST"])
def login() -> Any:
    time.sleep(float(world.settings["page_delay"]))
    return_to = request.values.get("return_to", "/go/variants")
    if request.method == "GET":
        return page("login.html", return_to=return_to, problem=None)
    user = tokens.user_by_email(world, request.form.get("email", "").strip())
    if user is None or user["_password"] != request.form.get("password"):
        return page("login.html", 401, return_to=return_to, problem="Invalid email or password.")
    session["user_id"] = user["id"]
    return redirect(return_to if return_to.startswith("/") and not return_to.startswith("//") else "/")


@routes.post("/logout")
def logout() -> Any:
    session.clear()
    return redirect(f"/login?{urlencode({'return_to': request.form.get('return_to', '/go/variants')})}")


@routes.post("/oauth/token")
def token() -> Any:
    world.calls["POST oauth/token"] += 1
    asked = {**body_of(request), **_basic(request.headers.get("Authorization", ""))}
    known = (world.settings["client_id"], world.settings["client_secret"])
    if (asked.get("client_id"), asked.get("client_secret")) != known:
        return _json({"error": "invalid_client", "error_description": "Client authentication failed."}, 401)
    with world.store.lock:
        reply = _grant(asked)
    if reply is None:
        return _json({"error": "invalid_request", "error_description": _MALFORMED}, 401)
    return _json(reply, 200)


def page(template: str, status: int = 200, **values: Any) -> Response:
    answer = make_response(render_template(template, **values), status)
    if world.settings["coop"]:
        answer.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return answer


def signed_in() -> Record | None:
    user_id = session.get("user_id")
    return tokens.user_by_id(world, user_id) if user_id is not None else None


def _here() -> str:
    return f"/oauth/authorize?{urlencode(list(request.values.items(multi=True)))}"


def _problem(client_id: str, redirect_uri: str, response_type: str) -> str | None:
    """Why the authorise page can't even send the browser back."""
    allowed = world.settings["redirect_uris"]
    if client_id != world.settings["client_id"]:
        return "Client authentication failed due to unknown client."
    if not redirect_uri or (allowed and redirect_uri not in allowed):
        return "The redirect uri included is not valid."
    return None if response_type == "code" else "The authorization server does not support this response type."


def _grant(asked: Record) -> Record | None:
    redirect_uri = str(asked.get("redirect_uri") or "")
    if asked.get("grant_type") == "authorization_code":
        return tokens.exchange_code(world, str(asked.get("code") or ""), redirect_uri)
    if asked.get("grant_type") == "refresh_token":
        return tokens.refresh(world, str(asked.get("refresh_token") or ""))
    return None


def _basic(header: str) -> Record:
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


def _json(body: Record, status: int) -> Response:
    answer = Response(dump(body), status, content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Pragma"] = "no-cache"
    return answer
