"""Whose move it is when an order stops, and what happens then: said under the reason on the order's page."""

from __future__ import annotations

from cartrover.events.models import Problem
from cartrover.orders.errands import VOIDED_FOR
from cartrover.orders.models import Order, Status

_BY_CODE = {
    "payment": "The buyer's move. It goes on by itself once the cart says that it is paid.",
    "cancel_asked": "Your move: answer the buyer at the cart. If you agree we drop it, else we send it.",
    "counting": "Our move. It goes on by itself in a moment.",
    "no_warehouse": "Your move: choose where this cart's orders go.",
    "malformed": "Our move: the cart told us something that we cannot read. It goes on by itself as soon as we can.",
    "ambiguous": "Your move: look at the warehouse whether this order is there, then say so here. We do not send it twice.",
    "total_differs": "Your move: compare the two totals, then send it anyway or try again.",
    "unknown_sku": "Your move: match the SKU with one of the warehouse's, or create it there.",
    "refused_sku": "Your move: change your rule for the SKU, or cancel the order at the cart.",
    "duplicate_sku": "Your move: leave the SKU on one item only at the warehouse, then try again.",
    "no_sku": "Your move: give the listing a SKU at the cart.",
    "unmapped_method": "Your move: say what the shipping method is sent as. All that wait for it go on at once.",
    "address": "Your move: complete the address, here or at the cart.",
    "address_too_long": "Your move: shorten the address at the cart, or send it cut off at the warehouse's limits.",
    "po_box": "Your move: ask the buyer for another address, or send it as it is.",
    "country": "Your move: add the country on the warehouse's page, or send this order anyway.",
    "number_too_long": "Your move: send our short number (cust_ref) in its place, or widen the limit on the warehouse's page.",
    "ref_too_long": "Your move: widen the limit of the order number on the warehouse's page.",
    "rule_hold": "Your move: look at it, then release it.",
    "rule_skip": "We leave it alone, as you asked. Change the rule, or send this one anyway.",
    "by_person": "It is not sent until somebody of you releases it.",
    **dict.fromkeys(VOIDED_FOR, "Our move: we void it at the warehouse, or tell you that it is too late."),
    "too_late": "Your move: call the warehouse and have it stopped, or let it ship. It clears itself either way.",
    "cancel_asked_late": "Your move: answer the buyer at the cart. If you agree we void it at the warehouse, else it ships.",
    "not_changed": "Your move: tell the warehouse what is different, then say so here.",
    "voided_there": "Your move: send it again, or cancel it.",
    "wanted_again": "Your move: send it again, or cancel it.",
    "differs_at_warehouse": "Your move: correct it at the warehouse, or say that it is meant to be so.",
    "reconnect": "Your move: give us access again.",
}
_BY_STATUS = {
    Status.ERROR: "Your move: put it right, then try again.",
    Status.HELD: "It is not sent while this lasts.",
    Status.SKIPPED: "We leave it alone.",
    Status.CANCELED: "Nothing is left to do.",
    Status.NEW: "Nobody's move: we keep trying by ourselves, and nothing is lost.",
}


def move(order: Order) -> str:
    """Whose move it is, in a sentence; empty where nothing stands still."""
    if not order.reason:
        return ""
    if order.problem is not None and order.problem.whose == Problem.Whose.OPERATOR:
        return "Our move: we are looking into it."
    return words(order.status, order.reason_code)


def words(status: str, code: str) -> str:
    """Whose move it is for a status and the code of its reason."""
    return _BY_CODE.get(code) or _BY_STATUS.get(Status(status), "")
