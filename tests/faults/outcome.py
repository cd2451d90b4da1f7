"""What came of it in the end: asked of the stand-ins, and for what waits of our own rows."""

from __future__ import annotations

from typing import Any

import requests

from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync import streams
from cartrover.sync.runner import run
from tests.stage import Stage


def drain() -> None:
    """Run what is due until nothing is."""
    for _ in range(300):
        claimed = streams.claim(1)
        if not claimed:
            return
        run(claimed[0])
    raise AssertionError("the engine found no rest")


def recover(stage: Stage, *, least: int = 1, most: int = 5) -> None:
    """Hours pass until nothing of what we know waits: leases end, and every look and every retry has its turn."""
    for hour in range(most):
        stage.pass_time(3600)
        stage.wake()
        drain()
        with acting_for(stage.merchant):
            waits = Order.objects.filter(due_at__isnull=False) | Order.objects.filter(shipments__due_at__isnull=False)
            if hour + 1 >= least and not waits.exists():
                return


def created(stage: Stage, number: str) -> int:
    """How often the warehouse was made to create this order."""
    ref = number.replace("-", "")
    told = stage.world.gecko.ledger("order_created")
    return sum(entry["account_id"] == stage.account and entry["reference_number"] == ref for entry in told)


def companies(stage: Stage) -> list[dict[str, Any]]:
    """The customers that the warehouse has."""
    email = f"{stage.seller}@example.com"
    token = stage.world.gecko.control("POST", "grant", {"email": email, "privileged": True})["access_token"]
    answer = requests.get(f"{stage.world.gecko.url}/companies", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    return list(answer.json()["companies"])


def problems(stage: Stage) -> list[tuple[str, str, str]]:
    """(kind, subject, whose move) of what waits for somebody. The nightly check tells of itself elsewhere."""
    with acting_for(stage.merchant):
        rows = Problem.objects.filter(closed_at__isnull=True).exclude(kind="reconcile").order_by("kind", "subject")
        return list(rows.values_list("kind", "subject", "whose"))


def delivered(stage: Stage, sku: str = "TENT-2P", **order: Any) -> str:
    """An order that has come to the warehouse. Returns its number."""
    stage.stock(sku)
    number = stage.sell(sku, **order)
    stage.settle()
    assert created(stage, number) == 1
    return number
