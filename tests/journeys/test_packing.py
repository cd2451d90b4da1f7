"""A merchant's own staff are the warehouse: orders come to the packing desk, and what they pack is told to the cart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError

from cartrover.connections import holders
from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.merchants.tenancy import acting_for
from cartrover.packing import calls, parcels, stock
from cartrover.packing.desks import connection_of
from cartrover.packing.models import Item, PackingOrder, Parcel
from cartrover.sync import streams
from cartrover.sync.runner import run
from integrations import registry
from tests.packing.house import ACTOR, set_up
from tests.stage import Stage


@pytest.fixture
def desk(stage: Stage) -> Warehouse:
    """Where eBay's orders go now. It has twelve tents."""
    desk = set_up(stage.merchant)
    with acting_for(stage.merchant):
        holders.send_orders_to(Cart.objects.get(), desk, actor=ACTOR)
        stock.make(connection_of(desk), "TENT-2P", name="Tent", on_hand=12, actor=ACTOR)
    return desk


def to_pack(stage: Stage, number: str) -> PackingOrder:
    with acting_for(stage.merchant):
        return PackingOrder.objects.get(number=number)


def ship(stage: Stage, number: str, tracking: str, units: int = 0) -> Parcel:
    """Somebody at the desk packs ``units`` (or all that is left) and scans the label."""
    with acting_for(stage.merchant):
        order = PackingOrder.objects.get(number=number)
        wanted = {line.pk: units for line in order.lines.filter(quantity__gt=0)} if units else {}
        parcel = parcels.pack(order, wanted, actor=ACTOR)
        parcels.ship(parcel, "UPS", tracking)
    return parcel


def run_what_is_due(stage: Stage) -> set[str]:
    """Only what somebody woke, as a worker would. Returns the kinds that ran."""
    ran: set[str] = set()
    for _ in range(50):
        claimed = streams.claim(1)
        if not claimed:
            return ran
        ran.add(claimed[0].kind)
        run(claimed[0])
    raise AssertionError("the engine found no rest")


