"""What a merchant's rules make of an order's codes: sent as others, in parts, left out, or the order refused."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cartrover.connections import holders
from cartrover.connections.models import Cart
from cartrover.inventory.models import Listing, SkuPart, SkuRule
from cartrover.inventory.skus import code_of_listing
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, Status
from cartrover.sync.storing import store
from integrations.contract import OrderRecord
from tests.inventory.rules import rule
from tests.sync.fake_cart import Shop, add_item, line_record, order_record


def keep(shop: Shop, *records: OrderRecord) -> Order:
    with acting_for(shop.merchant):
        store(shop.connection, records, pulled_at=timezone.now())
        return Order.objects.select_related("problem").get(connection=shop.connection, external_id=records[-1].external_id)


def sold(*skus: str, **changes: Any) -> OrderRecord:
    lines = tuple(line_record(f"L{at}", sku=sku, **changes) for at, sku in enumerate(skus))
    return order_record(lines=lines)


def test_a_code_that_is_sent_as_a_sku_of_the_warehouse_is_known(shop: Shop) -> None:
    rule(shop.merchant, "EBAY-RED", {"RED-01": 12})
    assert keep(shop, sold("EBAY-RED")).status == Status.NEW


def test_the_carts_own_rule_comes_before_the_one_for_all_carts(shop: Shop) -> None:
    rule(shop.merchant, "EBAY-RED", {"NOWHERE": 1})
    rule(shop.merchant, "EBAY-RED", {"RED-01": 1}, cart=shop.cart)
    assert keep(shop, sold("EBAY-RED")).status == Status.NEW


def test_another_carts_rule_does_not_count(shop: Shop) -> None:
    with acting_for(shop.merchant):
        other = Cart.objects.create(integration="ebay", name="eBay France", connection=shop.connection, variant="EBAY_FR")
    rule(shop.merchant, "EBAY-RED", {"RED-01": 1}, cart=other)
    assert keep(shop, sold("EBAY-RED")).reason.startswith("SKU EBAY-RED is not in Main warehouse.")


def test_every_part_of_a_kit_must_be_there(shop: Shop) -> None:
    rule(shop.merchant, "SET", {"RED-01": 2, "GREEN-01": 1})
    order = keep(shop, sold("SET"))
    assert order.reason.startswith("SKU GREEN-01, which SET is sent as, is not in Main warehouse.")
    assert order.problem is not None
    assert (order.problem.kind, order.problem.subject) == ("unknown_sku", "GREEN-01")


def test_a_part_that_stands_for_two_items_stops_the_order(shop: Shop) -> None:
    rule(shop.merchant, "SET", {"RED-01": 1})
    assert shop.warehouse.connection is not None
    with acting_for(shop.merchant):
        add_item(shop.warehouse.connection, "RED-01", "another item")
    assert keep(shop, sold("SET")).reason_code == "duplicate_sku"


def test_a_line_that_is_left_out_keeps_nothing_waiting(shop: Shop) -> None:
    rule(shop.merchant, "WARRANTY", action="leave_out")
    assert keep(shop, sold("WARRANTY", "RED-01")).status == Status.NEW


def test_an_order_of_which_every_line_is_left_out_is_skipped(shop: Shop) -> None:
    rule(shop.merchant, "WARRANTY", action="leave_out")
    rule(shop.merchant, "GIFT-WRAP", action="leave_out", promotional=True)
    order = keep(shop, sold("WARRANTY", "GIFT-WRAP"))
    assert (order.status, order.reason) == (Status.SKIPPED, "your rules leave out all that it has: WARRANTY, GIFT-WRAP")


def test_a_refused_code_stops_the_order_with_a_cause_of_its_own(shop: Shop) -> None:
    rule(shop.merchant, "RECALLED", action="refuse")
    order = keep(shop, sold("RED-01", "RECALLED"))
    assert order.status == Status.ERROR
    assert order.problem is not None
    assert (order.problem.kind, order.problem.subject) == ("refused_sku", "RECALLED")
    assert (
        order.problem.words
        == "Your rule for RECALLED refuses every order that has it. Change the rule, or cancel the order at the cart."
    )


def test_what_has_left_already_is_not_asked_about(shop: Shop) -> None:
    rule(shop.merchant, "RECALLED", action="refuse")
    assert (
        keep(shop, order_record(lines=(line_record("1", sku="RECALLED", fulfilled=True), line_record("2")))).status == Status.NEW
    )


@pytest.mark.parametrize(
    ("identifier", "variation", "code"),
    [
        ("", "", "LABEL"),
        ("item_id", "", "2256"),
        ("item_id", "77", "2256"),
        ("variation_sku", "", "2256"),
        ("variation_sku", "77", "LABEL"),
    ],
)
def test_a_cart_may_name_its_products_by_another_number(shop: Shop, identifier: str, variation: str, code: str) -> None:
    assert shop.warehouse.connection is not None
    with acting_for(shop.merchant):
        Cart.objects.update(identifier=identifier)
        add_item(shop.warehouse.connection, code)
    assert keep(shop, sold("LABEL", listing_id="2256", variation_id=variation)).status == Status.NEW


def test_a_listing_goes_by_the_number_that_its_orders_go_by(shop: Shop) -> None:
    with acting_for(shop.merchant):
        single = Listing(connection=shop.connection, external_id="2256", sku="LABEL")
        variation = Listing(connection=shop.connection, external_id="2257:LABEL-XL", sku="LABEL-XL")
    codes = {}
    for identifier in ("", "item_id", "variation_sku"):
        shop.cart.identifier = identifier
        codes[identifier] = [code_of_listing(shop.cart, each) for each in (single, variation)]
    assert codes == {"": ["LABEL", "LABEL-XL"], "item_id": ["2256", "2257"], "variation_sku": ["2256", "LABEL-XL"]}


def test_words_name_the_number_that_the_cart_goes_by(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(identifier="item_id")
    assert keep(shop, sold("RED-01", listing_id="2256")).reason.startswith("Item ID 2256 is not in Main warehouse.")


def test_a_page_of_orders_reads_the_rules_once(shop: Shop) -> None:
    for number in range(5):
        rule(shop.merchant, f"A{number}", {"RED-01": 1})
    records = [order_record(f"{number}", lines=(line_record(sku=f"A{number % 5}"),)) for number in range(40)]
    with acting_for(shop.merchant):
        with CaptureQueriesContext(database) as queries:
            store(shop.connection, records, pulled_at=timezone.now())
        assert set(Order.objects.values_list("status", flat=True)) == {Status.NEW}
    asked = [each["sql"] for each in queries if "inventory_sku" in each["sql"]]
    assert len(asked) == 2
    assert len([each for each in queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]) < 20


def test_a_merchants_rules_are_nobody_elses(shop: Shop, other_merchant: Any) -> None:
    rule(other_merchant, "EBAY-RED", {"RED-01": 1})
    assert keep(shop, sold("EBAY-RED")).status == Status.ERROR
    with acting_for(shop.merchant):
        assert not SkuRule.objects.exists()
        assert not SkuPart.objects.exists()


def test_choosing_another_number_for_a_carts_products_judges_again_what_waits(shop: Shop) -> None:
    assert shop.warehouse.connection is not None
    order = keep(shop, sold("LABEL", listing_id="2256"))
    assert order.status == Status.ERROR
    with acting_for(shop.merchant):
        add_item(shop.warehouse.connection, "2256")
        holders.save_settings(shop.cart, actor="a test", identifier="item_id")
        assert Order.objects.get(pk=order.pk).status == Status.NEW
