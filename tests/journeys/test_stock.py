"""What listings show, judged by what the marketplace offers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from cartrover.connections import holders
from cartrover.connections.models import Cart, Warehouse
from cartrover.inventory.models import Listing, SkuPart, SkuRule, StockLevel
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import durations
from tests.stage import Stage, World, set_up


@pytest.fixture
def stage(outside: World, live: None, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """A seller on two marketplaces, from one warehouse."""
    outside.ebay.session.delete(f"{outside.ebay.api}/_control/faults", timeout=60)
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
    stage.let_deliveries_age()
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
    stage.count("TENT-2P", 0)
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 0, "EBAY_DE": 0}
    stage.count("TENT-2P", 7)
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 7, "EBAY_DE": 7}


def test_a_listing_that_another_tool_takes_over_keeps_its_figure(stage: Stage) -> None:
    """eBay refuses the one way from then on (21919474), and the other way is taken."""
    stage.stock("TENT-2P", on_hand=5)
    ids = list_item(stage, "TENT-2P", "EBAY_US")
    stage.settle()
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}
    stage.world.ebay.control(f"listings/{ids['EBAY_US']}", managed_by="inventory")
    for on_hand in (8, 3):
        stage.count("TENT-2P", on_hand)
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


def stands_for(stage: Stage, code: str, cart: str | None = None, **parts: int) -> None:
    """A rule: what a cart's code is at the warehouse, with how many units of each."""
    with acting_for(stage.merchant):
        rule = SkuRule.objects.create(sku=code, cart=Cart.objects.get(variant=cart) if cart else None)
        for position, (sku, units) in enumerate(parts.items()):
            SkuPart.objects.create(rule=rule, position=position, sku=sku, units=units)


def test_selling_a_kit_lowers_the_listing_of_its_part_elsewhere_and_the_other_way_round(stage: Stage) -> None:
    stage.stock("TENT", on_hand=9)
    stage.stock("PEG", on_hand=40)
    stands_for(stage, "CAMP", TENT=2, PEG=8)
    stands_for(stage, "PEG-10", "EBAY_DE", PEG=10)
    list_item(stage, "CAMP", "EBAY_US")
    list_item(stage, "TENT", "EBAY_DE")
    list_item(stage, "PEG-10", "EBAY_DE")
    offered = {"CAMP": "EBAY_US", "TENT": "EBAY_DE", "PEG-10": "EBAY_DE"}
    stage.settle()
    stage.settle("push_stock")
    assert [shown(stage, sku)[where] for sku, where in offered.items()] == [4, 9, 4]
    # A request to cancel holds the order: what waits for a person counts as well, and at once.
    stage.sell("CAMP", quantity=2, marketplace="EBAY_US", cancel_requested=True)
    stage.settle("pull_orders")
    assert [shown(stage, sku)[where] for sku, where in offered.items()] == [2, 5, 2]
    stage.sell("PEG-10", quantity=2, marketplace="EBAY_DE", cancel_requested=True)
    stage.settle("pull_orders")
    assert [shown(stage, sku)[where] for sku, where in offered.items()] == [0, 5, 0]


def test_a_kit_that_was_delivered_is_counted_by_its_parts_and_only_once(stage: Stage) -> None:
    stage.stock("TENT", on_hand=9)
    stage.stock("PEG", on_hand=40)
    stands_for(stage, "CAMP", TENT=2, PEG=8)
    list_item(stage, "CAMP", "EBAY_US")
    list_item(stage, "TENT", "EBAY_DE")
    stage.settle()
    stage.settle("push_stock")
    stage.sell("CAMP", quantity=2, marketplace="EBAY_US")
    stage.settle("pull_orders", "deliver_orders")
    assert len(stage.at_warehouse()) == 1
    for _ in range(2):
        assert (shown(stage, "CAMP"), shown(stage, "TENT")) == ({"EBAY_US": 2}, {"EBAY_DE": 5})
        stage.let_deliveries_age()
        stage.settle()


def test_each_cart_shows_what_its_own_rules_make_of_the_same_goods(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=11)
    list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    with acting_for(stage.merchant):
        Cart.objects.filter(variant="EBAY_US").update(stock_rules={"buffer": 1, "percentage": 50})
        Cart.objects.filter(variant="EBAY_DE").update(stock_rules={"maximum": 3, "minimum": 3})
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5, "EBAY_DE": 3}
    stage.count("TENT-2P", 2)
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 0, "EBAY_DE": 0}


def test_what_the_rules_exclude_keeps_the_figure_that_its_seller_gave_it(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=11)
    list_item(stage, "TENT-2P", "EBAY_US", "EBAY_DE")
    with acting_for(stage.merchant):
        Cart.objects.filter(variant="EBAY_DE").update(stock_rules={"excluded": ["TENT-2P"]})
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 11, "EBAY_DE": 1}


def test_a_figure_that_is_too_old_is_shown_as_zero_until_the_warehouse_is_read_again(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=5)
    list_item(stage, "TENT-2P", "EBAY_US")
    with acting_for(stage.merchant):
        Cart.objects.filter(variant="EBAY_US").update(stock_rules={"stale_hours": 2})
    stage.settle()
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}
    with acting_for(stage.merchant):
        StockLevel.objects.update(read_at=F("read_at") - timedelta(hours=3))
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 0}
    stage.settle("pull_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}


def test_a_figure_that_is_refused_is_tried_again_later_or_when_a_person_asks(stage: Stage) -> None:
    stage.stock("TENT-2P", on_hand=5)
    ids = list_item(stage, "TENT-2P", "EBAY_US")
    stage.settle()
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}
    listing = f"listings/{ids['EBAY_US']}"
    stage.world.ebay.control(listing, status="ENDED")
    stage.count("TENT-2P", 7)
    stage.settle()
    stage.settle("push_stock")
    with acting_for(stage.merchant):
        refused = Listing.objects.get()
        assert refused.refusal == "This listing has ended."
        assert (refused.pushed, refused.desired) == (5, 7)
    stage.world.ebay.control(listing, status="ACTIVE")
    stage.settle()
    assert shown(stage, "TENT-2P") == {"EBAY_US": 5}, "it is left alone for an hour"
    with acting_for(stage.merchant):
        Listing.objects.update(asked_at=timezone.now())
    stage.settle("push_stock")
    assert shown(stage, "TENT-2P") == {"EBAY_US": 7}
    with acting_for(stage.merchant):
        now = Listing.objects.get()
        assert (now.refusal, now.waits, now.asked_at) == ("", "", None)
