"""What of an order goes out other than the cart told it: number, shipping method and address, as maps, limits and people say."""

from __future__ import annotations

from dataclasses import dataclass

from cartrover.orders import edits
from cartrover.orders.gates.number import number_to_send
from cartrover.orders.limits import Address, limits_of
from cartrover.orders.models import Order, ShippingMethod


@dataclass(frozen=True, slots=True)
class Sending:
    """What the warehouse is told in place of what the cart told. ``total_may_differ``: a person lets another total pass."""

    number: str
    shipping_method: str
    ship_to: Address
    total_may_differ: bool = False
    note: str = ""


def as_sent(order: Order) -> Sending:
    """An order that has passed the gates, as it goes out. Inside the merchant's door."""
    return Sending(
        number_to_send(order.number, order.ref, order.waived),
        _method(order),
        _address(order),
        "total_differs" in order.waived,
        edits.note(order),
    )


def _method(order: Order) -> str:
    """What a person says, else what the cart's method is mapped to, else the cart's own word."""
    edited = edits.shipping_method(order)
    if edited:
        return edited
    rows = ShippingMethod.objects.filter(cart_id=order.cart_id, code=order.shipping_method).exclude(sent_as="")
    return rows.values_list("sent_as", flat=True).first() or order.shipping_method


def _address(order: Order) -> Address:
    address: Address = edits.ship_to(order) or {}
    if "address_too_long" in order.waived and order.warehouse is not None:
        return limits_of(order.warehouse).shortened(address)
    return address
