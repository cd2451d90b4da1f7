"""Orders as read, stored and looked at again, for tests of what becomes of them."""

from __future__ import annotations

from django.utils import timezone

from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.storing import store
from integrations.contract import OrderRecord
from tests.sync.fake_cart import Shop


def keep(shop: Shop, *records: OrderRecord) -> Order:
    """Store the readings; the last one's row."""
    with acting_for(shop.merchant):
        store(shop.connection, records, pulled_at=timezone.now())
        return Order.objects.select_related("cart", "problem").get(
            connection=shop.connection, external_id=records[-1].external_id
        )


def again(shop: Shop, order: Order) -> Order:
    with acting_for(shop.merchant):
        return Order.objects.select_related("cart", "problem").get(pk=order.pk)
