"""Shipping methods of carts: learned from their orders, mapped by people. Inside the merchant's door."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from cartrover.connections.models import Cart
from cartrover.orders.models import Order, ShippingMethod, Status
from cartrover.orders.preparing import decide


def learn_methods(used: Iterable[tuple[int | None, str]]) -> None:
    """Note the methods, as (cart, the cart's code), that are not known yet: one statement, whoever else learns them now.

    A new one holds its orders where the cart says so of methods that nobody has mapped.
    """
    wanted = {(cart_id, code) for cart_id, code in used if cart_id is not None and code}
    known = ShippingMethod.objects.filter(cart__in={cart_id for cart_id, _ in wanted}, code__in={code for _, code in wanted})
    unknown = wanted - set(known.values_list("cart_id", "code"))
    if not unknown:
        return
    holding = set(
        Cart.objects.filter(pk__in={cart_id for cart_id, _ in unknown}, holds_unmapped=True).values_list("pk", flat=True)
    )
    rows = [
        ShippingMethod(cart_id=cart_id, code=code, hold=cart_id in holding, seen_at=timezone.now())
        for cart_id, code in sorted(unknown)
    ]
    ShippingMethod.objects.bulk_create(rows, ignore_conflicts=True)


def learn_methods_of(order_ids: Iterable[int]) -> None:
    """Note the methods of these orders."""
    learn_methods(Order.objects.filter(pk__in=list(order_ids)).values_list("cart_id", "shipping_method"))


def map_method(method: ShippingMethod, *, sent_as: str, hold: bool) -> set[int]:
    """Say what a method is sent as, and whether its orders wait without that. Judges again what waited for it.

    Returns the connections whose order delivery the caller has to wake.
    """
    method.sent_as, method.hold = sent_as, hold
    method.save(update_fields=["sent_as", "hold"])
    waiting = Order.objects.filter(cart_id=method.cart_id, shipping_method=method.code)
    return decide(waiting.filter(status__in=(Status.NEW, Status.ERROR)))


def hold_unmapped(cart: Cart, hold: bool) -> set[int]:
    """Whether orders with a method that nobody has mapped wait, for those known and for those to come. Returns as map_method."""
    cart.holds_unmapped = hold
    cart.save(update_fields=["holds_unmapped"])
    cart.shipping_methods.filter(sent_as="").update(hold=hold)
    return decide(Order.objects.filter(cart=cart, status__in=(Status.NEW, Status.ERROR)))
