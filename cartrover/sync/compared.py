"""An order as it was sent beside how the warehouse has it: lines and money, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cartrover.sync.sent import amount
from integrations.contract import RemoteOrder


def words(sent: Mapping[str, Any], there: RemoteOrder) -> str:
    """What is different there from what was sent; empty where nothing is."""
    names = {line["item_id"]: str(line["sku"]) for line in sent["lines"]}
    wanted: Counter[str] = Counter()
    for line in sent["lines"]:
        wanted[line["item_id"]] += line["quantity"]
    found: Counter[str] = Counter()
    for item_id, units in there.lines:
        found[item_id] += units
    parts = [f"{names[item_id]}: {units} → {found[item_id]}" for item_id, units in wanted.items() if found[item_id] != units]
    parts += [f"item {item_id} added: {units}" for item_id, units in found.items() if item_id not in wanted]
    if there.total != Decimal(sent["total"]):
        parts.append(f"total: {sent['total']} → {amount(there.total)}")
    return ", ".join(parts)
