"""The Developer Analytics API: what is left of the day's calls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from integrations.simulation import Document

from .access import ANY_APPLICATION, INVENTORY, caller, guarded
from .answers import as_json, empty
from .here import world

_DAY = 86_400
_APIS = (  # context, API, version, resource as eBay names it, resource as the settings name it
    ("sell", "Fulfillment", "v1", "sell.fulfillment.order", "order"),
    ("sell", "Inventory", "v1", "sell.inventory", "inventory"),
    ("commerce", "Identity", "v1", "commerce.identity", "identity"),
    ("commerce", "Notification", "v1", "commerce.notification", "notification"),
    ("developer", "Analytics", "v1_beta", "developer.analytics", "analytics"),
    ("TradingAPI", "TradingAPI", "v1", "ReviseInventoryStatus", "trading"),
)


routes = Blueprint("analytics", __name__, url_prefix="/developer/analytics/v1_beta")


@routes.get("/rate_limit/")
@guarded("getRateLimits", "analytics", ANY_APPLICATION)
def application() -> Any:
    return _told("")


@routes.get("/user_rate_limit/")
@guarded("getUserRateLimits", "analytics", INVENTORY, f"{INVENTORY}.readonly")
def member() -> Any:
    return _told(caller().username)


def _told(username: str) -> Any:
    wanted = [request.args.get(name, "").lower() for name in ("api_context", "api_name")]
    found = [
        _limits(*api, username)
        for api in _APIS
        if all(not asked or asked == have.lower() for asked, have in zip(wanted, api[:2], strict=True))
    ]
    return as_json({"rateLimits": found}) if found else empty(204)


def _limits(context: str, name: str, version: str, resource: str, setting: str, username: str) -> Document:
    limit, used = world.quotas.limit(setting), world.quotas.used(setting, username)
    rate = {
        "count": used,
        "limit": limit,
        "remaining": max(0, limit - used),
        "reset": world.quotas.reset(),
        "timeWindow": _DAY,
    }
    resources = [{"name": resource, "rates": [rate]}]
    return {"apiContext": context, "apiName": name, "apiVersion": version, "resources": resources}
