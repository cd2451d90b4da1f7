"""Which cart a listing belongs to, and so by whose rules its figure is made."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cartrover.connections import declared
from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing
from cartrover.orders.models import OrderLine

SERVICE = "inventory_upload"


def cart_of(listing: Listing, carts: Sequence[Cart]) -> Cart | None:
    """The cart of the listing's marketplace among those of its account; of several the first one that is told figures.

    Where it names no marketplace its currency decides, and where several carts sell in that, or none does, the first of them.
    """
    ranked = sorted(carts, key=lambda cart: (not cart.serves(SERVICE), cart.pk))
    if listing.marketplace and any(cart.variant for cart in ranked):
        named = [cart for cart in ranked if cart.variant == listing.marketplace]
        return named[0] if named else None
    priced = [cart for cart in ranked if listing.currency and declared.currency(cart) == listing.currency]
    return next(iter(priced or ranked), None)


def sold_on(connection_id: int, listing_ids: Collection[str]) -> dict[str, str]:
    """The marketplace of each listing that has sold something: an order names it where the list of listings does not."""
    lines = OrderLine.objects.filter(order__connection_id=connection_id, listing_id__in=listing_ids).exclude(marketplace="")
    return dict(lines.order_by("pk").values_list("listing_id", "marketplace"))


def choose(listing: Listing, cart: Cart) -> None:
    """A person says whose listing it is. It holds until an order names another marketplace."""
    listing.cart, listing.marketplace = cart, cart.variant
    listing.save(update_fields=["cart", "marketplace"])


def untold(listing: Listing) -> str:
    """Why no figure is pushed to a listing whatever it is, in words; empty where figures are pushed."""
    cart = listing.cart
    if cart is None:
        where = f" for {listing.marketplace}" if listing.marketplace else ""
        return f"There is no cart{where}."
    if cart.state != Cart.State.LIVE:
        return f"{cart.name} is not live."
    return "" if cart.serves(SERVICE) else f"The inventory upload of {cart.name} is off."
