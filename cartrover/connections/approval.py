"""OK: what passes the test is saved as checked; what does not is saved as a draft, and the form stays open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cartrover.connections import holders
from cartrover.connections.checking import check, passed
from cartrover.connections.checking.findings import ACCOUNT_CHANGED, Line
from cartrover.connections.holders import Holder, State
from cartrover.connections.models import Cart, Warehouse
from cartrover.merchants.tenancy import acting_for


def approve(holder: Holder, *, actor: str, settings: Mapping[str, Any], **changes: Any) -> list[Line]:
    """Test these settings and keep them. Outside every door; returns the test's lines, and ``passed`` tells how it ended.

    ``changes`` are other columns (name, services), which no test can fail. Where a cart's orders go is taken from ``holder``. One
    that is live or paused goes on with its tested settings until others pass. A window that ended during the test may have joined
    it to another account, which nobody has tested.
    """
    lines = list(check(holder, settings=settings))
    with acting_for(holder.merchant_id):
        rows = type(holder).objects.select_for_update(no_key=True, of=("self",)).select_related("connection")
        row = rows.get(pk=holder.pk)
        if row.connection_id != holder.connection_id:
            lines = [ACCOUNT_CHANGED]
        good = passed(lines)
        running = row.state in (State.LIVE, State.PAUSED)
        if good or not running:
            changes["settings"] = dict(settings)
            if isinstance(holder, Cart):
                target = Warehouse.objects.filter(pk=holder.warehouse_id).first()
                holders.send_orders_to(row, target, actor=actor)
        holders.save_settings(row, actor=actor, **changes)
        (holders.checked if good else holders.unchecked)(row, actor=actor)
    return lines
