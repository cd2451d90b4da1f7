"""What a person holds back."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Verdict


def by_person(case: Case, cart: Cart, known: Context) -> Verdict | None:
    return Verdict(Status.HELD, "by_person", f"held by {case.held_by}") if case.held_by else None
