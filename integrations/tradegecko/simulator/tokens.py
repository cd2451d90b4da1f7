"""Grants and tokens: what the authorise page hands out and the API accepts.

One grant lives per application and user: a new one ends the old one's refresh token, while its access token lives out its time.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from . import formats
from .records import Record
from .world import Caller, World


def new_code(world: World, user: Record, redirect_uri: str) -> str:
    code = secrets.token_hex(16)
    expires = _after(world, world.settings["code_seconds"])
    world.store.put("codes", code, {"user_id": user["id"], "redirect_uri": redirect_uri, "expires": expires})
    return code


def exchange_code(world: World, code: str, redirect_uri: str) -> Record | None:
    """The token reply; None for a code that is unknown, used, expired or for another address."""
    known = world.store.get("codes", code)
    if known is None:
        return None
    world.store.delete("codes", code)
    if known["redirect_uri"] != redirect_uri or known["expires"] <= _after(world, 0):
        return None
    user = user_by_id(world, known["user_id"])
    return mint(world, user) if user else None


def mint(world: World, user: Record) -> Record:
    """A new grant for the user, superseding the one before."""
    for grant in _live_grants(world, user["id"]):
        world.store.put("grants", grant["id"], {**grant, "superseded": True})
    grant_id = world.store.next_id("grant")
    grant = {"id": grant_id, "user_id": user["id"], "account_id": user["_account"], "generation": 0}
    world.ledger.record("token_minted", str(grant_id), account_id=user["_account"], user_id=user["id"])
    return _issue(world, grant)


def refresh(world: World, refresh_token: str) -> Record | None:
    """The token reply with a new refresh token; None if the old one is unknown, superseded, revoked or used up."""
    known = world.store.get("refresh_tokens", refresh_token)
    grant = world.store.get("grants", known["grant_id"]) if known else None
    if known is None or grant is None or grant.get("superseded") or grant.get("revoked"):
        return None
    if known["used"] is not None and known["used"] <= _after(world, -world.settings["refresh_grace_seconds"]):
        return None
    world.store.put("refresh_tokens", refresh_token, {**known, "used": known["used"] or _after(world, 0)})
    if world.settings["old_access_token"] == "dies":
        _drop_access_tokens(world, grant["id"])
    world.ledger.record(
        "token_refreshed",
        f"{grant['id']}/{known['generation']}",
        account_id=grant["account_id"],
        user_id=grant["user_id"],
    )
    return _issue(world, {**grant, "generation": grant["generation"] + 1})


def privileged(world: World, user: Record) -> str:
    """A bearer token that never expires, as the application's page makes one."""
    token = secrets.token_hex(32)
    world.store.put("access_tokens", token, {"grant_id": 0, "user_id": user["id"], "expires": None})
    return token


def revoke(world: World, user: Record) -> int:
    """End every grant of the user at once. Returns how many there were."""
    grants = _live_grants(world, user["id"])
    for grant in grants:
        world.store.put("grants", grant["id"], {**grant, "revoked": True})
        _drop_access_tokens(world, grant["id"])
    return len(grants)


def caller_of(world: World, token: str) -> Caller | None:
    known = world.store.get("access_tokens", token)
    if known is None or (known["expires"] is not None and known["expires"] <= _after(world, 0)):
        return None
    user = user_by_id(world, known["user_id"])
    if user is None or user["status"] != "active":
        return None
    permissions = frozenset(user["permissions"])
    return Caller(user["_account"], user["id"], world.settings["application_id"], permissions)


def user_by_id(world: World, user_id: int) -> Record | None:
    account_id = world.records.owner("users", user_id)
    return world.records.get("users", account_id, user_id) if account_id is not None else None


def user_by_email(world: World, email: str) -> Record | None:
    for account_id in world.records.accounts():
        for user in world.records.where("users", account_id, email=email):
            return user
    return None


def _issue(world: World, grant: Record) -> Record:
    now = world.clock.now()
    lifetime = int(world.settings["access_token_seconds"])
    access_token, refresh_token = secrets.token_hex(32), secrets.token_hex(32)
    world.store.put("grants", grant["id"], grant)
    expires = _stamp(now + timedelta(seconds=lifetime))
    world.store.put("access_tokens", access_token, {"grant_id": grant["id"], "user_id": grant["user_id"], "expires": expires})
    world.store.put("refresh_tokens", refresh_token, {"grant_id": grant["id"], "generation": grant["generation"], "used": None})
    return {
        "access_token": access_token,
        "expires_in": lifetime,
        "refresh_token": refresh_token,
        "scope": "public",
        "token_type": "bearer",
        "created_at": int(now.timestamp()),
    }


def _live_grants(world: World, user_id: int) -> list[dict[str, Any]]:
    grants = world.store.all("grants")
    return [grant for grant in grants if grant["user_id"] == user_id and not grant.get("superseded") and not grant.get("revoked")]


def _drop_access_tokens(world: World, grant_id: int) -> None:
    tokens = dict(world.store.items("access_tokens"))
    for token in [token for token, known in tokens.items() if known["grant_id"] == grant_id]:
        world.store.delete("access_tokens", token)


def _stamp(value: datetime) -> str:
    return formats.moment(value)


def _after(world: World, seconds: float) -> str:
    return _stamp(world.clock.now() + timedelta(seconds=float(seconds)))
