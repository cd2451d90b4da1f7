"""Two merchants on the same stand-ins, with the same SKUs and the same order numbers, who never meet."""

from __future__ import annotations

from cartrover.connections.models import Connection
from cartrover.inventory.models import Listing, StockLevel
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, OrderLine, Shipment
from cartrover.sync.models import Call, Effect, Stream
from tests.stage import Stage, set_up


def test_the_same_skus_and_order_numbers_stay_apart(stage: Stage) -> None:
    other = set_up(stage.world, seller=f"{stage.seller}-other")
    both = (stage, other)
    for at, each in enumerate(both):
        each.stock("TENT-2P", on_hand=10 + at)
        each.world.ebay.control("listings", seller=each.seller, sku="TENT-2P", quantity=1)
    numbers = [each.sell("TENT-2P", quantity=1 + at) for at, each in enumerate(both)]
    for each in both:
        each.settle()
    for number, each in zip(numbers, both, strict=True):
        assert [order["order_number"] for order in each.at_warehouse()] == [number]
        each.ship(number, tracking_number="SAMETRACKING")
    stage.let_deliveries_age()
    for each in (*both, *both):
        each.settle()
    for at, (number, each) in enumerate(zip(numbers, both, strict=True)):
        assert each.packages_at_ebay() == [(number, "SAMETRACKING")]
        assert each.statuses() == {number: "confirmed"}
        assert each.shown("TENT-2P") == 9, f"merchant {at}"
    for model in (Connection, Order, OrderLine, Shipment, StockLevel, Listing, Effect, Call, Stream):
        seen = []
        for each in both:
            with acting_for(each.merchant):
                seen.append(set(model.objects.values_list("pk", flat=True)))
        assert seen[0], model
        assert seen[1], model
        assert not seen[0] & seen[1], model
