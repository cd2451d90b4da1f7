"""Which cart an order belongs to. A connection's list holds the orders of all sites of an account, so the order itself tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from cartrover.connections.models import Cart
from cartrover.orders import edits
from cartrover.orders.models import Order, OrderLine

SERVICE = "order_download"


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A line as the gates see it. ``left`` is how many units are still to be shipped by us."""

    sku: str
    title: str
    listing_id: str
    variation_id: str
    marketplace: str
    left: int
    uncounted: bool


@dataclass(frozen=True, slots=True)
class Case:
    """An order as the gates see it, from a fresh reading or from its row.

    ``uncounted`` lines are those the cart calls shipped although only some of their units may have left. ``buyer`` is by what a
    person may know the buyer. ``waived`` and ``held_by`` are what people decided (see ``Order``).
    """

    number: str
    placed_at: datetime
    marketplace: str
    payment: str
    cancel: str
    fulfilment: str
    unshippable: str
    filtered: str
    ship_to: dict[str, str] | None
    marks: dict[str, Any]
    lines: tuple[CaseLine, ...]
    total: Decimal = Decimal(0)
    shipping_method: str = ""
    note: str = ""
    buyer: tuple[str, ...] = ()
    ref: str = ""
    waived: frozenset[str] = frozenset()
    held_by: str = ""


def case_of(order: Order, lines: Sequence[OrderLine]) -> Case:
    return Case(
        order.number,
        order.placed_at,
        order.marketplace,
        order.payment,
        order.cancel,
        order.fulfilment,
        order.unshippable,
        order.filtered,
        edits.ship_to(order),
        order.marks,
        tuple(
            case_line(
                line.sku,
                line.title,
                line.listing_id,
                line.variation_id,
                line.marketplace,
                line.quantity,
                line.fulfilled,
                line.shipped_before,
            )
            for line in lines
        ),
        total=order.total,
        shipping_method=order.shipping_method,
        note=edits.note(order),
        buyer=(order.buyer_id, order.buyer_name, order.buyer_email),
        ref=order.ref,
        waived=frozenset(order.waived) | ({"unmapped_method"} if edits.shipping_method(order) else set()),
        held_by=order.held_by,
    )


def case_line(
    sku: str,
    title: str,
    listing_id: str,
    variation_id: str,
    marketplace: str,
    quantity: int,
    fulfilled: bool,
    shipped_before: int,
) -> CaseLine:
    uncounted = fulfilled and shipped_before == 0
    return CaseLine(sku, title, listing_id, variation_id, marketplace, max(0, quantity - shipped_before), uncounted)


@dataclass(frozen=True, slots=True)
class Route:
    """The order's cart, or why it has none."""

    cart: Cart | None
    code: str = ""
    reason: str = ""


def route(case: Case, carts: Sequence[Cart]) -> Route:
    """The cart of the first line's marketplace that a live cart has, else of where the order was bought.

    A cart without a variant takes every order of its account. An order is never split.
    """
    live = {cart.variant: cart for cart in carts if cart.serves(SERVICE)}
    for marketplace in (*(line.marketplace for line in case.lines), case.marketplace, ""):
        if marketplace in live:
            return Route(live[marketplace])
    sleeping = {cart.variant for cart in carts if cart.state != Cart.State.DRAFT}
    if sleeping & {*(line.marketplace for line in case.lines), case.marketplace, ""}:
        return Route(None, "download_off", "order download is off")
    return Route(None, "no_cart", f"no cart for {case.marketplace}" if case.marketplace else "no cart takes it")
