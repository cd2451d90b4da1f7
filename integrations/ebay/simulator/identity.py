"""The Identity API's getUser, on the "z" host."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from .access import IDENTITY, caller, guarded
from .answers import as_json, empty
from .here import world

routes = Blueprint("identity", __name__, url_prefix="/commerce/identity/v1")


@routes.get("/user/")
@guarded("getUser", "identity", IDENTITY)
def get_user() -> Any:
    member = world.members.get(caller().username)
    if member is None:
        return empty(404)
    return as_json(
        {
            "userId": member["userId"],
            "username": member["username"],
            "accountType": "BUSINESS",
            "registrationMarketplaceId": member["marketplace"],
            "status": "CONFIRMED",
        }
    )
