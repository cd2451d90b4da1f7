"""What the warehouse calls the shipping method that the buyer chose."""

from __future__ import annotations

from cartrover.connections.models import Cart
from cartrover.orders.gates.context import Context
from cartrover.orders.models import Status
from cartrover.orders.routing import Case
from cartrover.orders.verdicts import Cause, Verdict


def method_mapped(case: Case, cart: Cart, known: Context) -> Verdict | None:
    code = case.shipping_method
    method = known.methods.get((cart.pk, code))
    holds = method.hold if method is not None else cart.holds_unmapped
    if not code or not holds or (method is not None and method.sent_as):
        return None
    words = f"Nobody has said yet what {cart.name}'s shipping method {code} is sent as."
    cause = Cause("unmapped_method", code, about=cart, data={"cart": cart.pk, "method": code})
    return Verdict(Status.ERROR, "unmapped_method", words, cause=cause)
