"""An order that is at the warehouse, as it would be sent now, and how that differs from what was sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cartrover.orders.differences import Difference, differences
from cartrover.orders.models import Order, OrderLine
from cartrover.orders.sending import Sending, as_sent
from cartrover.orders.shipped import units_left
from cartrover.orders.wanted_lines import WantedLines, wanted_lines
from cartrover.sync.deliveries import delivery_of
from cartrover.sync.sent import kept
from integrations.contract import Delivery


@dataclass(slots=True)
class WantedNow:
    """``found`` is empty where the warehouse has it as it is wanted. Items of new lines are named on the parts of ``lines``."""

    order: Order
    lines: WantedLines
    sending: Sending
    found: list[Difference] = field(default_factory=list)

    def delivery(self) -> Delivery:
        customer_id = str((self.order.sent or {}).get("customer_id", ""))
        return delivery_of(self.order, self.lines.lines, self.lines.parts, customer_id, self.sending)


def wanted_now(order: Order) -> WantedNow:
    """Inside the merchant's door."""
    wanted = WantedNow(order, wanted_lines(order), as_sent(order))
    sent: dict[str, Any] | None = order.sent
    if sent is None:
        wanted.found = [{"what": "order", "old": "", "new": ""}]
    else:
        wanted.found = differences(sent, kept(wanted.delivery()), lines=_rest_differs(order, wanted.lines.lines))
    return wanted


def _rest_differs(order: Order, wanted: Iterable[OrderLine]) -> bool:
    """Whether the lines differ in what has not left yet."""
    left = units_left(order)
    now = {line.pk: line.quantity for line in wanted}
    if not left or None in now:
        return True
    return any(
        max(0, now.get(line.pk, 0) - gone) != max(0, line.quantity - gone)
        for line in OrderLine.objects.filter(order=order)
        for gone in [line.shipped_before + left.get(line.pk, 0)]
    )
