"""Whether the warehouse takes the order number. Where it does not, a person may send the short one (cust_ref) instead."""

from __future__ import annotations

from collections.abc import Container

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict

SHORT = "number_too_long"  # the gate that is waived by sending the short number


def number_to_send(number: str, ref: str, waived: Container[str]) -> str:
    return ref if SHORT in waived else number


def number_fits(case: Case, cart: Cart, known: Context) -> Verdict | None:
    warehouse = cart.warehouse
    if warehouse is None:
        return None
    against = known.limits[warehouse.pk].against(number_to_send(case.number, case.ref, case.waived))
    if not against:
        return None
    if SHORT in case.waived:
        words = f"Even the short order number {case.ref} {against} at {warehouse}. Widen the limit on the warehouse's page."
        card = f"Not even short order numbers fit at {warehouse}: one {against}. Widen the limit on the warehouse's page."
        return Verdict(Status.ERROR, "ref_too_long", words, cause=Cause("ref_too_long", about=warehouse, words=card))
    words = f"The order number {against} at {warehouse}."
    card = f"Order numbers do not fit at {warehouse}: one {against}. Send our short ones, or widen the limit on its page."
    return Verdict(Status.ERROR, SHORT, words, cause=Cause(SHORT, about=warehouse, words=card))
