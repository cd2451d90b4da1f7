"""Can the orders of a cart be read, and how many of them would be sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cartrover.connections.checking.findings import OK, Line
from cartrover.connections.checking.here import Here, opened, provider_time
from cartrover.connections.holders import FIRST_PULL_DAYS
from cartrover.connections.models import Cart
from integrations.contract import OrderRecord, Window
from integrations.outcomes import NeedsMerchant

LOCATION = "location_id"  # the setting that picks one location, where an integration has them
ORDER_PAGES = 5  # read to count what Go live would send


@dataclass(frozen=True, slots=True)
class Counted:
    """Orders of a window: how many changed in it, when those were placed that would be sent, and whether all were read."""

    changed: int
    placed: tuple[datetime, ...]
    complete: bool

    def since(self, days: int) -> str:
        """How many would be sent of those placed in the last ``days``."""
        start = datetime.now(UTC) - timedelta(days=days)
        count = sum(each >= start for each in self.placed)
        return f"{count}" if self.complete or not days else f"at least {count}"


def open_orders(cart: Cart) -> Counted:
    """How many open orders a first download would find. Outside every door; raises an Outcome."""
    here = opened(cart, cart.settings)
    if here.connection is None:
        raise NeedsMerchant("There is no access yet.", fix="grant")
    return _counted(here, ORDER_PAGES)


def orders(here: Here) -> Iterator[Line]:
    found = _counted(here, pages=1)
    location = here.settings.get(LOCATION)
    where = f" of location {location}" if location else ""
    changed = f"{found.changed} that changed in the last {FIRST_PULL_DAYS} days"
    count = found.since(FIRST_PULL_DAYS)
    detail = f"{count} open order{'' if count == '1' else 's'}{where} would load, of {changed}"
    yield Line("orders", OK, "Orders can be read", detail)


def _counted(here: Here, pages: int) -> Counted:
    client = here.cart()
    end = provider_time(here)
    start = end - timedelta(days=FIRST_PULL_DAYS)
    seen, total = 0, 0
    placed: list[datetime] = []
    for _ in range(pages):
        page = client.orders_in(Window(start, end), offset=seen)
        seen += len(page.records)
        total = page.total
        placed += [each.placed_at for each in page.records if isinstance(each, OrderRecord) and _would_load(each, here)]
        if not page.records or seen >= total:
            return Counted(total, tuple(placed), complete=True)
    return Counted(total, tuple(placed), complete=False)


def _would_load(record: OrderRecord, here: Here) -> bool:
    """About what the gates will say; they have the last word."""
    variant = here.holder.variant if isinstance(here.holder, Cart) else ""
    markets = {line.marketplace for line in record.lines} | {record.marketplace}
    return (
        record.payment == "paid"
        and record.cancel == "none"
        and record.fulfilment != "full"
        and not record.unshippable
        and not record.filtered
        and (not variant or variant in markets)
    )
