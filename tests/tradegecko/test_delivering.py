"""What TradeGecko adds up from the lines we send is what the buyer paid, whatever the parts."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import AddressRecord, Delivery, DeliveryLine
from integrations.outcomes import Rejected
from integrations.tradegecko.delivering import LINES_AT_ONCE, line_ids, nested_address, order_body, order_lines
from integrations.tradegecko.settings import WarehouseSettings

CENT = Decimal("0.01")
ADDRESS = AddressRecord("Ada King Lovelace", "1 Main St", "London", "GB", postal_code="N1 9GU", phone="+44 20 1")


def delivery(*lines: DeliveryLine, **changes: Any) -> Delivery:
    """A delivery whose total is the sum of its parts, unless it is named."""
    made = Delivery(
        ref="A1B2C3",
        number="12-34567-89012",
        placed_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
        customer_id="77",
        source_url="https://portal.example/o/1",
        currency="USD",
        lines=lines or (line(1, "10.00"),),
        shipping=Decimal(0),
        shipping_method="",
        discount=Decimal(0),
        tax=Decimal(0),
        adjustment=Decimal(0),
        total=Decimal(0),
        ship_to=ADDRESS,
    )
    parts = dataclasses.replace(made, **changes)
    if "total" in changes:
        return parts
    goods = sum((one.total for one in parts.lines), Decimal(0))
    return dataclasses.replace(parts, total=goods - parts.discount + parts.shipping + parts.tax + parts.adjustment)


def line(quantity: int, unit_price: str, total: str = "") -> DeliveryLine:
    price = Decimal(unit_price)
    came_to = Decimal(total) if total else (price * quantity).quantize(CENT, ROUND_HALF_UP)
    return DeliveryLine("l1", "SKU-1", "501", "A thing", quantity, price, came_to)


def added_up(lines: list[dict[str, Any]], treatment: str, *, tax_rate: Decimal, by_line: bool) -> Decimal:
    """What TradeGecko shows for these lines when its own tax rate is ``tax_rate`` percent, rounding by line or in the end."""
    sums = []
    for one in lines:
        amount = Decimal(one["price"]) * one["quantity"]
        if treatment == "exclusive":
            amount *= 1 + Decimal(one.get("tax_rate_override", tax_rate)) / 100
        sums.append(amount.quantize(CENT, ROUND_HALF_UP) if by_line else amount)
    return sum(sums, Decimal(0)).quantize(CENT, ROUND_HALF_UP)


cents = st.integers(0, 500_000).map(lambda amount: Decimal(amount) / 100)
prices = st.decimals(min_value=0, max_value=5000, places=6, allow_nan=False)
sold = st.builds(
    lambda price, quantity, off: DeliveryLine(
        "l",
        "SKU",
        "501",
        "",
        quantity,
        price,
        max((price * quantity).quantize(CENT, ROUND_HALF_UP) - off, Decimal(0)),
    ),
    prices,
    st.integers(1, 400),
    st.one_of(st.just(Decimal(0)), cents),
)


@given(
    lines=st.lists(sold, min_size=1, max_size=6),
    shipping=cents,
    discount=cents,
    tax=cents,
    adjustment=cents.map(lambda amount: amount - 1000),
    treatment=st.sampled_from(["inclusive", "exclusive"]),
    tax_rate=st.sampled_from([Decimal(0), Decimal("7"), Decimal("19.5")]),
    by_line=st.booleans(),
)
def test_what_tradegecko_adds_up_is_what_the_buyer_paid(
    lines: list[DeliveryLine],
    shipping: Decimal,
    discount: Decimal,
    tax: Decimal,
    adjustment: Decimal,
    treatment: str,
    tax_rate: Decimal,
    by_line: bool,
) -> None:
    wanted = delivery(*lines, shipping=shipping, discount=discount, tax=tax, adjustment=adjustment)
    sent = order_lines(wanted, treatment)
    assert added_up(sent, treatment, tax_rate=tax_rate, by_line=by_line) == wanted.total


@given(lines=st.lists(sold, min_size=1, max_size=6), shipping=cents)
def test_a_discount_that_already_holds_the_lines_own_discounts_is_not_taken_off_twice(
    lines: list[DeliveryLine], shipping: Decimal
) -> None:
    gross = sum(((one.unit_price * one.quantity).quantize(CENT, ROUND_HALF_UP) for one in lines), Decimal(0))
    goods = sum((one.total for one in lines), Decimal(0))
    wanted = delivery(*lines, shipping=shipping, discount=gross - goods, total=goods + shipping)
    assert added_up(order_lines(wanted, "inclusive"), "inclusive", tax_rate=Decimal(0), by_line=True) == wanted.total


@given(prices, st.integers(1, 400))
def test_prices_go_out_in_whole_cents(price: Decimal, quantity: int) -> None:
    sent = order_lines(delivery(line(quantity, str(price))), "inclusive")
    assert all(Decimal(one["price"]) == Decimal(one["price"]).quantize(CENT) for one in sent)


def test_a_price_that_does_not_divide_evenly_leaves_a_rounding_line() -> None:
    sent = order_lines(delivery(line(3, "3.333333", "10.00")), "inclusive")
    assert [(one["line_type"], one["quantity"], one["price"]) for one in sent] == [
        ("product", 3, "3.33"),
        ("shipping", 1, "0.00"),
        ("rounding", 1, "0.01"),
    ]


def test_yen_have_no_cents() -> None:
    sent = order_lines(delivery(line(3, "333.333", "1000"), currency="JPY"), "inclusive")
    assert [one["price"] for one in sent] == ["333", "0", "1"]


def test_free_shipping_is_a_line_of_nothing_that_names_the_method() -> None:
    sent = order_lines(delivery(shipping_method="USPS Ground"), "inclusive")
    assert sent[1] == {
        "position": 1,
        "line_type": "shipping",
        "quantity": 1,
        "price": "0.00",
        "freeform": True,
        "label": "USPS Ground",
    }


def test_tax_that_the_cart_shows_by_itself_is_a_line_that_is_not_taxed_again() -> None:
    sent = order_lines(delivery(tax=Decimal("0.83")), "inclusive")
    assert [(one["label"], one["price"], one["tax_rate_override"]) for one in sent if one.get("label") == "Tax"] == [
        ("Tax", "0.83", "0")
    ]
    assert "tax_rate_override" not in sent[0]


def test_prices_without_tax_have_a_rate_of_nothing_on_every_line() -> None:
    sent = order_lines(delivery(tax=Decimal("0.83"), shipping=Decimal(5)), "exclusive")
    assert {one["tax_rate_override"] for one in sent} == {"0"}


def test_parts_that_do_not_come_to_the_total_are_refused() -> None:
    with pytest.raises(Rejected, match=r"come to 10\.00 USD and its total is 9\.00") as refused:
        order_lines(delivery(total=Decimal("9.00")), "inclusive")
    assert refused.value.code == "total_differs"


def test_parts_that_do_not_come_to_the_total_go_out_when_a_person_lets_them() -> None:
    sent = order_lines(delivery(total=Decimal("9.00"), total_may_differ=True), "inclusive")
    assert [one["price"] for one in sent if one["line_type"] == "product"] == ["10.00"]
    assert "Rounding" not in [one.get("label") for one in sent]


def test_a_total_finer_than_its_currency_is_refused() -> None:
    with pytest.raises(Rejected):
        order_lines(delivery(line(2, "5.00"), total=Decimal("10.004")), "inclusive")


def test_more_lines_than_one_request_takes_are_refused() -> None:
    with pytest.raises(Rejected) as refused:
        order_lines(delivery(*[line(1, "1.00")] * LINES_AT_ONCE), "inclusive")
    assert refused.value.code == "too_many_lines"


def test_the_order_is_issued_on_its_day_in_the_accounts_zone() -> None:
    body = order_body(delivery(), WarehouseSettings(), ZoneInfo("Pacific/Auckland"))
    assert body["issued_at"] == "2026-03-02"


def test_the_reference_is_always_ours_and_the_number_the_buyers() -> None:
    full = order_body(delivery(), WarehouseSettings(), ZoneInfo("UTC"))
    short = order_body(delivery(), WarehouseSettings(order_number="ref"), ZoneInfo("UTC"))
    assert (full["reference_number"], full["order_number"]) == ("A1B2C3", "12-34567-89012")
    assert (short["reference_number"], short["order_number"]) == ("A1B2C3", "A1B2C3")


def test_the_settings_decide_status_and_location() -> None:
    body = order_body(delivery(), WarehouseSettings(status="draft", ship_from="18"), ZoneInfo("UTC"))
    assert (body["status"], body["stock_location_id"]) == ("draft", 18)
    assert "stock_location_id" not in order_body(delivery(), WarehouseSettings(), ZoneInfo("UTC"))


def test_the_notes_hold_the_buyers_words_and_the_customs_numbers() -> None:
    body = order_body(
        delivery(note="Ring twice", references=(("IOSS", "IM2760000742"), ("VAT", "1"))), WarehouseSettings(), ZoneInfo("UTC")
    )
    assert body["notes"] == "Ring twice\nIOSS: IM2760000742\nVAT: 1"


def test_a_program_reference_stands_above_the_street() -> None:
    address = dataclasses.replace(ADDRESS, reference="Reference #GSP-1", line2="Unit 2", county="Kent")
    nested = nested_address(address, "A1B2C3")
    assert (nested["address1"], nested["address2"], nested["suburb"]) == ("Reference #GSP-1", "1 Main St", "Unit 2, Kent")
    assert nested["label"] == "A1B2C3"


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [("Ada King Lovelace", "Ada King", "Lovelace"), ("Ada", "Ada", ""), ("", "", "")],
)
def test_a_name_is_split_before_its_last_word(name: str, first: str, last: str) -> None:
    nested = nested_address(dataclasses.replace(ADDRESS, name=name), "R")
    assert (nested["first_name"], nested["last_name"]) == (first, last)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ([7, 8], {"l1": "7"}),
        ([8, 7], {}),
        ([7, 8, 9], {}),
        ([7], {}),
        (["7", "8"], {}),
        (None, {}),
    ],
)
def test_the_ids_of_lines_are_taken_only_where_nothing_is_in_doubt(told: object, known: dict[str, str]) -> None:
    assert line_ids({"order_line_item_ids": told}, delivery(), 2) == known
