"""Which orders a person means: those ticked in the list, or all that its query finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from cartrover.merchants.models import Merchant
from cartrover.orders import filters

MOST_TICKED = 200


def chosen(asked: QueryDict, zone: str) -> dict[str, Any]:
    """As ``sync/jobs/bulk_actions.py`` takes it. What is neither means none."""
    if asked.get("which") != "all":
        return {"refs": sorted(set(asked.getlist("order")))[:MOST_TICKED]}
    return {"query": filters.asked_for(QueryDict(asked.get("query", "").lstrip("?"))), "zone": zone}


def described(args: Mapping[str, Any]) -> str:
    """For the audit. What was searched for may be a buyer's name, so it is left out."""
    if "refs" in args:
        return ", ".join(args["refs"])
    return filters.as_query({**args["query"], "q": "…" if "q" in args["query"] else ""})


def list_of(merchant: Merchant, args: Mapping[str, Any]) -> str:
    """The address of the list that they were chosen in."""
    return reverse("orders", args=[merchant.public_id]) + (filters.as_query(args["query"]) if "query" in args else "")
