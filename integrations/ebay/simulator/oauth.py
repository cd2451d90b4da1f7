"""The token endpoint and its neighbours on the API's host."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from .answers import as_json, empty
from .grants import BAD_CODE, NotGranted
from .here import world

_NOT_CLIENT = NotGranted("invalid_client", "client authentication failed", 401)
_INCOMPLETE = NotGranted("invalid_request", "request is missing a required parameter or malformed.")
_UNSUPPORTED = NotGranted("unsupported_grant_type", "grant type in request is not supported by the authorization server")


routes = Blueprint("oauth", __name__, url_prefix="/identity/v1/oauth2/token")


@routes.errorhandler(NotGranted)
def not_granted(refusal: NotGranted) -> Response:
    return as_json({"error": refusal.error, "error_description": refusal.description}, refusal.status)


@routes.post("")
def token() -> Any:
    grant_type = request.form.get("grant_type", "")
    world.calls[f"token:{grant_type}"] += 1
    _authenticated()
    if grant_type not in ("authorization_code", "refresh_token", "client_credentials"):
        raise _UNSUPPORTED
    world.quotas.take(grant_type)
    return as_json(_minted(grant_type), headers={"Cache-Control": "no-store"})


@routes.post("/revoke")
def revoke() -> Any:
    _authenticated()
    world.grants.revoke_token(_given("token"), "REVOKED_BY_APP")
    return empty(200)


def _minted(grant_type: str) -> dict[str, Any]:
    scopes = request.form.get("scope", "").split()
    if grant_type == "client_credentials":
        return world.grants.application(scopes)
    if grant_type == "refresh_token":
        return world.grants.refresh(_given("refresh_token"), scopes)
    if _given("redirect_uri") != world.settings["runame"]:
        raise NotGranted("invalid_grant", BAD_CODE)
    return world.grants.exchange(_given("code"))


def _authenticated() -> None:
    sent = request.authorization
    ours = (world.settings["client_id"], world.settings["client_secret"])
    if sent is None or sent.type != "basic" or (sent.username, sent.password) != ours:
        raise _NOT_CLIENT


def _given(name: str) -> str:
    if not request.form.get(name):
        raise _INCOMPLETE
    return request.form[name]
