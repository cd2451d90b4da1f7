"""What every cart keeps to. Inherit the classes of the services it has, and give the fixture ``shop``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any, Protocol

import pytest

from integrations.contract import Cancel, Cart, OrderRecord, ShipmentLine, ShipmentUpload, StockUpdate, Window
from integrations.outcomes import Ambiguous, Rejected
from tests.contract.account import Bench

TRACKING = "1Z 999-AA1"


class Shop(Bench, Protocol):
    """An account that sells.

    ``place_order`` places one paid order of two units of one SKU, ready to ship, and answers with its id. ``change`` changes
    something of it that harms nobody. ``packages`` are (tracking, units) that the stand-in's ledger has of it.
    ``upload_path`` finds the path of the call that tells of a package. ``list_item`` puts something on sale and answers with
    the external id of its listing; ``shown`` is what shoppers see of it.
    """

    upload_path: str
    unknown_order: str
    unknown_listing: str

    def cart(self) -> Cart: ...
    def strangers_cart(self) -> Cart: ...
    def place_order(self) -> str: ...
    def change(self, order_id: str) -> None: ...
    def cancel(self, order_id: str) -> None: ...
    def packages(self, order_id: str) -> list[tuple[str, int]]: ...
    def list_item(self, sku: str, quantity: int) -> str: ...
    def shown(self, external_id: str) -> int: ...


def until_now(shop: Shop) -> Window:
    return Window(shop.now() - timedelta(days=1), shop.now())


def read(shop: Shop, order_id: str) -> OrderRecord:
    record = shop.cart().order(order_id)
    assert isinstance(record, OrderRecord), record
    return record


def listed(shop: Shop, window: Window) -> dict[str, OrderRecord]:
    page = shop.cart().orders_in(window)
    assert page.complete
    assert len(page.records) == page.total
    records = {record.external_id: record for record in page.records if isinstance(record, OrderRecord)}
    assert len(records) == page.total
    return records


class OrderDownloadContract:
    def test_an_order_is_found_once_in_its_window(self, shop: Shop) -> None:
        order_id = shop.place_order()
        record = listed(shop, until_now(shop))[order_id]
        assert record.number
        assert sum(line.quantity for line in record.lines) == 2
        assert all(line.sku and line.external_id for line in record.lines)
        assert record.currency.isalpha()
        assert len(record.currency) == 3
        assert record.ship_to is not None
        assert record.raw

    def test_it_is_found_by_the_number_that_the_shopper_knows(self, shop: Shop) -> None:
        order_id = shop.place_order()
        shop.place_order()
        assert shop.cart().find(read(shop, order_id).number) == (order_id,)

    def test_a_number_that_nobody_has_finds_nothing_to_read(self, shop: Shop) -> None:
        for order_id in shop.cart().find(shop.unknown_order):
            with pytest.raises(Rejected) as refused:
                shop.cart().order(order_id)
            assert refused.value.code == "not_found"

    def test_its_figures_add_up(self, shop: Shop) -> None:
        order = read(shop, shop.place_order())
        assert order.items - order.discount + order.shipping + order.tax + order.adjustment == order.total
        assert order.total > 0

    def test_its_times_are_utc_and_in_order(self, shop: Shop) -> None:
        order = read(shop, shop.place_order())
        assert order.placed_at.tzinfo is UTC
        assert order.modified_at.tzinfo is UTC
        assert order.placed_at <= order.modified_at <= shop.now()

    def test_a_window_before_it_is_empty_and_complete(self, shop: Shop) -> None:
        shop.place_order()
        assert listed(shop, Window(shop.now() - timedelta(days=3), shop.now() - timedelta(days=2))) == {}

    def test_a_change_brings_it_again_with_a_later_version(self, shop: Shop) -> None:
        order_id = shop.place_order()
        first = read(shop, order_id)
        shop.change(order_id)
        again = listed(shop, Window(first.modified_at + timedelta(milliseconds=1), shop.now()))[order_id]
        assert again.modified_at > first.modified_at
        assert [line.external_id for line in again.lines] == [line.external_id for line in first.lines]

    def test_a_page_goes_on_from_an_offset(self, shop: Shop) -> None:
        orders = {shop.place_order() for _ in range(3)}
        window = until_now(shop)
        whole, rest = shop.cart().orders_in(window), shop.cart().orders_in(window, offset=1)
        assert whole.total == rest.total == 3
        assert whole.limit >= 3
        assert {record.external_id for record in whole.records} == orders
        assert [record.external_id for record in rest.records] == [record.external_id for record in whole.records[1:]]
        assert whole.complete
        assert not rest.complete

    def test_read_alone_it_is_the_same_order(self, shop: Shop) -> None:
        order_id = shop.place_order()
        alone, in_list = read(shop, order_id), listed(shop, until_now(shop))[order_id]
        for record in (alone, in_list):
            assert (record.external_id, record.number, record.total) == (order_id, alone.number, alone.total)
            assert record.lines == alone.lines
            assert record.ship_to == alone.ship_to

    def test_a_cancelled_order_says_so(self, shop: Shop) -> None:
        order_id = shop.place_order()
        shop.cancel(order_id)
        assert read(shop, order_id).cancel is Cancel.CANCELED

    def test_an_order_nobody_has_is_not_found(self, shop: Shop) -> None:
        with pytest.raises(Rejected) as caught:
            shop.cart().order(shop.unknown_order)
        assert caught.value.code == "not_found"

    def test_a_stranger_sees_nothing_of_it(self, shop: Shop) -> None:
        order_id = shop.place_order()
        assert shop.strangers_cart().orders_in(until_now(shop)).total == 0
        with pytest.raises(Rejected) as caught:
            shop.strangers_cart().order(order_id)
        assert caught.value.code == "not_found"


def package_of(shop: Shop, order_id: str, *, quantity: int = 1, tracking: str = TRACKING) -> ShipmentUpload:
    order = read(shop, order_id)
    lines = (ShipmentLine(order.lines[0].external_id, quantity, order.lines[0].sku),)
    return ShipmentUpload(order_id, order.placed_at, lines, "UPS", tracking, shop.now())


def normal(shop: Shop) -> Callable[[str], str]:
    assert shop.made.cart is not None
    return shop.made.cart.normal_tracking


# What hides the effect of a write that took place, and what keeps it from taking place.
EFFECT_HIDDEN: dict[str, dict[str, Any]] = {
    "500": {"kind": "effect_then_status", "status": 500},
    "504": {"kind": "effect_then_status", "status": 504},
    "reset": {"kind": "effect_then_reset"},
    "truncated": {"kind": "truncate"},
}
NO_EFFECT: dict[str, dict[str, Any]] = {
    "503": {"kind": "status", "status": 503},
    "reset": {"kind": "reset"},
    "a page under 200": {"kind": "html"},
    "no JSON": {"kind": "malformed"},
}


class ShipmentUploadContract:
    def test_a_package_is_shown_as_it_was_told_and_happened_once(self, shop: Shop) -> None:
        order_id = shop.place_order()
        upload = package_of(shop, order_id, quantity=2)
        remote_id = shop.cart().upload_shipment(upload, key="k1").remote_id
        [shown] = shop.cart().shipments_of(order_id)
        assert shown.remote_id == remote_id
        assert [(line.order_line, line.quantity) for line in shown.lines] == [(upload.lines[0].order_line, 2)]
        assert shown.tracking == normal(shop)(TRACKING)
        assert shown.carrier
        assert shop.packages(order_id) == [(shown.tracking, 2)]

    def test_two_packages_of_an_order_are_two(self, shop: Shop) -> None:
        order_id = shop.place_order()
        for number, tracking in enumerate(("AB1", "CD2")):
            shop.cart().upload_shipment(package_of(shop, order_id, tracking=tracking), key=f"k{number}")
        shown = shop.cart().shipments_of(order_id)
        assert {package.tracking for package in shown} == {normal(shop)("AB1"), normal(shop)("CD2")}
        assert len({package.remote_id for package in shown}) == 2
        assert len(shop.packages(order_id)) == 2

    def test_a_package_without_a_number_is_a_package(self, shop: Shop) -> None:
        order_id = shop.place_order()
        shop.cart().upload_shipment(package_of(shop, order_id, tracking=""), key="k1")
        [shown] = shop.cart().shipments_of(order_id)
        assert shown.tracking == ""
        assert shown.remote_id

    @pytest.mark.parametrize("fault", EFFECT_HIDDEN.values(), ids=EFFECT_HIDDEN)
    def test_a_package_whose_answer_was_lost_is_in_doubt_and_can_be_seen(self, shop: Shop, fault: dict[str, Any]) -> None:
        order_id = shop.place_order()
        upload = package_of(shop, order_id)
        shop.fault(path=shop.upload_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            shop.cart().upload_shipment(upload, key="k1")
        assert [package.tracking for package in shop.cart().shipments_of(order_id)] == [normal(shop)(TRACKING)]
        assert len(shop.packages(order_id)) == 1

    @pytest.mark.parametrize("fault", NO_EFFECT.values(), ids=NO_EFFECT)
    def test_a_package_that_never_arrived_is_in_doubt_too_and_cannot_be_seen(self, shop: Shop, fault: dict[str, Any]) -> None:
        order_id = shop.place_order()
        upload = package_of(shop, order_id)
        shop.fault(path=shop.upload_path, method="POST", **fault)
        with pytest.raises(Ambiguous):
            shop.cart().upload_shipment(upload, key="k1")
        assert shop.cart().shipments_of(order_id) == ()
        assert shop.packages(order_id) == []

    def test_a_package_of_an_order_nobody_has_is_refused(self, shop: Shop) -> None:
        upload = package_of(shop, shop.place_order())
        lost = ShipmentUpload(shop.unknown_order, upload.order_placed_at, upload.lines, "UPS", TRACKING, upload.shipped_at)
        with pytest.raises(Rejected):
            shop.cart().upload_shipment(lost, key="k1")

    def test_a_stranger_cannot_ship_it(self, shop: Shop) -> None:
        order_id = shop.place_order()
        upload = package_of(shop, order_id)
        with pytest.raises(Rejected):
            shop.strangers_cart().upload_shipment(upload, key="k1")
        assert shop.packages(order_id) == []

    def test_a_normal_tracking_number_is_normal_for_good(self, shop: Shop) -> None:
        assert normal(shop)(normal(shop)(TRACKING)) == normal(shop)(TRACKING)


class StockUploadContract:
    def test_a_listing_is_told_with_its_sku_and_its_figure(self, shop: Shop) -> None:
        external_id = shop.list_item("RED-01", 7)
        [listing] = [each for each in shop.cart().listings().records if each.external_id == external_id]
        assert (listing.sku, listing.quantity) == ("RED-01", 7)

    @pytest.mark.parametrize("quantity", [0, 3, 3000])
    def test_a_figure_that_was_set_is_shown_and_told(self, shop: Shop, quantity: int) -> None:
        external_id = shop.list_item("RED-01", 7)
        [result] = shop.cart().set_stock([StockUpdate(external_id, "RED-01", quantity)])
        assert (result.external_id, result.done, result.problem) == (external_id, True, "")
        assert shop.shown(external_id) == quantity
        again = [each.quantity for each in shop.cart().listings().records if each.external_id == external_id]
        assert again == [quantity]

    def test_a_figure_may_be_set_twice(self, shop: Shop) -> None:
        external_id = shop.list_item("RED-01", 7)
        managed_by = ""
        for _ in range(2):
            [result] = shop.cart().set_stock([StockUpdate(external_id, "RED-01", 3, managed_by)])
            assert result.done
            managed_by = result.managed_by
        assert shop.shown(external_id) == 3

    def test_a_whole_batch_is_set_and_answered_in_order(self, shop: Shop) -> None:
        assert shop.made.cart is not None
        ids = [shop.list_item(f"SKU-{number}", 1) for number in range(shop.made.cart.stock_batch)]
        updates = [StockUpdate(external_id, f"SKU-{at}", 10 + at) for at, external_id in enumerate(ids)]
        results = shop.cart().set_stock(updates)
        assert [(result.external_id, result.done) for result in results] == [(external_id, True) for external_id in ids]
        assert [shop.shown(external_id) for external_id in ids] == [10 + at for at in range(len(ids))]

    def test_a_listing_nobody_has_is_a_problem_in_words_and_the_others_are_set(self, shop: Shop) -> None:
        external_id = shop.list_item("RED-01", 7)
        results = shop.cart().set_stock([StockUpdate(shop.unknown_listing, "X", 1), StockUpdate(external_id, "RED-01", 5)])
        assert [result.done for result in results] == [False, True]
        assert results[0].problem
        assert shop.shown(external_id) == 5

    def test_a_stranger_cannot_set_it(self, shop: Shop) -> None:
        external_id = shop.list_item("RED-01", 7)
        [result] = shop.strangers_cart().set_stock([StockUpdate(external_id, "RED-01", 0)])
        assert not result.done
        assert shop.shown(external_id) == 7
