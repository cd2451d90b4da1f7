from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from integrations.ebay.simulator.marketplaces import SITES
from tests.ebay.simulator.conftest import ALICE, Here


def orders_of(here: Here) -> list[Any]:
    return [kept.document for kept in here.world.orders.all()]


def money(part: Any) -> Decimal:
    return Decimal(part["value"]) if part else Decimal(0)


def test_all_twenty_marketplaces_sell_in_their_own_money_to_their_own_country(here: Here) -> None:
    here.control("orders/generate", seller=ALICE, count=len(SITES) * 2, marketplaces=list(SITES))
    seen = Counter(order["lineItems"][0]["listingMarketplaceId"] for order in orders_of(here))
    assert set(seen) == set(SITES)
    assert len(seen) == 20
    for order in orders_of(here):
        site = SITES[order["lineItems"][0]["purchaseMarketplaceId"]]
        assert order["pricingSummary"]["total"]["currency"] == site.currency
        assert order["buyer"]["taxAddress"]["countryCode"] == site.country


def test_totals_add_up_to_the_cent(here: Here) -> None:
    here.control("orders/generate", seller=ALICE, count=200, marketplaces=["EBAY_US", "EBAY_GB", "EBAY_DE"])
    for order in orders_of(here):
        pricing, lines = order["pricingSummary"], order["lineItems"]
        total = sum(money(pricing.get(part)) for part in ("priceSubtotal", "priceDiscount", "deliveryCost"))
        assert total == money(pricing["total"])
        assert sum(money(line["total"]) for line in lines) == money(pricing["total"])
        assert sum(money(line["lineItemCost"]) for line in lines) == money(pricing["priceSubtotal"])
        assert money(order["paymentSummary"]["totalDueSeller"]) < money(pricing["total"])


def test_the_data_is_as_varied_as_the_demo_needs(here: Here) -> None:
    here.control(
        "orders/generate",
        seller=ALICE,
        count=300,
        marketplaces=["EBAY_US", "EBAY_GB", "EBAY_DE"],
        unknown_sku=True,
        cancel_requested=1,
    )
    orders = orders_of(here)
    steps = [order["fulfillmentStartInstructions"][0]["shippingStep"] for order in orders]
    assert {len(order["lineItems"]) for order in orders} >= {1, 2, 3}
    assert any(line["quantity"] > 1 for order in orders for line in order["lineItems"])
    assert any("priceDiscount" in order["pricingSummary"] for order in orders)
    assert any("buyerCheckoutNotes" in order for order in orders)
    assert any("ebayCollectAndRemitTax" in order for order in orders)
    assert any("shipToReferenceId" in step for step in steps)
    assert {money(order["pricingSummary"]["deliveryCost"]) == 0 for order in orders} == {True, False}
    strangers = [line for order in orders for line in order["lineItems"] if line["sku"] == "SKU-NOBODY-KNOWS"]
    assert len(strangers) == 1
    assert Counter(order["cancelStatus"]["cancelState"] for order in orders)["IN_PROGRESS"] == 1


def test_the_same_seed_makes_the_same_orders(here: Here) -> None:
    def made() -> list[Any]:
        fresh = Here()
        fresh.control("orders/generate", seller=ALICE, count=20, seed=7)
        return [(order["orderId"], order["pricingSummary"], order["buyer"]) for order in orders_of(fresh)]

    assert made() == made()


def test_every_sale_lowers_what_the_listing_shows(here: Here) -> None:
    listing = here.control("listings", seller=ALICE, sku="RED-01", quantity=1000)
    here.control("orders/generate", seller=ALICE, count=50)
    sold = sum(line["quantity"] for order in orders_of(here) for line in order["lineItems"])
    kept = here.world.listings.get(listing["item_id"])
    assert kept is not None
    assert kept["units"][0]["quantity"] == 1000 - sold
    assert kept["units"][0]["sold"] == sold


def test_the_ledger_and_the_summary_count_every_order_once(here: Here) -> None:
    here.control("orders/generate", seller=ALICE, count=30)
    here.control("orders", seller=ALICE, lines=[{"sku": "X"}], payment="PENDING")
    summary = here.client.get("/_control/summary").json
    assert summary is not None
    assert summary["orders"]["total"] == 31 == len(here.ledger("order_created"))
    assert summary["orders"]["by_payment"] == {"PAID": 30, "PENDING": 1}
    assert summary["duplicates"] == {}


@pytest.mark.parametrize("marketplace", ["EBAY_GB", "EBAY_US"])
def test_a_forwarded_parcel_goes_to_the_hub_not_to_the_buyer(here: Here, marketplace: str) -> None:
    order = here.order(marketplace=marketplace, gsp=True, country="AU")
    instruction = order["fulfillmentStartInstructions"][0]
    assert instruction["shippingStep"]["shipTo"]["contactAddress"]["countryCode"] == SITES[marketplace].country
    assert instruction["finalDestinationAddress"]["countryCode"] == "AU"
    assert instruction["shippingStep"]["shipToReferenceId"]
    assert ("ebayInternationalShipping" in order.get("program", {})) is (marketplace == "EBAY_US")
