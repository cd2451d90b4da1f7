"""Whether the warehouse knows what was sold."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case, CaseLine
from cartrover.orders.verdicts import Cause, Verdict


def skus_known(case: Case, cart: Cart, known: Context) -> Verdict | None:
    """Every SKU at the warehouse, and there only once. Which catalogue is still being read knows no missing SKU."""
    at = cart.warehouse.connection_id if cart.warehouse else None
    if at is None:
        return None
    for line in case.lines:
        if line.left and not line.sku:
            return _without_sku(line)
        count = known.items[at][line.sku] if line.left else 1
        if count > 1:
            words = f"SKU {line.sku} stands for {count} items in {cart.warehouse}. Each needs a SKU of its own."
            return Verdict(Status.ERROR, "duplicate_sku", words, cause=Cause("duplicate_sku", line.sku))
        if count == 0 and at in known.complete:
            words = f"SKU {line.sku} is not in {cart.warehouse}. Add it there, and the orders that wait for it go on."
            return Verdict(Status.ERROR, "unknown_sku", words, cause=Cause("unknown_sku", line.sku))
    return None


def _without_sku(line: CaseLine) -> Verdict:
    what = line.title or line.listing_id or "A line"
    words = f"{what} has no SKU, so no warehouse knows what it is. Give its listing one."
    return Verdict(Status.ERROR, "no_sku", words, cause=Cause("no_sku", (line.listing_id or line.title)[:200]))
