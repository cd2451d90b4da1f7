"""Whether the warehouse knows what was sold: each line's code, translated by the merchant's rules."""

from __future__ import annotations

from cartrover.connections import declared
from cartrover.connections.models import Cart
from cartrover.inventory.skus import LEAVE_OUT, REFUSE, code_of
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case, CaseLine
from cartrover.orders.verdicts import Cause, Verdict


def something_sent(case: Case, cart: Cart, known: Context) -> Verdict | None:
    """An order of which the rules leave out every line is nothing for the warehouse."""
    lines = [line for line in case.lines if line.left]
    if any(known.sent_as(cart, line).action != LEAVE_OUT for line in lines):
        return None
    codes = ", ".join(dict.fromkeys(code_of(cart, line) for line in lines))
    return Verdict(Status.SKIPPED, "left_out", f"your rules leave out all that it has: {codes}")


def not_refused(case: Case, cart: Cart, known: Context) -> Verdict | None:
    for line in case.lines:
        if line.left and known.sent_as(cart, line).action == REFUSE:
            code = code_of(cart, line)
            words = f"Your rule for {code} refuses every order that has it. Change the rule, or cancel the order at the cart."
            return Verdict(Status.ERROR, "refused_sku", words, cause=Cause("refused_sku", code))
    return None


def skus_known(case: Case, cart: Cart, known: Context) -> Verdict | None:
    """Every SKU at the warehouse, and there only once. Which catalogue is still being read knows no missing SKU."""
    for line in case.lines:
        found = _line(line, cart, known) if line.left else None
        if found is not None:
            return found
    return None


def _line(line: CaseLine, cart: Cart, known: Context) -> Verdict | None:
    at = cart.warehouse.connection_id if cart.warehouse else None
    if at is None:
        return None
    code, name = code_of(cart, line), declared.identifier(cart).label
    if not code:
        return _without_code(line, name)
    for part in known.sent_as(cart, line).parts:
        what = f"{name} {code}" if part.sku == code else f"SKU {part.sku}, which {code} is sent as,"
        count = known.items[at][part.sku]
        if count > 1:
            words = f"{what} stands for {count} items in {cart.warehouse}. Each needs a SKU of its own."
            return Verdict(Status.ERROR, "duplicate_sku", words, cause=Cause("duplicate_sku", part.sku))
        if count == 0 and at in known.complete:
            words = f"{what} is not in {cart.warehouse}. Add it there or match it here, and the orders that wait for it go on."
            return Verdict(Status.ERROR, "unknown_sku", words, cause=Cause("unknown_sku", part.sku))
    return None


def _without_code(line: CaseLine, name: str) -> Verdict:
    what = line.title or line.listing_id or "A line"
    words = f"{what} has no {name}, so no warehouse knows what it is. Give its listing one."
    return Verdict(Status.ERROR, "no_sku", words, cause=Cause("no_sku", (line.listing_id or line.title)[:200]))
