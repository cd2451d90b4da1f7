"""What the gates answer: what becomes of an order, in words for people and as a code for the engine."""

from __future__ import annotations

from dataclasses import dataclass

from cartrover.connections.models import Cart
from cartrover.orders.models import Status


@dataclass(frozen=True, slots=True)
class Cause:
    """What a Problem is about: one for all orders that wait for the same thing, one for the order where ``subject`` is empty."""

    kind: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an order, in words for people and as a code for the engine."""

    status: str
    code: str = ""
    reason: str = ""
    cart: Cart | None = None
    cause: Cause | None = None

    @property
    def wakes(self) -> int | None:
        """The connection whose order delivery has work now."""
        ready = self.status == Status.NEW and self.cart is not None and self.cart.warehouse is not None
        return self.cart.warehouse.connection_id if ready and self.cart and self.cart.warehouse else None


def told(status: str, reason: str) -> str:
    """What became of an order, as a sentence."""
    label = "Ready for the warehouse" if status == Status.NEW else Status(status).label
    return f"{label}: {reason}" if reason else label
