"""With which settings a connection's account is asked as a cart."""

from __future__ import annotations

from typing import Any

from cartrover.connections.models import Cart


def settings_of(connection_id: int) -> dict[str, Any]:
    """Those of the first cart that is live, else of the first. Inside the merchant's door.

    Of carts whose settings tell what to read only one can be live on an account (ADR 12).
    """
    carts = list(Cart.objects.filter(connection_id=connection_id).order_by("pk"))
    chosen = next((cart for cart in carts if cart.state == Cart.State.LIVE), carts[0] if carts else None)
    return dict(chosen.settings) if chosen else {}
