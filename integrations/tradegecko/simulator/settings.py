"""What the stand-in can be told to do differently, while it runs (``PATCH /_control/settings``) or with ``--set name=value``.

The contract leaves some of the real system's answers open. Each such answer is a setting here, whose default is the
likeliest one, so that a client can be shown to depend on none of them.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

DEFAULTS: dict[str, Any] = {
    # The one registered application. ``redirect_uris`` empty: any is accepted.
    "application_id": 24,
    "application_name": "CartRover",
    "client_id": "cartrover-client-id",
    "client_secret": "cartrover-client-secret",
    "redirect_uris": [],
    # Tokens, in seconds.
    "access_token_seconds": 7200,
    "code_seconds": 600,
    "refresh_grace_seconds": 0,  # how long a refresh token still works after it was used
    "old_access_token": "lives",  # or "dies": the access token from before a refresh
    # The rate window.
    "rate_limit": 300,
    "rate_seconds": 300,
    "retry_after": False,  # whether a 429 carries Retry-After
    # Orders.
    "processing_delay": 0,  # seconds until an order that was made through the API can be seen
    "duplicate_order_number": "allow",  # or "refuse"
    "order_number_match": "exact",  # or "contains": what the filter of that name finds
    "issued_at_required": False,
    "foreign_addresses": "refuse",  # or "allow": addresses of another company on an order
    "put_finalized": "allow",  # or "refuse": changes to finalized and fulfilled orders, but for notes, tags and reference
    "action_status": 201,  # or 200: the answer to POST /orders/:id/actions/...
    "default_scope": "hidden",  # or "shown": void and deleted orders and fulfillments in a list that names no status
    # Fulfillments.
    "put_fulfillment": 204,  # or 200, with the body
    "keep_void_fulfillment_ids": False,
    "shipped_at": "set",  # or "null": as some recorded fulfilled ones have it
    # Stock.
    "stock_bumps_variant": False,  # whether a change of stock moves variant.updated_at
    # Writing twice.
    "idempotency_status": 409,  # or 400
    "idempotency_hours": 24,
    "idempotency_spent_by": "any",  # or "success": whether a refused request spends its key
    # Lists.
    "over_limit": "400",  # or "clamp": a limit above 250
    "default_order": "created_at desc",
    "list_meta": True,  # the old "meta": {"total": n} after some lists
    "query_bytes": 8000,  # a longer query string is answered 414
    # Answers whose words are not known.
    "lapsed_accounts": [],  # ids of accounts answered 402
    "www_authenticate": 'Bearer realm="TradeGecko"',
    "error_bodies": {
        "401": {"type": "unauthorized", "message": "The access token is invalid"},
        "402": {"type": "Payment Required", "message": "Your subscription has lapsed"},
        "403": {"type": "Forbidden", "message": "You are not authorized to perform this action"},
        "414": {"type": "Request-URI Too Long", "message": "Too many filters"},
        "429": {"error": "You have exceeded the API rate limit. Please retry later."},
        "500": {"type": "Internal Server Error", "message": "Something went wrong"},
    },
    # Pages in a browser.
    "coop": False,  # send Cross-Origin-Opener-Policy, as a page that cuts its opener off
    "page_delay": 0,  # seconds before a log-in or consent page answers
}


def settings_with(overrides: dict[str, Any] | None) -> dict[str, Any]:
    """The defaults with ``overrides``; a name that is no setting raises ``ValueError``."""
    unknown = set(overrides or {}) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
    return {**deepcopy(DEFAULTS), **(overrides or {})}


def parse_override(text: str) -> tuple[str, Any]:
    """``name=value`` from a command line; the value is JSON where it parses, else the text itself."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
