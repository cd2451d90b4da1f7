"""Deliveries at the desk: whether they add up, and what may still be changed about them."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest

from cartrover.merchants.tenancy import acting_for
from cartrover.packing import parcels
from cartrover.packing.counting import counted
from cartrover.packing.models import PackingOrder
from integrations.contract import CartIdentity, Delivery, RemoteOrder
from integrations.outcomes import NeedsMerchant, Rejected
from tests.packing.house import ACTOR, Desk


@pytest.fixture
def wanted(desk: Desk) -> Delivery:
    customer = desk.warehouse().make_customer(CartIdentity("cr-1", "eBay"), key="c")
    return desk.delivery("A1B2C3", customer)


@pytest.fixture
def made(desk: Desk, wanted: Delivery) -> RemoteOrder:
    return desk.warehouse().send_order(wanted, key="k1")


def lines(desk: Desk, made: RemoteOrder) -> list[tuple[str, int]]:
    """(SKU, units) on the order's packing page, in order."""
    with acting_for(desk.merchant):
        order = PackingOrder.objects.get(public_id=made.remote_id)
        return [(each.line.sku, each.left) for each in counted(order, {})]


def available(desk: Desk) -> dict[str, Decimal]:
    return {each.sku: sum(each.available.values(), Decimal(0)) for each in desk.warehouse().items().records}


def only_hats(wanted: Delivery) -> Delivery:
    """The mugs are gone, and of the hats there are three."""
    hats = dataclasses.replace(wanted.lines[1], quantity=3, total=Decimal("45.00"))
    return dataclasses.replace(wanted, lines=(hats,), total=Decimal("47.49"))


@pytest.mark.parametrize(
    "changes",
    [
        {"total": Decimal("37.51")},  # a cent a unit
        {"discount": Decimal("2.00"), "total": Decimal("37.45")},
        {"total": Decimal("99.00"), "total_may_differ": True},
    ],
    ids=["rounded up", "rounded down", "a person has let it pass"],
)
def test_a_total_that_differs_by_rounding_or_by_will_is_taken(desk: Desk, wanted: Delivery, changes: dict[str, Any]) -> None:
    desk.warehouse().check(dataclasses.replace(wanted, **changes))
    assert desk.warehouse().send_order(dataclasses.replace(wanted, **changes), key="k1").total == changes["total"]


def test_a_discount_that_holds_the_lines_own_is_taken_off_once(desk: Desk, wanted: Delivery) -> None:
    mugs = dataclasses.replace(wanted.lines[0], unit_price=Decimal("12.00"))  # 24.00, of which 4.01 were taken off
    held = dataclasses.replace(wanted, lines=(mugs, wanted.lines[1]), discount=Decimal("6.01"))
    desk.warehouse().check(held)
    with pytest.raises(Rejected, match="come to"):
        desk.warehouse().check(dataclasses.replace(held, total=Decimal("40.00")))


def test_an_item_that_the_desk_does_not_have_keeps_the_whole_order_away(desk: Desk, wanted: Delivery) -> None:
    unknown = dataclasses.replace(wanted.lines[1], item_id="999999", sku="CAP-1")
    with pytest.raises(NeedsMerchant) as outcome:
        desk.warehouse().send_order(dataclasses.replace(wanted, lines=(wanted.lines[0], unknown)), key="k1")
    assert (outcome.value.fix, outcome.value.subject) == ("unknown_sku", "CAP-1")
    assert desk.orders_made(wanted.ref) == 0


def test_other_lines_are_packed_and_committed_instead(desk: Desk, wanted: Delivery, made: RemoteOrder) -> None:
    assert lines(desk, made) == [("MUG-1", 2), ("HAT-1", 1)]
    changed = desk.warehouse().change_order(made.remote_id, only_hats(wanted), key="c1")
    assert lines(desk, made) == [("HAT-1", 3)]
    assert changed.line_ids["l2"] == made.line_ids["l2"], "a line is the same while it names the same item"
    assert available(desk) == {"MUG-1": 10, "HAT-1": 1}
    desk.warehouse().change_order(made.remote_id, wanted, key="c2")
    assert lines(desk, made) == [("MUG-1", 2), ("HAT-1", 1)]


def test_a_line_that_a_package_of_before_names_may_be_taken_out(desk: Desk, wanted: Delivery, made: RemoteOrder) -> None:
    with acting_for(desk.merchant):
        order = PackingOrder.objects.get(public_id=made.remote_id)
        parcel = parcels.pack(order, {}, actor=ACTOR)
        parcels.take_back(parcel, actor=ACTOR)
    desk.warehouse().change_order(made.remote_id, only_hats(wanted), key="c1")
    assert lines(desk, made) == [("HAT-1", 3)]
    desk.ship(made.remote_id, "T1")
    [found] = desk.warehouse().find_orders(wanted.ref)
    assert found.status == "shipped"


def test_what_is_so_already_is_no_change_even_when_it_is_packed(desk: Desk, wanted: Delivery, made: RemoteOrder) -> None:
    desk.pack(made.remote_id)
    assert desk.warehouse().change_order(made.remote_id, wanted, key="c1").total == wanted.total


def test_an_order_that_is_void_is_not_changed(desk: Desk, wanted: Delivery, made: RemoteOrder) -> None:
    desk.warehouse().void_order(made.remote_id, key="v1")
    with pytest.raises(Rejected) as refused:
        desk.warehouse().change_order(made.remote_id, only_hats(wanted), key="c1")
    assert refused.value.code == "void"


def test_each_call_leaves_a_line_in_the_trail(desk: Desk, wanted: Delivery) -> None:
    desk.warehouse().send_order(wanted, key="k1")
    told = desk.wire.exchanges[-1]
    assert (told.method, told.url, told.status) == ("POST", "desk:/orders", 200)
    assert '"street"' not in told.request_body
    assert "1 Main St" in told.request_body
    assert '"status": "to_pack"' in told.response_body
    assert told.server_time is not None
