"""What a rule about a SKU does, in words."""

from __future__ import annotations

from cartrover.inventory.sku_rules import Wanted
from cartrover.inventory.skus import LEAVE_OUT, REFUSE


def said(wanted: Wanted, going: int) -> str:
    """What was saved, and how many orders go on by it."""
    where = f" at {wanted.cart.name}" if wanted.cart else ""
    words = f"{wanted.code}{where} {what(wanted)}."
    return f"{words} {going:,} order{'s' * (going != 1)} go{'es' * (going == 1)} on." if going else words


def what(wanted: Wanted) -> str:
    if wanted.action == LEAVE_OUT:
        return "is left out of orders"
    if wanted.action == REFUSE:
        return "refuses the orders that have it"
    return f"is sent as {_listed([f'{part.units} × {part.sku}' if part.units > 1 else part.sku for part in wanted.parts])}"


def _listed(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
