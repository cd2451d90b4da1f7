"""Every setting of the stand-in, with what it plays by default."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

DEFAULTS: dict[str, Any] = {
    # The application's keyset and its RuName. Without an accepted_url eBay ends on a page of its own (as with dead_end).
    "client_id": "CartRove-Demo-SBX-000000000-00000000",
    "client_secret": "SBX-000000000000-demo-secret",
    "runame": "CartRover-CartRove-Demo-SBX-abcdefgh",
    "accepted_url": "http://localhost:8000/oauth/callback/ebay/",
    "declined_url": "http://localhost:8000/oauth/callback/ebay/declined/",
    "dead_end": False,
    # Lives of what is minted, in seconds.
    "access_token_seconds": 7200,
    "code_seconds": 299,
    "refresh_token_seconds": 47_304_000,
    # The browser's part.
    "signed_out": 0,  # how many of the next visits see "You have signed out of eBay"
    "signed_out_with_prompt": False,  # every visit with prompt=login sees it
    "declined_query": True,  # whether the declined redirect carries error and state
    "coop": False,  # pages send Cross-Origin-Opener-Policy: same-origin
    "page_delay": 0.0,  # seconds each page takes
    # Calls a day, by resource, for the whole application.
    "limit_order": 100_000,
    "limit_inventory": 2_000_000,
    "limit_trading": 5_000,
    "limit_identity": 5_000,
    "limit_notification": 10_000,
    "limit_analytics": 5_000,
    "limit_authorization_code": 10_000,
    "limit_refresh_token": 50_000,
    "limit_client_credentials": 1_000,
    # What the contract leaves open.
    "newest_first": True,  # order of rows in getOrders
    "index_lag": 0.0,  # seconds until a change shows in getOrders
    "drift_per_page": 0,  # open orders that change after each answered page of getOrders
    "processing_delay": 0.0,  # seconds until a created fulfillment can be read
    "duplicate_tracking": "allow",  # or "refuse": a tracking number the order already has
    "ship_cancelled": "refuse",  # or "allow"
    "free_text_carriers": False,  # whether a carrier outside the enumeration is taken
    "refused_tracking": [],  # numbers that no carrier of eBay's has
    "refused_carriers": [],  # codes of its enumeration that eBay does not take all the same
    "max_tracking_numbers": 100,  # of one order
    "bulk_limit": 25,  # entries of one bulk_update_price_quantity
    "revisions_per_day": 250,  # of one listing
    "out_of_stock_control": True,  # without it a listing ends at quantity 0
    "https_endpoints": False,  # whether notification endpoints must be https
}


def merged(given: dict[str, Any] | None) -> dict[str, Any]:
    """The defaults with ``given`` over them. ValueError names what is unknown."""
    unknown = set(given or {}) - set(DEFAULTS)
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
    return {**DEFAULTS, **(given or {})}


def parsed(assignments: Iterable[str]) -> dict[str, Any]:
    """``name=value`` pairs of a command line; a value is JSON where it can be, else text."""
    found: dict[str, Any] = {}
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found
