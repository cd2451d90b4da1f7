"""What journeys with packages do and ask."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests

from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.models import Call
from tests.stage import Stage


def units_told(stage: Stage) -> list[tuple[str, list[int]]]:
    """(tracking, units by line) of every package that eBay was told, in order, each as often as it was told."""
    told = [entry for entry in stage.world.ebay.ledger("shipping_fulfillment") if entry["seller"] == stage.seller]
    return [(entry["tracking"], [line["quantity"] for line in entry["lines"]]) for entry in told]


def take_back(stage: Stage, package: dict[str, Any], email: str = "") -> None:
    """Somebody at the warehouse voids a package."""
    _by_a_person(stage, email, "DELETE", package["id"])


def change(stage: Stage, package: dict[str, Any], email: str = "", **columns: str) -> None:
    """Somebody at the warehouse changes a package that has left."""
    _by_a_person(stage, email, "PUT", package["id"], {"fulfillment": columns})


def _by_a_person(stage: Stage, email: str, method: str, fulfillment_id: int, body: dict[str, Any] | None = None) -> None:
    email = email or f"{stage.seller}@example.com"
    token = stage.world.gecko.control("POST", "grant", {"email": email, "privileged": True})["access_token"]
    address = f"{stage.world.gecko.url}/fulfillments/{fulfillment_id}"
    answer = requests.request(method, address, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=60)
    answer.raise_for_status()


def pull_news(stage: Stage) -> None:
    """The cart's newest version of each order is read."""
    stage.settle("pull_orders")


def lines_at_warehouse(stage: Stage) -> dict[str, str]:
    """The warehouse's line of each SKU of its only order."""
    (order,) = stage.at_warehouse()
    return {line["sku"]: str(line["id"]) for line in order["lines"] if line["sku"]}


def units_at_warehouse(stage: Stage) -> dict[str, int]:
    (order,) = stage.at_warehouse()
    return {line["sku"]: int(Decimal(line["quantity"])) for line in order["lines"] if line["sku"]}


def number_of_calls(stage: Stage, number: str, method: str) -> int:
    """How often eBay was asked of (GET) or told (POST) the packages of an order."""
    with acting_for(stage.merchant):
        return Call.objects.filter(method=method, url__endswith=f"/order/{number}/shipping_fulfillment").count()


def open_problems(stage: Stage) -> list[str]:
    """The kinds of what waits for somebody."""
    with acting_for(stage.merchant):
        return sorted(Problem.objects.filter(closed_at__isnull=True).values_list("kind", flat=True))
