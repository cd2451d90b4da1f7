"""What the demo's check sees: each way in which the portal could be wrong counts against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from cartrover.embedded.comparing import good, judge, mismatches, unexplained, wrong_units
from cartrover.embedded.judging import unrest
from cartrover.embedded.ledgers import Inside, Outside

AVAILABLE = {"TENT-2P-GRN": Decimal(9), "MAT-AIR-R": Decimal(7), "STOVE-GAS-MINI": Decimal(8), "MUG-ENAMEL-BL": Decimal(20)}


def at_ebay(number: str, cancel: str = "NONE_REQUESTED", **units: int) -> dict[str, Any]:
    lines = [{"sku": sku.replace("_", "-"), "quantity": count} for sku, count in units.items()]
    return {
        "orderId": number,
        "lineItems": lines,
        "cancelStatus": {"cancelState": cancel},
        "buyer": {"username": "somebody"},
    }


def at_warehouse(number: str, *packages: str, **units: int) -> dict[str, Any]:
    return {
        "order_number": number,
        "reference_number": f"REF{number}",
        "fulfillment_status": "shipped" if packages else "unshipped",
        "lines": [{"sku": sku.replace("_", "-"), "quantity": f"{count}.0"} for sku, count in units.items()],
        "fulfillments": [{"status": "fulfilled", "tracking_number": tracking} for tracking in packages],
    }


def listing(sku: str, shows: int, marketplace: str = "EBAY_US") -> dict[str, Any]:
    return {"marketplace": marketplace, "units": [{"sku": sku, "available": shows}]}


@pytest.fixture
def there() -> Outside:
    """A kit that left in its parts, and a mug that nobody has shipped yet."""
    parts = {"TENT_2P_GRN": 1, "MAT_AIR_R": 2, "STOVE_GAS_MINI": 1}
    return Outside(
        orders={"1": at_ebay("1", CAMP_SET_2P=1, WELCOME_GIFT=1), "2": at_ebay("2", MUG_ENAMEL_BL=1)},
        listings=[listing("CAMP-SET-2P", 3), listing("MUG-ENAMEL-BL", 15, "EBAY_GB")],
        packages_at_ebay=Counter({("1", "1ZA"): 1}),
        at_warehouse=[at_warehouse("1", "1Z A", **parts), at_warehouse("2", MUG_ENAMEL_BL=1)],
        wholesale={"7": at_warehouse("SO7", "DE1", CRATE_MUG_48=1)},
        available=AVAILABLE,
        duplicates=0,
        calls={},
    )


@pytest.fixture
def here() -> Inside:
    return Inside(
        orders={"1": ("confirmed", "", "REF1"), "2": ("at_wms", "", "REF2")},
        unsent=Counter(),
        packages=Counter({"confirmed": 1}),
        wholesale={"7": "confirmed"},
        from_desk={("SO7", "DE1")},
        to_pack=0,
        errands=0,
        streams={},
        failing=[],
    )


def test_it_is_good_where_both_sides_say_the_same(there: Outside, here: Inside) -> None:
    assert good(judge(there, here))
    assert unrest(there, here, expected=2) == ""


def test_a_kit_shows_what_its_scarcest_part_makes_and_a_cart_keeps_its_buffer(there: Outside, here: Inside) -> None:
    assert mismatches(there, here) == []
    wrong = replace(there, listings=[listing("CAMP-SET-2P", 4), listing("MUG-ENAMEL-BL", 20, "EBAY_GB")])
    assert mismatches(wrong, here) == ["CAMP-SET-2P shows 4, not 3", "MUG-ENAMEL-BL shows 20, not 15"]


def test_what_waits_to_be_sent_is_not_for_sale(there: Outside, here: Inside) -> None:
    waiting = replace(here, unsent=Counter({"MAT-AIR-R": 2}))
    assert mismatches(there, waiting) == ["CAMP-SET-2P shows 3, not 2"]


def test_other_units_than_were_bought_count(there: Outside, here: Inside) -> None:
    wrong = replace(there, at_warehouse=[there.at_warehouse[0], at_warehouse("2", MUG_ENAMEL_BL=2)])
    assert wrong_units(wrong, here) == ["2 is packed as {'MUG-ENAMEL-BL': 2}"]
    assert not good(judge(wrong, here))


def test_a_canceled_order_may_be_at_the_warehouse_only_where_it_says_why(there: Outside, here: Inside) -> None:
    canceled = replace(there, orders={**there.orders, "2": at_ebay("2", "CANCELED", MUG_ENAMEL_BL=1)})
    assert unexplained(canceled, here) == ["2"]
    told = replace(here, orders={**here.orders, "2": ("at_wms", "too late: it is packed", "REF2")})
    assert unexplained(canceled, told) == []


def test_what_is_void_at_the_warehouse_counts_as_canceled(there: Outside, here: Inside) -> None:
    void = replace(there, at_warehouse=there.at_warehouse[:1])
    assert not good(judge(void, here)), "it is not there, and our database says that it is"
    told = replace(here, orders={**here.orders, "2": ("canceled", "canceled at the cart", "REF2")})
    assert good(judge(void, told))
    assert judge(void, told)["canceled"] == 1
    assert not good(judge(there, told)), "it is canceled here, and lives at the warehouse"


def test_a_package_that_ebay_was_told_of_twice_counts(there: Outside, here: Inside) -> None:
    twice = replace(there, packages_at_ebay=Counter({("1", "1ZA"): 2}))
    assert judge(twice, here)["duplicates"] == 1
    assert not good(judge(twice, here))


def test_a_package_from_the_desk_has_to_come_to_its_shop_once(there: Outside, here: Inside) -> None:
    never = replace(there, wholesale={"7": at_warehouse("SO7")})
    assert "1 packages are on their way to the wholesale shop" in unrest(never, here, expected=2)
    assert not good(judge(never, here))
    again = replace(there, wholesale={"7": at_warehouse("SO7", "DE1", "DE1")})
    assert not good(judge(again, here))


def test_an_installation_without_orders_says_nothing(db: None) -> None:
    here = Inside.read()
    assert (here.orders, here.from_desk, here.to_pack, here.failing) == ({}, set(), 0, [])
