"""Carriers: by the warehouse's name for them, and by the code that a cart is told. Inside the merchant's door."""

from __future__ import annotations

from django.utils import timezone

from cartrover.orders.models import Carrier


def learn_carrier(cart_id: int | None, carrier: str) -> None:
    """Note a carrier by the warehouse's name for it, so that a person can choose what the cart is told for it."""
    if cart_id is not None and carrier:
        Carrier.objects.bulk_create([Carrier(cart_id=cart_id, name=carrier, seen_at=timezone.now())], ignore_conflicts=True)


def code_for(cart_id: int | None, carrier: str) -> str:
    """What the cart is told for a carrier: the code that a person has chosen, else the warehouse's own name for it.

    Of a name the integration finds the code itself, or its word for a carrier that it does not know.
    """
    rows = Carrier.objects.filter(cart_id=cart_id, name=carrier).exclude(code="")
    return rows.values_list("code", flat=True).first() or carrier
