"""A delivery is kept as it was sent, whatever it holds."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from cartrover.sync.sent import kept, rebuilt
from integrations.contract import AddressRecord, Delivery, DeliveryLine

TEXT = st.text(max_size=8)
MONEY = st.decimals(-(10**6), 10**6, places=4)
LINES = st.builds(
    DeliveryLine,
    external_id=TEXT,
    sku=TEXT,
    item_id=TEXT,
    title=TEXT,
    quantity=st.integers(1, 9),
    unit_price=MONEY,
    total=MONEY,
)
DELIVERIES = st.builds(
    Delivery,
    ref=TEXT,
    number=TEXT,
    placed_at=st.datetimes(timezones=st.just(UTC)),
    customer_id=TEXT,
    source_url=TEXT,
    currency=TEXT,
    lines=st.lists(LINES, max_size=3).map(tuple),
    shipping=MONEY,
    shipping_method=TEXT,
    discount=MONEY,
    tax=MONEY,
    adjustment=MONEY,
    total=MONEY,
    ship_to=st.builds(AddressRecord, name=TEXT, line1=TEXT, city=TEXT, country=TEXT),
    note=TEXT,
    email=TEXT,
    references=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
)


@given(DELIVERIES)
def test_what_was_kept_is_what_was_sent(delivery: Delivery) -> None:
    assert rebuilt(json.loads(json.dumps(kept(delivery)))) == delivery


@given(DELIVERIES, st.integers(0, 4))
def test_equal_amounts_are_kept_alike(delivery: Delivery, zeros: int) -> None:
    longer = delivery.total.quantize(Decimal(1).scaleb(-4 - zeros))
    assert kept(replace(delivery, total=longer)) == kept(delivery)
