"""What solves a Problem, in place on its card: for each kind a part of a page.

The part is included with ``card`` and, as ``facts``, what it needs beside that. It is shown to those who may act. Its forms post
to addresses of their own, which solve the cause inside ``solving`` and lead to the Problem's page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cartrover.connections.models import Warehouse
from cartrover.events.cards import Card
from cartrover.orders.deadlines import LATE
from cartrover.orders.errands import KINDS
from cartrover.orders.gates.wanted import ASKED
from cartrover.orders.models import Order, Shipment
from cartrover.orders.packed import may_settle
from cartrover.orders.shipped import CART_SHOWS_VOID, LEFT_CANCELED
from cartrover.portal.actions import buttons
from cartrover.portal.editing import of_card
from cartrover.portal.sku_fix import fix_facts
from cartrover.sync.doubts import AMBIGUOUS


def nothing_more(card: Card) -> Mapping[str, Any]:
    return {}


def order_of_package(card: Card) -> Mapping[str, Any]:
    package = Shipment.objects.select_related("order").filter(pk=card.problem.about_id).first()
    if package is None:
        return {}
    return {"order": package.order, "package": package, "may_settle": may_settle(package)}


def its_warehouse(card: Card) -> Mapping[str, Any]:
    return {"warehouse": Warehouse.objects.get(pk=card.problem.about_id)}


def of_an_errand(card: Card) -> Mapping[str, Any]:
    """The one order, with those of its buttons that may solve it, and what differs where that is told."""
    order = Order.objects.select_related("cart__warehouse", "warehouse").filter(pk=card.problem.about_id).first()
    useful = [button for button in buttons(order) if button.solves] if order is not None else []
    return {"order": order, "buttons": useful, "differences": card.problem.data.get("differences", ())}


@dataclass(frozen=True, slots=True)
class Fix:
    """``template`` is the part, and ``facts`` looks up what it shows beside the card.

    ``retry`` False where trying again as it is can change nothing, so that the button would only mislead.
    """

    template: str
    facts: Callable[[Card], Mapping[str, Any]] = nothing_more
    retry: bool = True


# A kind that has none gets the buttons that every card has: show its orders, open its connection, try again.
FIXES: Mapping[str, Fix] = {
    **dict.fromkeys(("address", "refused"), Fix("problems/edit_order.html", of_card)),
    **dict.fromkeys((*KINDS, ASKED, AMBIGUOUS), Fix("problems/errand.html", of_an_errand, retry=False)),
    **dict.fromkeys(("currency", "location"), Fix("problems/account_lacks.html")),
    **dict.fromkeys(("reconnect", "consent_ends"), Fix("problems/reconnect.html", retry=False)),
    **dict.fromkeys(
        ("tracking_refused", CART_SHOWS_VOID, LEFT_CANCELED), Fix("problems/package.html", order_of_package, retry=False)
    ),
    LATE: Fix("problems/late.html", its_warehouse, retry=False),
    "unmapped_method": Fix("problems/map_method.html", retry=False),
    "total_differs": Fix("problems/release.html"),
    **dict.fromkeys(("rule_hold", "po_box", "country", "address_too_long"), Fix("problems/release.html", retry=False)),
    **dict.fromkeys(("number_too_long", "ref_too_long"), Fix("problems/number.html", its_warehouse, retry=False)),
    "unknown_sku": Fix("skus/fix.html", fix_facts),
}
