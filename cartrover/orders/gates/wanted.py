"""Whether an order is wanted, paid, and has something left to ship: what the cart says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict

ASKED = "cancel_asked"


def too_early(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if cart.pull_from is None or case.placed_at >= cart.pull_from:
        return None
    return Verdict(Status.SKIPPED, "too_early", f"placed before {cart.pull_from:%Y-%m-%d}, the cart's earliest order date")


_FOR_GOOD: dict[str, dict[str, Verdict]] = {
    "cancel": {"canceled": Verdict(Status.CANCELED, "canceled", "canceled at the cart")},
    "payment": {
        "failed": Verdict(Status.SKIPPED, "payment_failed", "its payment failed"),
        "refunded": Verdict(Status.SKIPPED, "refunded", "it was fully refunded"),
    },
}
_FOR_NOW: dict[str, dict[str, Verdict]] = {
    "payment": {"pending": Verdict(Status.HELD, "payment", "waiting for payment")},
    "cancel": {"asked": Verdict(Status.HELD, ASKED, "the buyer asked to cancel")},
}


def over(case: Case, cart: Cart, known: Context) -> Verdict | None:
    return _told_by(_FOR_GOOD, case)


def waiting(case: Case, cart: Cart, known: Context) -> Verdict | None:
    found = _told_by(_FOR_NOW, case)
    return replace(found, cause=_to_answer(case)) if found is not None and found.code == ASKED else found


def _to_answer(case: Case) -> Cause:
    words = (
        f"The buyer of order {case.number} asks to cancel, and it has not been sent to the warehouse. Answer the buyer at the "
        "cart: if you agree, we drop it, else we send it."
    )
    return Cause(ASKED, words=words)


def _told_by(table: Mapping[str, Mapping[str, Verdict]], case: Case) -> Verdict | None:
    for name, verdicts in table.items():
        if getattr(case, name) in verdicts:
            return verdicts[getattr(case, name)]
    return None


def nothing_to_ship(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if case.unshippable:
        return Verdict(Status.SKIPPED, "unshippable", case.unshippable)
    if any(line.uncounted for line in case.lines):
        return Verdict(Status.HELD, "counting", "counting how many units the cart has shipped already")
    if not any(line.left for line in case.lines):
        return Verdict(Status.SKIPPED, "shipped", "already shipped at the cart")
    return None


def no_warehouse(case: Case, cart: Cart, known: Context) -> Verdict | None:
    if cart.warehouse is None:
        return Verdict(Status.HELD, "no_warehouse", f"{cart.name} has no warehouse yet")
    return None
