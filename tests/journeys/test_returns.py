"""What comes back of an order is shown on it, as the cart tells it: TradeGecko names returns by their ids."""

from __future__ import annotations

from typing import Any

from cartrover.events.models import Event
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.orders.went_back import went_back
from tests.journeys.middle import Middle


def test_goods_that_come_back_are_shown_on_their_order_when_they_are_on_their_way_and_when_they_are_there(middle: Middle) -> None:
    stage, gecko = middle.stage, middle.stage.world.gecko
    order = middle.place(lines=[{"sku": "TENT-2P", "quantity": 2, "price": "10.00"}])
    stage.settle()
    middle.ship(tracking_number="1Z999AA1", tracking_company="UPS")
    for _ in range(3):
        stage.settle()
    assert middle.statuses() == {str(order["id"]): "confirmed"}
    made = gecko.control("POST", f"orders/{order['id']}/return", {})
    stage.settle("pull_orders")
    assert shown(middle, order) == [("Return", "under way")]
    gecko.control("POST", f"returns/{made['id']}/receive")
    stage.settle("pull_orders")
    assert shown(middle, order) == [("Return", "")]
    assert middle.statuses() == {str(order["id"]): "confirmed"}
    told = life(middle, order)
    assert any("return is on its way" in words.lower() for words in told)
    assert any("goods came back" in words.lower() for words in told)
    assert len([entry for entry in gecko.ledger("return_received") if entry["order_id"] == order["id"]]) == 1


def shown(middle: Middle, order: dict[str, Any]) -> list[tuple[str, str]]:
    with acting_for(middle.stage.merchant):
        found = Order.objects.get(external_id=str(order["id"]))
        return [(each.label, each.note) for each in went_back(found)]


def life(middle: Middle, order: dict[str, Any]) -> list[str]:
    with acting_for(middle.stage.merchant):
        found = Order.objects.get(external_id=str(order["id"]))
        return list(Event.objects.filter(about="order", about_id=found.pk).values_list("words", flat=True))
