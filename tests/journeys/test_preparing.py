"""What people and maps decide on the way from the cart to the warehouse, judged by what the warehouse got."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cartrover.connections import holders
from cartrover.connections.models import Cart, Warehouse
from cartrover.events.cards import open_cards
from cartrover.events.models import Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import holding, methods
from cartrover.orders.models import Carrier, Order, OrderRule, ShippingMethod
from cartrover.sync import deliver_orders, deliveries
from tests.stage import Stage


def release(stage: Stage, number: str) -> None:
    with acting_for(stage.merchant):
        holding.release(Order.objects.filter(external_id=number), "bob@example.com")


def days_ago(days: int) -> str:
    return (timezone.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_an_order_that_a_person_holds_is_not_sent_before_it_is_released(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P", payment="PENDING")
    stage.settle()
    with acting_for(stage.merchant):
        holding.hold(Order.objects.filter(external_id=number), "bob@example.com")
    stage.world.ebay.control(f"orders/{number}/pay")
    stage.settle()
    assert (stage.order(number).reason_code, stage.at_warehouse()) == ("by_person", [])
    release(stage, number)
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]


def test_a_hold_in_the_last_moment_before_the_sending_still_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gates have passed it, and its delivery is made; then somebody presses Hold."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    made = deliveries.delivery_of

    def held_meanwhile(*given: Any) -> Any:
        with acting_for(stage.merchant):
            holding.hold(Order.objects.filter(external_id=number), "bob@example.com")
        return made(*given)

    monkeypatch.setattr(deliver_orders, "delivery_of", held_meanwhile)
    stage.settle()
    assert (stage.order(number).reason_code, stage.at_warehouse()) == ("by_person", [])
    monkeypatch.undo()
    release(stage, number)
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]


def test_a_number_that_is_too_long_goes_out_as_the_short_one(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Warehouse.objects.update(limits={"number_characters": "plain"})
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P") for _ in range(2)]
    stage.settle()
    assert {stage.order(number).reason_code for number in numbers} == {"number_too_long"}
    assert stage.at_warehouse() == []
    with acting_for(stage.merchant):
        (card,) = open_cards()
        assert card.orders == 2
        holding.release(Order.objects.filter(problem=card.problem), "bob@example.com")
    stage.settle()
    sent = stage.at_warehouse()
    assert [order["order_number"] for order in sent] == [order["reference_number"] for order in sent]
    assert {order["order_number"] for order in sent} == {stage.order(number).ref for number in numbers}
    with acting_for(stage.merchant):
        assert open_cards() == []


@pytest.mark.parametrize(
    ("limits", "sold", "reason"),
    [
        ({"holds_po_boxes": True}, {"buyer": {"street": "PO Box 12"}}, "po_box"),
        ({"countries": ["US"]}, {"country": "CA"}, "country"),
    ],
)
def test_an_address_that_a_warehouse_does_not_serve_waits_for_a_persons_word(
    stage: Stage, limits: dict[str, Any], sold: dict[str, Any], reason: str
) -> None:
    with acting_for(stage.merchant):
        Warehouse.objects.update(limits=limits)
    stage.stock("TENT-2P")
    other, number = stage.sell("TENT-2P"), stage.sell("TENT-2P", **sold)
    stage.settle()
    assert stage.order(number).reason_code == reason
    assert [order["order_number"] for order in stage.at_warehouse()] == [other]
    release(stage, number)
    stage.settle()
    assert {order["order_number"] for order in stage.at_warehouse()} == {other, number}


def test_an_unmapped_method_holds_its_orders_and_mapping_it_sends_them_all(stage: Stage) -> None:
    with acting_for(stage.merchant):
        Cart.objects.update(holds_unmapped=True)
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P") for _ in range(2)]
    stage.settle()
    assert {stage.order(number).reason_code for number in numbers} == {"unmapped_method"}
    assert stage.at_warehouse() == []
    with acting_for(stage.merchant):
        for method in ShippingMethod.objects.all():
            methods.map_method(method, sent_as="Courier, next day", hold=True)
    stage.settle()
    sent = stage.at_warehouse()
    assert sorted(order["order_number"] for order in sent) == sorted(numbers)
    labels = {line["label"] for order in sent for line in order["lines"] if not line["sku"]}
    assert "Courier, next day" in labels


def test_a_total_that_differs_is_sent_when_a_person_says_so(stage: Stage) -> None:
    stage.stock("TENT-2P")
    odd = stage.sell("TENT-2P", overrides={"pricingSummary": {"total": {"value": "999.00"}}})
    stage.settle()
    assert (stage.order(odd).reason_code, stage.at_warehouse()) == ("total_differs", [])
    release(stage, odd)
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [odd]
    assert stage.order(odd).status == "at_wms"
    with acting_for(stage.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_a_filter_keeps_an_order_away_and_a_hold_lets_it_go_when_it_is_released(stage: Stage) -> None:
    with acting_for(stage.merchant):
        OrderRule.objects.create(field="sku", test="any_of", values=["GIFT-CARD"], action="skip")
        OrderRule.objects.create(field="units", test="at_least", values=["3"], action="hold")
    stage.stock("TENT-2P", "GIFT-CARD")
    filtered, large, usual = stage.sell("GIFT-CARD"), stage.sell("TENT-2P", quantity=3), stage.sell("TENT-2P")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [usual]
    assert (stage.order(filtered).status, stage.order(large).status) == ("skipped", "held")
    release(stage, large)
    stage.settle()
    assert sorted(order["order_number"] for order in stage.at_warehouse()) == sorted([usual, large])


def test_a_carrier_is_told_to_the_cart_as_a_person_mapped_it(stage: Stage) -> None:
    stage.stock("TENT-2P")
    first, second = stage.sell("TENT-2P"), stage.sell("TENT-2P")
    stage.settle()
    stage.ship(first, tracking_number="A1", tracking_company="Kurier 24")
    stage.settle()
    with acting_for(stage.merchant):
        Carrier.objects.filter(name="Kurier 24").update(code="Hermes")
    stage.ship(second, tracking_number="B2", tracking_company="Kurier 24")
    stage.settle()
    entries = [entry for entry in stage.world.ebay.ledger("shipping_fulfillment") if entry["seller"] == stage.seller]
    assert [(entry["order"], entry["carrier"]) for entry in entries] == [(first, "Other"), (second, "Hermes")]


def test_of_a_first_pull_what_is_shipped_or_canceled_is_skipped_and_says_why(stage: Stage) -> None:
    stage.stock("TENT-2P")
    shipped, canceled, open_order = (stage.sell("TENT-2P") for _ in range(3))
    stage.world.ebay.control(f"orders/{shipped}/ship", tracking="BYHAND")
    stage.world.ebay.control(f"orders/{canceled}/cancel")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [open_order]
    assert (stage.order(shipped).status, stage.order(shipped).reason) == ("skipped", "already shipped at the cart")
    assert (stage.order(canceled).status, stage.order(canceled).reason) == ("canceled", "canceled at the cart")


def test_an_earlier_date_loads_what_was_placed_before_and_a_later_one_leaves_it_out(stage: Stage) -> None:
    stage.stock("TENT-2P")
    old = stage.sell("TENT-2P", created_at=days_ago(40))
    late = stage.sell("TENT-2P", created_at=days_ago(2), payment="PENDING")
    stage.settle()
    assert stage.at_warehouse() == []
    with acting_for(stage.merchant):
        cart = Cart.objects.select_related("connection").get()
        holders.pull_since(cart, timezone.now() - timedelta(days=60), actor="bob@example.com")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [old]
    with acting_for(stage.merchant):
        holders.pull_since(cart, timezone.now() - timedelta(hours=1), actor="bob@example.com")
    stage.world.ebay.control(f"orders/{late}/pay")
    stage.settle()
    assert (stage.order(late).status, stage.order(late).reason_code) == ("skipped", "too_early")
    assert len(stage.at_warehouse()) == 1
