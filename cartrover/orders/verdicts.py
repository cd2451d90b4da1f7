"""What the gates answer: what becomes of an order, in words for people and as a code for the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from cartrover.connections.models import Cart
from cartrover.events.models import Problem
from cartrover.orders.models import Status


@dataclass(frozen=True, slots=True)
class Cause:
    """What a Problem is about: one for all orders that wait for the same thing.

    ``about`` is the row that it belongs to; without one it is the warehouse's account where there is a ``subject``, else the
    order. ``words`` are the card's, where the order's own reason does not do. ``data`` is what the fix needs to know. ``whose``
    move it is, is the merchant's where nothing else is said.
    """

    kind: str
    subject: str = ""
    about: Model | None = None
    words: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    whose: str = Problem.Whose.MERCHANT


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an order, in words for people and as a code for the engine."""

    status: str
    code: str = ""
    reason: str = ""
    cart: Cart | None = None
    cause: Cause | None = None

    @property
    def cart_id(self) -> int | None:
        return self.cart.pk if self.cart else None

    @property
    def wakes(self) -> int | None:
        """The connection whose order delivery has work now."""
        ready = self.status == Status.NEW and self.cart is not None and self.cart.warehouse is not None
        return self.cart.warehouse.connection_id if ready and self.cart and self.cart.warehouse else None


def told(status: str, reason: str) -> str:
    """What became of an order, as a sentence."""
    label = "Ready for the warehouse" if status == Status.NEW else Status(status).label
    return f"{label}: {reason}" if reason else label
