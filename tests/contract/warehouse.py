"""What every warehouse keeps to. Inherit the classes of the services it has, and give the fixture ``house``."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest

from integrations.contract import TOO_LATE, CartIdentity, Delivery, RemoteOrder, Warehouse, Window
from integrations.outcomes import Ambiguous, Outcome, Rejected
from tests.contract.account import Bench
from tests.contract.cart import EFFECT_HIDDEN, NO_EFFECT

CART = CartIdentity("cr-contract-1", "A cart of the contract")


class House(Bench, Protocol):
    """An account that ships.

    ``delivery`` is a small order that the warehouse takes, under this reference, for the customer. ``orders_made`` counts what
    its ledger has of a reference. ``street`` is where its people see that an order goes. ``ship`` lets one unit or all of an
    order leave (of its first line), ``pack`` only packs it. ``known_sku`` is in stock there; ``count`` sets how many.
    ``send_path``, ``line_path`` and ``customer_path`` find the paths of the calls that make an order, a line and a customer.
    """

    send_path: str
    line_path: str
    customer_path: str
    known_sku: str

    def warehouse(self) -> Warehouse: ...
    def strangers_warehouse(self) -> Warehouse: ...
    def delivery(self, ref: str, customer_id: str) -> Delivery: ...
    def orders_made(self, ref: str) -> int: ...
    def street(self, remote_id: str) -> str: ...
    def ship(self, remote_id: str, tracking: str, *, one_unit: bool = False) -> None: ...
    def pack(self, remote_id: str) -> None: ...
    def count(self, sku: str, quantity: int) -> None: ...


def customer(house: House) -> str:
    return house.warehouse().find_customer(CART) or house.warehouse().make_customer(CART, key="customer")


def delivery(house: House, ref: str = "A1B2C3") -> Delivery:
    return house.delivery(ref, customer(house))


def until_now(house: House) -> Window:
    return Window(house.now() - timedelta(days=1), house.now() + timedelta(seconds=1))


def sent(house: House, ref: str = "A1B2C3") -> RemoteOrder:
    return house.warehouse().send_order(delivery(house, ref), key=f"key-{ref}")


def elsewhere(wanted: Delivery) -> Delivery:
    """The same, to another street."""
    return dataclasses.replace(wanted, ship_to=dataclasses.replace(wanted.ship_to, line1="9 Other Road"))


def of(wanted: Delivery, *units: int) -> Delivery:
    """The same with so many units of each of its two lines, at whole cents, and what they come to."""
    prices = [line.unit_price.quantize(Decimal("0.01")) for line in wanted.lines]
    lines = tuple(
        dataclasses.replace(line, quantity=count, unit_price=price, total=price * count)
        for line, price, count in zip(wanted.lines, prices, units, strict=True)
        if count
    )
    before, after = (sum((line.total for line in each), Decimal(0)) for each in (wanted.lines, lines))
    return dataclasses.replace(wanted, lines=lines, total=wanted.total - before + after)


def holds(house: House, wanted: Delivery) -> bool:
    """Whether the warehouse has the order's lines and total so, each line once."""
    [found] = house.warehouse().find_orders(wanted.ref)
    lines = sorted((line.item_id, line.quantity) for line in wanted.lines)
    return sorted(found.lines) == lines and abs(found.total - wanted.total) < Decimal("0.02")


