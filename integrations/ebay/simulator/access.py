"""The guard before each REST call: counted, a living token, a sufficient scope, calls left today."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from .errors import Refusal
from .grants import BASE, Access, DeadToken
from .here import world

View = Callable[..., Any]

ANY_APPLICATION = BASE
ORDERS = f"{BASE}/sell.fulfillment"
INVENTORY = f"{BASE}/sell.inventory"
IDENTITY = f"{BASE}/commerce.identity.readonly"
SUBSCRIPTION = f"{BASE}/commerce.notification.subscription"


def guarded(call: str, resource: str, *scopes: str) -> Callable[[View], View]:
    """Let a call through that has one of ``scopes``. ``caller()`` then says whose it is."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(*args: Any, **kwargs: Any) -> Any:
            world.calls[call] += 1
            g.access = access = _access()
            if not access.scopes.intersection(scopes):
                raise Refusal(1100)
            world.quotas.take(resource, access.username)
            return view(*args, **kwargs)

        return inner

    return decorate


def caller() -> Access:
    access: Access = g.access
    return access


def _access() -> Access:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if not kind:
        raise Refusal(1002)
    if kind.lower() != "bearer":
        raise Refusal(1001)
    try:
        return world.grants.access(token.strip())
    except DeadToken as dead:
        raise Refusal(1001) from dead