def test_an_order_of_ebay_is_packed_and_its_tracking_told_once(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    order = to_pack(stage, number)
    assert (order.state, order.ref) == ("to_pack", stage.order(number).ref)
    assert order.ship_by == stage.order(number).ship_by is not None
    ship(stage, number, "1Z 999-AA1")
    stage.settle()
    stage.settle()
    assert [(entry[0]) for entry in stage.packages_at_ebay()] == [number]
    assert stage.order(number).status == "confirmed"
    assert stage.at_warehouse() == [], "the other warehouse heard nothing of it"


def test_a_package_wakes_the_engine_at_once(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("TENT-2P")
    stage.settle()
    run_what_is_due(stage)
    ship(stage, number, "1Z999AA1")
    assert {"pull_shipments", "confirm_shipments"} <= run_what_is_due(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]


def test_two_packages_of_one_order_are_told_each_with_its_units(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("TENT-2P", quantity=3)
    stage.settle()
    ship(stage, number, "FIRST", units=2)
    stage.settle()
    assert stage.order(number).status == "at_wms"
    ship(stage, number, "SECOND")
    stage.settle()
    stage.settle()
    entries = [entry for entry in stage.world.ebay.ledger("shipping_fulfillment") if entry["seller"] == stage.seller]
    told = [(entry["tracking"], [line["quantity"] for line in entry["lines"]]) for entry in entries]
    assert told == [("FIRST", [2]), ("SECOND", [1])]
    assert stage.order(number).status == "confirmed"


def test_a_package_that_is_taken_back_in_time_is_never_told(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("TENT-2P")
    stage.settle()
    parcel = ship(stage, number, "WRONG")
    with acting_for(stage.merchant):
        parcels.take_back(parcel, actor=ACTOR)
    ship(stage, number, "RIGHT")
    stage.settle()
    stage.settle()
    assert stage.packages_at_ebay() == [(number, "RIGHT")]


def test_listings_show_what_the_desk_has_less_what_is_sold(stage: Stage, desk: Warehouse) -> None:
    stage.world.ebay.control("listings", seller=stage.seller, marketplace="EBAY_US", sku="TENT-2P", quantity=1)
    for _ in range(2):  # a figure waits for a download of orders that ended after the stock was read
        stage.settle()
    stage.settle("push_stock")
    assert stage.shown("TENT-2P") == 12
    number = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    ship(stage, number, "1Z999AA1")
    stage.let_deliveries_age()
    for _ in range(2):
        stage.settle()
    assert stage.shown("TENT-2P") == 10
    with acting_for(stage.merchant):
        item = Item.objects.get(sku="TENT-2P")
        assert item.on_hand == 10
        stock.count(item, 7, actor=ACTOR)
    assert "pull_stock" in run_what_is_due(stage)
    stage.settle("push_stock")
    assert stage.shown("TENT-2P") == 7


def test_an_order_with_an_unknown_sku_goes_on_once_the_desk_has_it(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("LAMP")
    stage.settle()
    assert stage.order(number).reason_code == "unknown_sku"
    with acting_for(stage.merchant):
        stock.make(connection_of(desk), "LAMP", on_hand=1, actor=ACTOR)
    run_what_is_due(stage)
    assert to_pack(stage, number).state == "to_pack"


def test_an_order_of_one_location_of_tradegecko_is_packed_and_told_back_there(stage: Stage, desk: Warehouse) -> None:
    """Without a 3PL: TradeGecko is the cart, its Location ID says which orders, and the merchant's own staff ship."""
    here, elsewhere = stage.locations[0], stage.world.gecko
    with acting_for(stage.merchant):
        cart = holders.new_cart(registry.get("tradegecko"), actor=ACTOR)
        holders.save_settings(cart, actor=ACTOR, settings={**cart.settings, "location_id": str(here)})
        holders.send_orders_to(cart, desk, actor=ACTOR)
        holders.join(cart, Connection.objects.get(integration="tradegecko"))
        cart.refresh_from_db()
        holders.checked(cart, actor=ACTOR)
        holders.go_live(cart, actor=ACTOR)
    stage.stock("TENT-2P")
    wanted = {"account": stage.account, "currency_iso": "USD", "paid": True}
    lines = [{"sku": "TENT-2P", "quantity": 2, "price": "10.00"}]
    order = elsewhere.control("POST", "orders", {**wanted, "stock_location_id": here, "lines": lines})
    stage.settle()
    number = order["order_number"]
    ship(stage, number, "1Z999AA1")
    for _ in range(3):
        stage.settle()
    told = [entry for entry in elsewhere.ledger("fulfillment_created") if entry["account_id"] == stage.account]
    assert [(entry["order_id"], entry["tracking_number"]) for entry in told] == [(order["id"], "1Z999AA1")]
    assert stage.statuses() == {str(order["id"]): "confirmed"}


def test_an_answer_that_got_lost_makes_no_second_order(stage: Stage, desk: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order was committed, and the connection broke before we heard of it."""
    lost: list[bool] = []

    @contextmanager
    def breaking(merchant_id: int) -> Iterator[None]:
        with acting_for(merchant_id):
            before = PackingOrder.objects.count()
            yield
            made = PackingOrder.objects.count() > before
        if made and not lost:
            lost.append(True)
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(calls, "acting_for", breaking)
    number = stage.sell("TENT-2P")
    stage.settle()
    assert lost
    assert stage.order(number).status == "new"
    stage.pass_time()
    stage.settle()
    assert to_pack(stage, number).state == "to_pack"  # there is exactly one
    assert stage.order(number).status == "at_wms"


def wants(stage: Stage, number: str) -> dict[str, int]:
    with acting_for(stage.merchant):
        return dict(PackingOrder.objects.get(number=number).lines.filter(quantity__gt=0).values_list("sku", "quantity"))


def edited(stage: Stage, number: str, **wanted: object) -> None:
    stage.world.ebay.control(f"orders/{number}/edit", **wanted)
    stage.settle()
    stage.settle("deliver_orders")


def test_lines_that_come_and_go_at_the_cart_do_so_at_the_desk_and_ship(stage: Stage, desk: Warehouse) -> None:
    with acting_for(stage.merchant):
        for sku in ("HAT", "LAMP"):
            stock.make(connection_of(desk), sku, on_hand=5, actor=ACTOR)
    number = stage.sell("TENT-2P", lines=[{"sku": "TENT-2P", "quantity": 2}, {"sku": "HAT", "quantity": 1}])
    stage.settle()
    edited(stage, number, quantities={"HAT": 0}, add=[{"sku": "LAMP", "quantity": 3}])
    assert wants(stage, number) == {"TENT-2P": 2, "LAMP": 3}
    ship(stage, number, "FIRST", units=1)
    stage.settle()
    edited(stage, number, quantities={"LAMP": 1}, add=[{"sku": "HAT", "quantity": 2}])
    assert wants(stage, number) == {"TENT-2P": 2, "LAMP": 1, "HAT": 2}, "also when some of it has left"
    ship(stage, number, "SECOND")
    for _ in range(2):
        stage.settle()
    assert stage.order(number).status == "confirmed"
    told = [entry for entry in stage.world.ebay.ledger("shipping_fulfillment") if entry["order"] == number]
    assert [sorted(line["quantity"] for line in entry["lines"]) for entry in told] == [[1, 1], [1, 2]]


def test_a_line_that_comes_when_all_is_in_a_package_is_a_persons_to_tell(stage: Stage, desk: Warehouse) -> None:
    number = stage.sell("TENT-2P", quantity=2)
    stage.settle()
    with acting_for(stage.merchant):
        parcels.pack(PackingOrder.objects.get(number=number), {}, actor=ACTOR)
    edited(stage, number, quantities={"TENT-2P": 3})
    assert (wants(stage, number), stage.order(number).reason_code) == ({"TENT-2P": 2}, "not_changed")
