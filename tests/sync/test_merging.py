"""Readings of one order in any order, with edits, blanked data and deliveries between them: a model of what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cartrover.merchants.tenancy import acting_for
from cartrover.orders import lines_now, lines_there
from cartrover.orders.models import Order, OrderLine, Status
from cartrover.orders.parts import write_parts
from cartrover.orders.wanted_lines import wanted_lines
from cartrover.sync.storing import store
from integrations.contract import AddressRecord, Cancel, OrderRecord, Payment, RefundRecord
from tests.sync.fake_cart import START, Shop, line_record, order_record

Lines = tuple[tuple[str, str, int], ...]
NOTHING: Lines = ()
NOBODY = AddressRecord(name="", line1="", city="Berlin", country="DE")
_orders = count(1)


@dataclass(frozen=True)
class Version:
    """How the cart has the order from one moment on. ``lines`` are units by SKU, each on a line of its own but for what stands on
    the first, which may become another product. A blanked reading of it tells no person.
    """

    street: str
    lines: tuple[tuple[str, str, int], ...]
    method: str
    payment: Payment
    cancel: Cancel
    refunds: int

    @property
    def units(self) -> int:
        return sum(units for _key, _sku, units in self.lines)

    def read(self, key: str, at: int, *, blanked: bool) -> OrderRecord:
        total = Decimal(10 * self.units)
        lines = [line_record(key, sku=sku, quantity=units, total=Decimal(10 * units)) for key, sku, units in self.lines]
        address = NOBODY if blanked else AddressRecord("Jane Roe", self.street, "Berlin", "DE", email="jane@example.com")
        return order_record(
            key,
            modified_at=START + timedelta(minutes=at),
            lines=tuple(lines),
            items=total,
            total=total + Decimal("4.99"),
            ship_to=address,
            buyer_name="" if blanked else "Jane Roe",
            buyer_email="" if blanked else "jane@example.com",
            shipping_method=self.method,
            payment=self.payment,
            cancel=self.cancel,
            refunds=tuple(RefundRecord(str(each), Decimal(1)) for each in range(self.refunds)),
        )


VERSIONS = st.builds(
    Version,
    street=st.sampled_from(["1 Main St", "2 Side St", "3 Back Lane"]),
    lines=st.lists(
        st.tuples(st.sampled_from(["L1", "L2", "L3"]), st.sampled_from(["RED-01", "BLUE-01"]), st.integers(1, 3)),
        min_size=1,
        max_size=3,
        unique_by=lambda line: line[0],
    ).map(lambda lines: tuple(sorted(lines))),
    method=st.sampled_from(["Slow", "Express"]),
    payment=st.sampled_from([Payment.PAID, Payment.PENDING, Payment.PARTIALLY_REFUNDED, Payment.REFUNDED]),
    cancel=st.sampled_from(list(Cancel)),
    refunds=st.integers(0, 2),
)
DELIVERED = "delivered"
STEPS = st.lists(st.tuples(st.integers(0, 4), st.booleans()) | st.just(DELIVERED), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(VERSIONS, min_size=5, max_size=5), steps=STEPS)
def test_whatever_is_read_when_the_newest_holds_and_no_person_is_lost(shop: Shop, versions: list[Version], steps: Any) -> None:
    key = f"M-{next(_orders)}"
    newest, street, sent = -1, "", NOTHING
    with acting_for(shop.merchant):
        for step in steps:
            if step == DELIVERED:
                sent = deliver(key) or sent
                continue
            at, blanked = step
            store(shop.connection, [versions[at].read(key, at, blanked=blanked)], pulled_at=timezone.now())
            if at >= newest:
                newest = at
                street = street if blanked else versions[at].street
        if newest < 0:
            return
        order = Order.objects.prefetch_related("lines").get(external_id=key)
        wanted = versions[newest]
        told = lines_now.last_told(order)
        assert tuple(sorted((key, line["sku"], line["quantity"]) for key, line in told.items())) == wanted.lines
        assert order.total == sum(line["total"] for line in told.values()) + Decimal("4.99")
        assert (order.shipping_method, order.payment, order.cancel) == (wanted.method, wanted.payment, wanted.cancel)
        assert len(order.refunds) == wanted.refunds
        assert (order.ship_to or {}).get("line1", "") == street
        assert order.buyer_name == ("Jane Roe" if street else "")
        if sent:
            assert rows(order) == sent, "rows say what is at the warehouse"
            assert order.status == Status.AT_WMS
            unwanted = wanted.cancel == Cancel.CANCELED or wanted.payment == Payment.REFUNDED
            assert (order.errand == "void") == unwanted
            if not unwanted:
                lines_there.write(order, wanted_lines(order))
                assert (rows(order), order.lines_now) == (wanted.lines, None), "what is told there stands in the rows"


def rows(order: Order) -> Lines:
    return tuple(OrderLine.objects.filter(order=order).order_by("external_id").values_list("external_id", "sku", "quantity"))


def deliver(key: str) -> Lines:
    """The order comes to the warehouse, as far as it is to go there. Returns the lines that were sent."""
    order = Order.objects.filter(external_id=key, status=Status.NEW).first()
    if order is None:
        return NOTHING
    write_parts(order, list(order.lines.all()))
    Order.objects.filter(pk=order.pk).update(status=Status.AT_WMS, remote_id="R1", due_at=None, sent={"lines": []})
    return rows(order)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(versions=st.lists(VERSIONS, min_size=3, max_size=3), order=st.permutations([0, 1, 2, 0, 1, 2]))
def test_in_whatever_order_whole_readings_come_they_come_to_the_same(
    shop: Shop, versions: list[Version], order: list[int]
) -> None:
    found = []
    with acting_for(shop.merchant):
        for sequence in (sorted(order), order):
            key = f"M-{next(_orders)}"
            for at in sequence:
                record = replace(versions[at].read(key, at, blanked=False), number="M")
                store(shop.connection, [record], pulled_at=timezone.now())
            row = Order.objects.get(external_id=key)
            found.append((row.ship_to, row.total, row.payment, row.cancel, row.status, row.refunds, rows(row)))
    assert found[0] == found[1]
