"""What an address names. Inside the merchant's door, so that nothing else is found."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from cartrover.connections.models import Cart


def the_cart(public_id: str) -> Cart:
    """A cart with its account and its warehouse. Raises Http404."""
    rows = Cart.objects.select_related("connection", "warehouse__connection")
    cart: Cart = get_object_or_404(rows, public_id=public_id)
    return cart
