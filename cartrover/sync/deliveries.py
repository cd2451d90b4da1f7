"""An order's rows as a warehouse takes them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.conf import settings

from cartrover.connections.models import Cart
from cartrover.orders.models import Order, OrderLine
from cartrover.orders.sending import Sending
from integrations.contract import AddressRecord, CartIdentity, Delivery, DeliveryLine

GONE = ("void", "deleted")  # an order's states at a warehouse that keeps it no more


def delivery_of(order: Order, lines: Sequence[OrderLine], customer_id: str, sending: Sending) -> Delivery:
    """The order as a warehouse takes it. Only what has not left already is sent, and the total is without what has."""
    return Delivery(
        ref=order.ref,
        number=sending.number,
        placed_at=order.placed_at,
        customer_id=customer_id,
        source_url=source_url(order),
        currency=order.currency,
        lines=tuple(
            DeliveryLine(
                external_id=line.external_id,
                sku=line.sku,
                item_id=line.item_id,
                title=line.title,
                quantity=line.quantity - line.shipped_before,
                unit_price=line.unit_price,
                total=line.total - _gone(line),
            )
            for line in lines
            if line.quantity > line.shipped_before
        ),
        shipping=order.shipping,
        shipping_method=sending.shipping_method,
        discount=order.discount,
        tax=order.tax,
        adjustment=order.adjustment,
        total=order.total - sum(map(_gone, lines), Decimal(0)),
        ship_to=AddressRecord(**sending.ship_to),
        note=order.note,
        email=order.buyer_email,
        references=tuple((str(name), str(value)) for name, value in order.references),
        total_may_differ=sending.total_may_differ,
    )


def _gone(line: OrderLine) -> Decimal:
    """What the units of a line come to that had left before we first saw the order."""
    if not line.shipped_before:
        return Decimal(0)
    return (line.total * line.shipped_before / line.quantity).quantize(Decimal("0.01"))


def source_url(order: Order) -> str:
    """The order's page in the portal, which tells our orders from everybody else's at the warehouse."""
    return f"{settings.PORTAL_URL}/o/{order.ref}"


def identity_of(cart: Cart) -> CartIdentity:
    """The cart as a warehouse's customer."""
    return CartIdentity(key=f"CR-{cart.public_id}".upper(), name=cart.name)