class OrderDeliveryContract:
    def test_a_carts_customer_is_made_once_and_found(self, house: House) -> None:
        assert house.warehouse().find_customer(CART) is None
        made = house.warehouse().make_customer(CART, key="customer")
        assert house.warehouse().find_customer(CART) == made
        assert house.strangers_warehouse().find_customer(CART) is None

    @pytest.mark.parametrize("fault", EFFECT_HIDDEN.values(), ids=EFFECT_HIDDEN)
    def test_a_customer_whose_answer_was_lost_is_found(self, house: House, fault: dict[str, Any]) -> None:
        house.fault(path=house.customer_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            house.warehouse().make_customer(CART, key="customer")
        assert house.warehouse().find_customer(CART)

    def test_an_order_arrives_once_and_is_ours(self, house: House) -> None:
        wanted = delivery(house)
        house.warehouse().check(wanted)
        made = house.warehouse().send_order(wanted, key="k1")
        [found] = house.warehouse().find_orders(wanted.ref)
        assert (found.remote_id, found.ref, found.ours) == (made.remote_id, wanted.ref, True)
        assert found.customer_id == wanted.customer_id
        assert found.total == made.total == wanted.total
        assert sorted(found.lines) == sorted((line.item_id, line.quantity) for line in wanted.lines)
        assert set(made.line_ids) <= {line.external_id for line in wanted.lines}
        assert len(set(made.line_ids.values())) == len(made.line_ids)
        assert house.orders_made(wanted.ref) == 1

    def test_a_test_order_commits_nothing_and_can_be_voided(self, house: House) -> None:
        wanted = dataclasses.replace(delivery(house), test=True)
        made = house.warehouse().send_order(wanted, key="k1")
        assert (made.status, made.ours) == ("draft", True)
        [found] = house.warehouse().find_orders(wanted.ref)
        assert sorted(found.lines) == sorted((line.item_id, line.quantity) for line in wanted.lines)
        house.warehouse().void_order(made.remote_id, key="k2")
        assert all(each.status in ("void", "deleted") for each in house.warehouse().find_orders(wanted.ref))

    def test_a_reference_nobody_used_is_not_found(self, house: House) -> None:
        sent(house, "A1B2C3")
        assert house.warehouse().find_orders("A1B2C") == ()
        assert house.warehouse().find_orders("A1B2C33") == ()

    def test_a_stranger_sees_nothing_of_it(self, house: House) -> None:
        sent(house)
        assert house.strangers_warehouse().find_orders("A1B2C3") == ()

    def test_a_check_asks_nobody(self, house: House) -> None:
        wanted = delivery(house)
        before = house.heard()
        house.warehouse().check(wanted)
        assert house.heard() == before

    def test_an_order_whose_total_would_differ_is_not_sent(self, house: House) -> None:
        wrong = dataclasses.replace(delivery(house), total=Decimal("0.01"))
        with pytest.raises(Outcome):
            house.warehouse().check(wrong)
        with pytest.raises(Outcome):
            house.warehouse().send_order(wrong, key="k1")
        assert house.orders_made(wrong.ref) == 0

    @pytest.mark.parametrize("fault", EFFECT_HIDDEN.values(), ids=EFFECT_HIDDEN)
    def test_an_order_whose_answer_was_lost_is_in_doubt_and_can_be_seen(self, house: House, fault: dict[str, Any]) -> None:
        wanted = delivery(house)
        house.fault(path=house.send_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            house.warehouse().send_order(wanted, key="k1")
        [found] = house.warehouse().find_orders(wanted.ref)
        assert found.ours
        assert house.orders_made(wanted.ref) == 1

    @pytest.mark.parametrize("fault", NO_EFFECT.values(), ids=NO_EFFECT)
    def test_an_order_that_never_arrived_is_in_doubt_and_can_be_sent_again(self, house: House, fault: dict[str, Any]) -> None:
        wanted = delivery(house)
        house.fault(path=house.send_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            house.warehouse().send_order(wanted, key="k1")
        assert house.warehouse().find_orders(wanted.ref) == ()
        house.warehouse().send_order(wanted, key="k1")
        assert house.orders_made(wanted.ref) == 1

    def test_the_same_key_makes_no_second_order(self, house: House) -> None:
        wanted = delivery(house)
        made = house.warehouse().send_order(wanted, key="k1")
        with suppress(Ambiguous):  # or it says that it does not know, and is looked up
            assert house.warehouse().send_order(wanted, key="k1").remote_id == made.remote_id
        assert house.orders_made(wanted.ref) == 1

    def test_a_voided_order_is_found_and_says_so(self, house: House) -> None:
        made = sent(house)
        house.warehouse().void_order(made.remote_id, key="v1")
        [found] = house.warehouse().find_orders(made.ref)
        assert found.remote_id == made.remote_id
        assert found.status != made.status

    def test_voiding_twice_harms_nobody(self, house: House) -> None:
        made = sent(house)
        for key in ("v1", "v2"):
            house.warehouse().void_order(made.remote_id, key=key)
        assert len(house.warehouse().find_orders(made.ref)) == 1

    @pytest.mark.parametrize("leaves", [False, True], ids=["packed", "shipped"])
    def test_what_is_packed_or_has_left_is_neither_voided_nor_changed(self, house: House, leaves: bool) -> None:
        made = sent(house)
        house.ship(made.remote_id, "1Z999AA1", one_unit=True) if leaves else house.pack(made.remote_id)
        with pytest.raises(Rejected) as void:
            house.warehouse().void_order(made.remote_id, key="v1")
        moved = elsewhere(delivery(house))
        with pytest.raises(Rejected) as change:
            house.warehouse().change_order(made.remote_id, moved, key="c1")
        assert (void.value.code, change.value.code) == (TOO_LATE, TOO_LATE)
        assert house.street(made.remote_id) != moved.ship_to.line1
        assert [found.status for found in house.warehouse().find_orders(made.ref)] == [made.status]

    def test_a_change_of_address_is_there_however_often_it_is_said(self, house: House) -> None:
        made = sent(house)
        moved = elsewhere(delivery(house))
        for key in ("c1", "c2"):
            changed = house.warehouse().change_order(made.remote_id, moved, key=key)
            assert (changed.remote_id, changed.total) == (made.remote_id, made.total)
        assert house.street(made.remote_id) == moved.ship_to.line1
        assert house.orders_made(made.ref) == 1

    def test_other_lines_are_there_with_their_total_or_are_refused(self, house: House) -> None:
        wanted = delivery(house)
        made = house.warehouse().send_order(wanted, key="k1")
        first = wanted.lines[0]
        more = dataclasses.replace(first, quantity=first.quantity + 1, total=first.total + first.unit_price)
        other = dataclasses.replace(wanted, lines=(more, *wanted.lines[1:]), total=wanted.total + first.unit_price)
        with suppress(Rejected):
            house.warehouse().change_order(made.remote_id, other, key="c1")
            wanted = other
        [found] = house.warehouse().find_orders(wanted.ref)
        assert sorted(found.lines) == sorted((line.item_id, line.quantity) for line in wanted.lines)
        assert abs(found.total - wanted.total) < Decimal("0.02")

    @pytest.mark.parametrize(
        ("before", "after"),
        [((2, 0), (2, 1)), ((2, 1), (2, 0)), ((2, 0), (0, 3)), ((2, 1), (1, 3))],
        ids=["added", "taken away", "another instead", "both changed"],
    )
    def test_lines_come_and_go_once_however_often_it_is_said(
        self, house: House, before: tuple[int, int], after: tuple[int, int]
    ) -> None:
        made = house.warehouse().send_order(of(delivery(house), *before), key="k1")
        wanted = of(delivery(house), *after)
        for key in ("c1", "c2"):
            changed = house.warehouse().change_order(made.remote_id, wanted, key=key)
            assert changed.line_ids.keys() == {line.external_id for line in wanted.lines}
            assert holds(house, wanted)

    @pytest.mark.parametrize("fault", [*EFFECT_HIDDEN.values(), *NO_EFFECT.values()])
    def test_a_line_whose_answer_was_lost_is_not_added_a_second_time(self, house: House, fault: dict[str, Any]) -> None:
        made = house.warehouse().send_order(of(delivery(house), 2, 0), key="k1")
        wanted = of(delivery(house), 2, 1)
        house.fault(path=house.line_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            house.warehouse().change_order(made.remote_id, wanted, key="c1")
        with suppress(Ambiguous):  # or the key is spent, and it is said under another
            house.warehouse().change_order(made.remote_id, wanted, key="c1")
        house.warehouse().change_order(made.remote_id, wanted, key="c2")
        assert holds(house, wanted)

    @pytest.mark.parametrize("after", [(3, 0), (2, 1), (1, 0)])
    def test_lines_of_what_is_packed_stay(self, house: House, after: tuple[int, int]) -> None:
        before = of(delivery(house), 2, 0)
        made = house.warehouse().send_order(before, key="k1")
        house.pack(made.remote_id)
        with pytest.raises(Rejected) as change:
            house.warehouse().change_order(made.remote_id, of(delivery(house), *after), key="c1")
        assert change.value.code == TOO_LATE
        assert holds(house, before)

    @pytest.mark.parametrize("after", [(3, 1), (1, 1), (1, 0), (2, 0), (2, 2)])
    def test_what_has_left_in_part_takes_what_leaves_its_packages_alone(self, house: House, after: tuple[int, int]) -> None:
        made = house.warehouse().send_order(of(delivery(house), 2, 1), key="k1")
        house.ship(made.remote_id, "1Z999AA1", one_unit=True)
        wanted = of(delivery(house), *after)
        for key in ("c1", "c2"):
            house.warehouse().change_order(made.remote_id, wanted, key=key)
        assert holds(house, wanted)

    def test_a_line_that_comes_when_part_has_left_is_there_once(self, house: House) -> None:
        made = house.warehouse().send_order(of(delivery(house), 2, 0), key="k1")
        house.ship(made.remote_id, "1Z999AA1", one_unit=True)
        wanted = of(delivery(house), 1, 2)
        house.warehouse().change_order(made.remote_id, wanted, key="c1")
        assert holds(house, wanted)
        house.ship(made.remote_id, "1Z999AA2")
        shipments = house.warehouse().shipments_in(until_now(house)).records
        assert sorted(line.quantity for each in shipments for line in each.lines) == [1, 2]

    def test_a_line_of_which_units_have_left_is_not_taken_away(self, house: House) -> None:
        before = of(delivery(house), 2, 1)
        made = house.warehouse().send_order(before, key="k1")
        house.ship(made.remote_id, "1Z999AA1", one_unit=True)
        with pytest.raises(Rejected) as change:
            house.warehouse().change_order(made.remote_id, of(delivery(house), 0, 4), key="c1")
        assert change.value.code == TOO_LATE
        assert holds(house, before)

    def test_a_stranger_changes_nothing_of_it(self, house: House) -> None:
        made = sent(house)
        with pytest.raises(Rejected):
            house.strangers_warehouse().change_order(made.remote_id, elsewhere(delivery(house)), key="c1")
        with pytest.raises(Rejected):
            house.strangers_warehouse().void_order(made.remote_id, key="v1")

    def test_a_change_there_is_told_in_its_window(self, house: House) -> None:
        made = sent(house)
        page = house.warehouse().orders_changed_in(until_now(house))
        assert made.remote_id in [order.remote_id for order in page.records]
        assert page.complete
        old = Window(house.now() - timedelta(days=3), house.now() - timedelta(days=2))
        assert house.warehouse().orders_changed_in(old).total == 0


class ShipmentPickupContract:
    def test_a_package_that_left_is_told_with_its_lines_and_its_number(self, house: House) -> None:
        wanted = delivery(house)
        made = house.warehouse().send_order(wanted, key="k1")
        house.ship(made.remote_id, "1Z999AA1")
        [shipment] = house.warehouse().shipments_in(until_now(house)).records
        assert (shipment.order_id, shipment.shipped, shipment.void) == (made.remote_id, True, False)
        assert shipment.tracking == "1Z999AA1"
        ours = {line_id: external_id for external_id, line_id in made.line_ids.items()}
        sold = {line.external_id: line.quantity for line in wanted.lines} | {line.sku: line.quantity for line in wanted.lines}
        left = {ours.get(line.order_line, line.sku): line.quantity for line in shipment.lines}  # told by our line, or by SKU
        assert len(left) == len(wanted.lines)
        assert left.items() <= sold.items()

    def test_a_package_of_one_unit_says_so(self, house: House) -> None:
        made = sent(house)
        house.ship(made.remote_id, "1Z999AA1", one_unit=True)
        [shipment] = house.warehouse().shipments_in(until_now(house)).records
        assert [line.quantity for line in shipment.lines] == [1]

    def test_what_is_only_packed_has_not_left(self, house: House) -> None:
        made = sent(house)
        house.pack(made.remote_id)
        assert [shipment.shipped for shipment in house.warehouse().shipments_in(until_now(house)).records] == [False]

    def test_a_window_before_it_is_empty_and_complete(self, house: House) -> None:
        house.ship(sent(house).remote_id, "1Z999AA1")
        page = house.warehouse().shipments_in(Window(house.now() - timedelta(days=3), house.now() - timedelta(days=2)))
        assert (page.records, page.complete) == ((), True)

    def test_a_stranger_sees_nothing_of_it(self, house: House) -> None:
        house.ship(sent(house).remote_id, "1Z999AA1")
        assert house.strangers_warehouse().shipments_in(until_now(house)).total == 0


class StockPickupContract:
    def test_an_item_is_found_by_its_sku_and_by_nothing_like_it(self, house: House) -> None:
        [item] = house.warehouse().item(house.known_sku)
        assert item.sku == house.known_sku
        assert house.warehouse().item(f"{house.known_sku}-X") == ()
        assert house.warehouse().item(house.known_sku[:-1]) == ()

    def test_the_catalogue_and_the_levels_tell_of_the_same_items(self, house: House) -> None:
        [item] = house.warehouse().item(house.known_sku)
        assert item.item_id in {each.item_id for each in house.warehouse().items().records}
        assert item.item_id in {each.item_id for each in house.warehouse().stock().records}

    def test_what_was_counted_is_told(self, house: House) -> None:
        [item] = house.warehouse().item(house.known_sku)
        for quantity in (17, 0):
            house.count(house.known_sku, quantity)
            [level] = [each for each in house.warehouse().stock().records if each.item_id == item.item_id]
            assert sum(level.available.values()) == quantity
            assert level.tracked

    def test_what_was_ordered_is_no_longer_available(self, house: House) -> None:
        house.count(house.known_sku, 17)
        made = sent(house)
        [item] = house.warehouse().item(house.known_sku)
        ordered = sum(quantity for item_id, quantity in made.lines if item_id == item.item_id)
        assert ordered > 0
        [level] = [each for each in house.warehouse().stock().records if each.item_id == item.item_id]
        assert sum(level.available.values()) == 17 - ordered

    def test_a_stranger_has_none_of_it(self, house: House) -> None:
        [item] = house.warehouse().item(house.known_sku)
        assert item.item_id not in {each.item_id for each in house.strangers_warehouse().items().records}
