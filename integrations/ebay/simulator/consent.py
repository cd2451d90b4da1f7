"""What a member sees in the browser: sign in, agree or decline, and the ways this goes wrong."""

from __future__ import annotations

import secrets
import time
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request

from integrations.simulation import Document

from .answers import as_json
from .grants import KNOWN_SCOPES
from .here import world

COOKIE = "ebay_sim_session"


class Unauthorizable(Exception):
    """An error that the authorize page shows as JSON."""

    def __init__(self, error_id: str, description: str = "", status: int = 400) -> None:
        super().__init__(error_id)
        self.status = status
        self.body: Document = {"error_id": error_id}
        if description:
            self.body["error_description"] = description
        self.body["http_status_code"] = status


routes = Blueprint("consent", __name__, template_folder="templates")


@routes.errorhandler(Unauthorizable)
def unauthorizable(error: Unauthorizable) -> Response:
    return as_json(error.body, error.status)


@routes.before_request
def slowly() -> None:
    time.sleep(float(world.settings["page_delay"]))


@routes.after_request
def isolated(response: Response) -> Response:
    if world.settings["coop"]:
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    return response


@routes.get("/oauth2/authorize")
def authorize() -> Any:
    world.calls["authorize"] += 1
    wanted = _wanted(request.args.to_dict())
    if _signs_out(wanted):
        return _signed_out()
    number = secrets.token_urlsafe(16)
    world.store.put("authorization", number, wanted)
    if wanted["prompt"] == "login" or _member() is None:
        return redirect(f"/signin?request={number}")
    return redirect(f"/oauth2/consents?request={number}")


@routes.get("/signin")
def sign_in_page() -> Any:
    return render_template("signin.html", request_id=request.args.get("request", ""), error="")


@routes.post("/signin")
def sign_in() -> Any:
    number = request.form.get("request", "")
    member = world.members.get(request.form.get("username", ""))
    if member is None or member["password"] != request.form.get("password"):
        return render_template("signin.html", request_id=number, error="That's not a match."), 401
    session = secrets.token_urlsafe(24)
    world.store.put("session", session, member["username"])
    answer = redirect(f"/oauth2/consents?request={number}" if number else "/")
    answer.set_cookie(COOKIE, session, httponly=True, samesite="Lax")
    return answer


@routes.get("/signout")
def sign_out() -> Any:
    return _signed_out()


@routes.get("/oauth2/consents")
def consent_page() -> Any:
    number = request.args.get("request", "")
    member, wanted = _member(), world.store.get("authorization", number)
    if wanted is None:
        raise Unauthorizable("invalid_request", "Input request parameters are invalid.")
    if member is None:
        return redirect(f"/signin?request={number}")
    return render_template("consent.html", request_id=number, username=member, scopes=wanted["scopes"])


@routes.post("/oauth2/consents")
def decide() -> Any:
    number = request.form.get("request", "")
    member, wanted = _member(), world.store.get("authorization", number)
    if wanted is None or member is None:
        raise Unauthorizable("invalid_request", "Input request parameters are invalid.")
    world.store.delete("authorization", number)
    if request.form.get("decision") != "accept":
        return redirect(_declined(wanted["state"]))
    code = world.grants.code(member, wanted["scopes"])
    return redirect(_accepted(wanted["state"], code))


@routes.get("/oauth2/ThirdPartyAuthSucessFailure")  # spelt as eBay spells it
def dead_end() -> Any:
    return render_template("dead_end.html")


def _member() -> str | None:
    found: str | None = world.store.get("session", request.cookies.get(COOKIE, ""))
    return found


def _signed_out() -> Response:
    world.store.delete("session", request.cookies.get(COOKIE, ""))
    answer = Response(render_template("signed_out.html"))
    answer.delete_cookie(COOKIE)
    return answer


def _wanted(arguments: dict[str, str]) -> Document:
    """The request of an authorize address. Unauthorizable otherwise."""
    if "://" in arguments.get("redirect_uri", ""):
        raise Unauthorizable(
            "temporarily_unavailable",
            "The authorization server is currently unable to handle the request.",
            500,
        )
    if arguments.get("client_id") != world.settings["client_id"]:
        raise Unauthorizable("unauthorized_client", "The OAuth client was not found.")
    if arguments.get("redirect_uri") != world.settings["runame"] or arguments.get("response_type") != "code":
        raise Unauthorizable("invalid_request", "Input request parameters are invalid.")
    scopes = arguments.get("scope", "").split()
    if not scopes or not KNOWN_SCOPES.issuperset(scopes):
        raise Unauthorizable("invalid_scope")
    return {"scopes": scopes, "state": arguments.get("state", ""), "prompt": arguments.get("prompt", "")}


def _signs_out(wanted: Document) -> bool:
    """Whether this visit meets "You have signed out of eBay", which forgets what was asked for."""
    left = int(world.settings["signed_out"])
    if left > 0:
        world.settings["signed_out"] = left - 1
        return True
    return bool(world.settings["signed_out_with_prompt"]) and wanted["prompt"] == "login"


def _accepted(state: str, code: str) -> str:
    query = {"state": state} if state else {}
    if world.settings["dead_end"] or not world.settings["accepted_url"]:
        return "/oauth2/ThirdPartyAuthSucessFailure?" + urlencode({"isAuthSuccessful": "true", **query, "code": code})
    query |= {"code": code, "expires_in": str(world.settings["code_seconds"])}
    return _with_query(world.settings["accepted_url"], query)


def _declined(state: str) -> str:
    query = {"state": state} if state else {}
    given = {**query, "error": "access_denied"} if world.settings["declined_query"] else {}
    return _with_query(world.settings["declined_url"], given)


def _with_query(address: str, query: dict[str, str]) -> str:
    if not query:
        return address
    return address + ("&" if "?" in address else "?") + urlencode(query)
