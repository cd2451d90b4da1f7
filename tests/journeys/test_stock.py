"""What listings show, judged by what the marketplace offers."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from cartrover.connections import holders
from cartrover.connections.models import Warehouse
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import durations
from tests.stage import Stage, World, set_up


@pytest.fixture
def stage(outside: World, live: None, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A seller on two marketplaces, from one warehouse."""
    outside.ebay.session.delete(f"{outside.ebay.api}/_control/faults", timeout=30)
    outside.set_clocks(0, 0)
    seller = f"two-sites-{abs(hash(request.node.nodeid)) % 10**8}"
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0):
        yield set_up(outside, seller=seller, marketplaces=("EBAY_US", "EBAY_DE"))


def list_item(stage: Stage, sku: str, *marketplaces: str, managed_by: str = "trading") -> dict[str, str]:
    """Put a SKU on sale, one of it on each marketplace. Returns the listings' ids by marketplace."""
    wanted = {"seller": stage.seller, "sku": sku, "quantity": 1, "managed_by": managed_by}
    return {each: stage.world.ebay.control("listings", marketplace=each, **wanted)["item_id"] for each in marketplaces}


def shown(stage: Stage, sku: str) -> dict[str, int]:
    """What each marketplace offers."""
    mine = [each for each in stage.world.ebay.told("listings") if each["seller"] == stage.seller]
    return {each["marketplace"]: unit["available"] for each in mine for unit in each["units"] if unit["sku"] == sku}


@pytest.mark.parametrize("managed_by", ["trading", "inventory"])
def test_a_sale_here_lowers_the_figure_there_at_once(stage: Stage, managed_by: str) -> None:
    stage.stock("TENT-2P", on_hand=5)
    if managed_by == "trading":
        list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    else:
        list_item(stage, "TENT-2P", "EBAY_US", managed_by="inventory")
        list_item(stage, "TENT-2P", "EBAY_DE")
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5, "EBAY_DE": 5}
    stage.sell("TENT-2P", quantity=2, marketplace="EBAY_US")
    stage.settle("pull_orders")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 3, "EBAY_DE": 3}
    time.sleep(1.1)  # a reading dates itself a second early, so that nothing is committed before it and yet counted after
    stage.settle()
    assert shown(stage, "TENT-2P") == {"EBAY_US": 3, "EBAY_DE": 3}


def test_an_order_that_cannot_go_yet_keeps_its_units_from_being_sold_again(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=5)
    list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    stage.settle()
    stage.sell("TENT-2P", quantity=2, cancel_requested=True)
    stage.settle()
    stage.settle("push_stock")
    assert stage.at_warehouse() == []
    assert shown(stage, "TENT-2P") == {"EBAY_US": 3, "EBAY_DE": 3}


def test_nothing_left_is_told_as_zero_and_new_goods_are_told_again(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=5)
    list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    stage.settle()
    count(stage, 0)
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 0, "EBAY_DE": 0}
    count(stage, 7)
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 7, "EBAY_DE": 7}


def count(stage: Stage, on_hand: int) -> None:
    wanted = {"account": stage.account, "sku": "TENT-2P", "location_id": stage.locations[0], "on_hand": on_hand}
    stage.world.gecko.control("POST", "stock", wanted)


def test_a_listing_that_another_tool_takes_over_keeps_its_figure(stage: Stage) -> None:
    """eBay refuses the one way from then on (21919474), and the other way is taken."""
    stage.stock("TENT-2P", on_hand=5)
    ids = list_item(stage, "TENT-2P", "EBAY_US")
    stage.settle()
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}
    stage.world.ebay.control(f"listings/{ids['EBAY_US']}", managed_by="inventory")
    for on_hand in (8, 3):
        count(stage, on_hand)
        stage.settle()
        stage.settle("push_stock")
        assert shown(stage, "TENT-2P") == {"EBAY_US": on_hand}
    told = [entry["by"] for entry in stage.world.ebay.ledger("stock_set") if entry["seller"] == stage.seller]
    assert len(set(told)) > 1, "it was told in both ways"


def test_a_draft_at_the_warehouse_commits_nothing_and_is_counted_by_us(stage: Stage) -> None:
    with acting_for(stage.merchant):
        warehouse = Warehouse.objects.get()
        holders.save_settings(warehouse, actor="a test", settings={**warehouse.settings, "status": "draft"})
    stage.stock("TENT-2P", on_hand=5)
    list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    stage.settle()
    stage.sell("TENT-2P", quantity=2, marketplace="EBAY_US")
    for _ in range(2):
        stage.settle()
    assert [order["status"] for order in stage.at_warehouse()] == ["draft"]
    assert shown(stage, "TENT-2P") == {"EBAY_US": 3, "EBAY_DE": 3}
