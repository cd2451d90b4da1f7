"""The money of an order of which not all is sent, and of lines that are sent as several: exact, whatever the figures."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartrover.orders.models import LinePart, Order, OrderLine
from cartrover.orders.money import price_each, split, sums_of
from cartrover.orders.sending import Sending
from cartrover.sync.deliveries import delivery_of
from integrations.contract import Delivery
from integrations.tradegecko.delivering import order_lines

CENT = Decimal("0.01")
cents = st.integers(0, 500_000).map(lambda amount: Decimal(amount) / 100)
weights = st.lists(st.integers(1, 50), min_size=1, max_size=6)


@given(amount=st.decimals(-10_000, 10_000, places=4), weights=weights)
def test_the_shares_of_an_amount_come_to_it_exactly(amount: Decimal, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert len(shares) == len(weights)
    assert sum(shares, Decimal(0)) == amount
    assert all(abs(share - amount * weight / sum(weights)) <= CENT for share, weight in zip(shares, weights, strict=True))


@given(price=cents, units=st.integers(1, 500))
def test_the_units_of_a_kit_cost_what_the_kit_costs(price: Decimal, units: int) -> None:
    assert abs(price_each(price, units) * units - price) <= Decimal("0.0000005") * units


@st.composite
def sold(draw: st.DrawFn) -> tuple[Order, list[OrderLine], list[LinePart]]:
    """An order as carts tell them, its lines sent, left out as products or as codes that are none, whole or in part."""
    lines, parts = [], []
    for key in range(draw(st.integers(1, 5))):
        quantity, price = draw(st.integers(1, 40)), draw(cents)
        own = min(draw(st.one_of(st.just(Decimal(0)), cents)), price * quantity)
        line = OrderLine(
            merchant_id=1,
            pk=key + 1,
            external_id=f"L{key}",
            position=key,
            quantity=quantity,
            unit_price=price,
            total=price * quantity - own,
            tax=draw(cents),
            left_out=draw(st.sampled_from(["", "", "ignored", "promotional"])),
            shipped_before=draw(st.sampled_from([0, 0, quantity - 1])),
        )
        lines.append(line)
        if not line.left_out:
            for position in range(draw(st.integers(1, 3))):
                each = draw(st.integers(1, 20))
                parts.append(
                    LinePart(
                        merchant_id=1, line=line, position=position, sku=f"P{position}", each=each, item_id=f"{position + 1}"
                    )
                )
    net = sum((line.total for line in lines), Decimal(0))
    gross = sum((line.unit_price * line.quantity for line in lines), Decimal(0))
    shipping, extra = draw(cents), draw(cents)
    tax = sum((line.tax for line in lines), Decimal(0)) if draw(st.booleans()) else Decimal(0)
    discount = gross - net + extra if draw(st.booleans()) else extra
    order = Order(
        merchant_id=1,
        ref="R1",
        number="1",
        currency="USD",
        placed_at=datetime(2026, 3, 1, tzinfo=UTC),
        discount=discount,
        shipping=shipping,
        tax=tax,
        adjustment=Decimal(0),
        total=net - extra + shipping + tax,
        ship_to={"name": "Jane", "line1": "1 Main St", "city": "Berlin", "country": "DE"},
        references=[],
    )
    return order, lines, parts


def delivered(order: Order, lines: list[OrderLine], parts: list[LinePart]) -> Delivery:
    return delivery_of(order, lines, parts, "77", Sending(order.number, "", order.ship_to or {}))


@given(sold())
def test_every_line_is_sent_at_what_the_buyer_paid_for_it(made: tuple[Order, list[OrderLine], list[LinePart]]) -> None:
    order, lines, parts = made
    delivery = delivered(order, lines, parts)
    assert len({each.external_id for each in delivery.lines}) == len(delivery.lines) == len(parts)
    for line in lines:
        mine = [each for each in delivery.lines if each.external_id.startswith(f"{line.external_id}:")]
        left = line.quantity - line.shipped_before
        if mine:
            paid = (line.total * left / line.quantity).quantize(CENT)
            assert abs(sum((each.total for each in mine), Decimal(0)) - paid) <= CENT
            assert [each.quantity for each in mine] == [left * part.each for part in parts if part.line == line]


@given(sold())
def test_what_is_not_sent_takes_its_money_along_and_a_promotion_stays(
    made: tuple[Order, list[OrderLine], list[LinePart]],
) -> None:
    order, lines, _parts = made
    sums = sums_of(order, lines)
    taxed = sum((line.tax for line in lines), Decimal(0)) <= order.tax
    gone = Decimal(0)
    for line in lines:
        if line.left_out != "promotional":
            units = line.quantity if line.left_out else line.shipped_before
            gone += (line.total + (line.tax if taxed else 0)) * units / line.quantity
    assert abs(order.total - gone - sums.total) <= CENT * 2 * len(lines)


@given(sold())
def test_the_warehouse_adds_up_what_is_sent_to_its_total(made: tuple[Order, list[OrderLine], list[LinePart]]) -> None:
    order, lines, parts = made
    delivery = delivered(order, lines, parts)
    if not delivery.lines:
        return
    sent = order_lines(delivery, "inclusive")
    shown = sum((Decimal(one["price"]) * one["quantity"] for one in sent), Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    assert shown == delivery.total


def made_of(total: str, **more: Any) -> Any:
    nothing = {"discount": Decimal(0), "tax": Decimal(0), "adjustment": Decimal(0), "shipping": Decimal("5.00")}
    return SimpleNamespace(total=Decimal(total), **{**nothing, **more})


def line(quantity: int, price: str, total: str = "", **more: Any) -> OrderLine:
    worth = Decimal(total) if total else quantity * Decimal(price)
    return OrderLine(
        merchant_id=1, quantity=quantity, unit_price=Decimal(price), total=worth, tax=more.pop("tax", Decimal(0)), **more
    )


def test_a_product_that_is_left_out_is_not_paid_for_at_the_warehouse() -> None:
    sums = sums_of(made_of("35.00"), [line(1, "20.00"), line(1, "10.00", left_out="ignored")])
    assert (sums.total, sums.adjustment) == (Decimal("25.00"), Decimal(0))


def test_its_own_discount_and_tax_go_with_it() -> None:
    order = made_of("38.00", discount=Decimal("2.00"), tax=Decimal("5.00"))
    lines = [line(1, "20.00", tax=Decimal("3.00")), line(1, "10.00", "8.00", left_out="ignored", tax=Decimal("2.00"))]
    order.total = Decimal("38.00")
    sums = sums_of(order, lines)
    assert (sums.total, sums.discount, sums.tax) == (Decimal("28.00"), Decimal("0.00"), Decimal("3.00"))


@pytest.mark.parametrize(("price", "total"), [("-3.00", "22.00"), ("3.00", "28.00")])
def test_what_a_promotional_code_takes_off_or_adds_stays_with_the_order(price: str, total: str) -> None:
    sums = sums_of(made_of(total), [line(1, "20.00"), line(1, price, left_out="promotional")])
    assert (sums.total, sums.adjustment) == (Decimal(total), Decimal(price))
