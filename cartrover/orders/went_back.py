"""What went back of an order after its sale, for the sums on its page: money to the buyer, goods to the seller."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from cartrover.orders.models import Order


@dataclass(frozen=True, slots=True)
class WentBack:
    """One refund or return. ``amount`` is None where the cart tells none; ``note`` says what is not plain."""

    label: str
    amount: Decimal | None
    at: datetime | None
    note: str


def went_back(order: Order) -> list[WentBack]:
    return [
        WentBack(
            "Return" if each["goods"] else "Refund",
            Decimal(each["amount"]) if each["amount"] else None,
            datetime.fromisoformat(each["at"]) if each["at"] else None,
            each["reason"] or ("" if each["done"] else "under way"),
        )
        for each in order.refunds
    ]


def kept(order: Order) -> Decimal | None:
    """What is left of the total after the refunds that went through; None where there were none, or one without an amount."""
    refunds = [each for each in order.refunds if each["done"] and not each["goods"]]
    if not refunds or not all(each["amount"] for each in refunds):
        return None
    return order.total - sum((Decimal(each["amount"]) for each in refunds), Decimal(0))
