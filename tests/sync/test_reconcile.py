"""Never lost, never doubled: held against what the cart and the warehouse say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.events.models import Event, Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, Shipment, Status
from cartrover.sync.models import Stream
from cartrover.sync.reconcile import Reconciled, nightly, reconcile
from cartrover.sync.storing import store
from cartrover.sync.work import Work
from integrations import registry
from integrations.contract import CartShipment, Page, RemoteOrder, Window
from integrations.outcomes import NeedsMerchant
from tests.sync.fake_cart import FakeLease, FakeWire, Shop, line_record, order_record


@dataclass
class FakeWarehouse:
    """Orders by their reference; ``hidden`` are left out of its listing, as one that lags would."""

    orders: list[RemoteOrder] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    looked_up: list[str] = field(default_factory=list)

    def orders_changed_in(self, window: Window, *, offset: int = 0) -> Page[RemoteOrder]:
        found = tuple(each for each in self.orders if each.ref not in self.hidden)
        return Page(found, len(found), 250)

    def find_orders(self, ref: str) -> tuple[RemoteOrder, ...]:
        self.looked_up.append(ref)
        return tuple(each for each in self.orders if each.ref == ref)


def remote(ref: str, remote_id: str = "1", status: str = "finalized") -> RemoteOrder:
    return RemoteOrder(remote_id, ref, ref, "c", status, Decimal("14.99"), (("item", 1),), True, datetime.now(UTC))


@pytest.fixture
def there() -> FakeWarehouse:
    return FakeWarehouse()


@pytest.fixture
def open_work(shop: Shop, there: FakeWarehouse) -> Callable[[Connection], Work]:
    def opened(connection: Connection) -> Work:
        if connection.pk == shop.connection.pk:
            return shop.work()
        real = registry.get("tradegecko")
        assert real.warehouse is not None
        side: Any = replace(real.warehouse, open=lambda wire, settings, facts: cast(Any, there))
        return Work(
            stream_id=0,
            merchant_id=shop.merchant.pk,
            connection_id=connection.pk,
            kind=Stream.Kind.HOUSEKEEPING,
            cursor={},
            lease=FakeLease(),
            wire=FakeWire(shop.fake),
            integration=replace(real, warehouse=side),
        )

    return opened


@pytest.fixture
def check(shop: Shop, open_work: Callable[[Connection], Work]) -> Callable[[], Reconciled]:
    now = datetime.now(UTC)
    return lambda: reconcile(shop.cart, open_work, Window(now - timedelta(days=2), now + timedelta(minutes=1)))


def deliver(shop: Shop, *keys: str) -> list[Order]:
    """Orders that the cart has, and that went to the warehouse."""
    lately = datetime.now(UTC) - timedelta(hours=1)
    for key in keys:
        shop.fake.put(order_record(key, placed_at=lately), lately)
    with acting_for(shop.merchant):
        store(shop.connection, [shop.fake.orders[key] for key in keys], pulled_at=timezone.now())
        Order.objects.filter(external_id__in=keys).update(status=Status.AT_WMS, delivered_at=lately)
        return list(Order.objects.filter(external_id__in=keys).order_by("pk"))


def test_when_all_is_where_it_belongs_it_says_so(shop: Shop, there: FakeWarehouse, check: Callable[[], Reconciled]) -> None:
    orders = deliver(shop, "1001", "1002")
    there.orders = [remote(order.ref, str(order.pk)) for order in orders]
    result = check()
    assert result.clean
    assert (result.orders, result.delivered) == (2, 2)
    assert there.looked_up == []
    with acting_for(shop.merchant):
        [told] = Event.objects.filter(about="cart")
    assert told.words == "Checked 2 orders at the cart, 2 delivered, 0 packages: nothing is missing."


def test_where_nothing_was_sold_it_does_not_speak_of_nothing_delivered(shop: Shop, check: Callable[[], Reconciled]) -> None:
    assert check().words == "Nothing was sold in that time, so nothing can be missing."


def test_an_order_that_we_do_not_have_is_missing_and_then_loaded(shop: Shop, check: Callable[[], Reconciled]) -> None:
    lately = datetime.now(UTC) - timedelta(hours=1)
    shop.fake.put(order_record("1001", placed_at=lately), lately)
    assert check().missing == ("1001",)
    with acting_for(shop.merchant):
        assert Order.objects.get(external_id="1001").status == Status.NEW
        assert Problem.objects.filter(kind="reconcile", closed_at__isnull=True).exists()
    assert check().clean
    with acting_for(shop.merchant):
        assert not Problem.objects.filter(kind="reconcile", closed_at__isnull=True).exists()


def test_an_order_that_is_skipped_with_a_reason_is_not_missing(shop: Shop, check: Callable[[], Reconciled]) -> None:
    lately = datetime.now(UTC) - timedelta(hours=1)
    shop.fake.put(order_record(marketplace="EBAY_FR", lines=(line_record(marketplace="EBAY_FR"),)), lately)
    check()
    result = check()
    assert (result.orders, result.skipped, result.missing) == (1, 1, ())


def test_what_the_pull_has_yet_to_read_is_not_missing(shop: Shop, check: Callable[[], Reconciled]) -> None:
    now = datetime.now(UTC)
    with acting_for(shop.merchant):
        Stream.objects.filter(pk=shop.stream.pk).update(cursor={"until": (now - timedelta(hours=1)).isoformat()})
    shop.fake.put(order_record(), now - timedelta(minutes=1))
    assert check().orders == 0


def test_a_delivered_order_that_the_warehouse_does_not_have_is_named(
    shop: Shop, there: FakeWarehouse, check: Callable[[], Reconciled]
) -> None:
    [first, second] = deliver(shop, "1001", "1002")
    there.orders = [remote(first.ref, status="void"), remote(second.ref, "2")]
    result = check()
    assert result.not_at_warehouse == ("1001",)
    assert there.looked_up == ["1001"]


def test_an_order_that_only_its_listing_hides_is_there(shop: Shop, there: FakeWarehouse, check: Callable[[], Reconciled]) -> None:
    [order] = deliver(shop, "1001")
    there.orders, there.hidden = [remote(order.ref)], {order.ref}
    assert check().clean


def test_an_order_that_is_there_twice_is_named(shop: Shop, there: FakeWarehouse, check: Callable[[], Reconciled]) -> None:
    [order] = deliver(shop, "1001")
    there.orders = [remote(order.ref, "1"), remote(order.ref, "2")]
    assert check().twice_at_warehouse == ("1001",)


@pytest.mark.parametrize(("shown", "missing"), [(("JD01",), ()), ((), ("JD01",))])
def test_a_package_that_the_cart_does_not_show_is_named(
    shop: Shop, there: FakeWarehouse, check: Callable[[], Reconciled], shown: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    [order] = deliver(shop, "1001")
    there.orders = [remote(order.ref)]
    shop.fake.packages["1001"] = tuple(CartShipment(each, ()) for each in shown)
    lately = timezone.now() - timedelta(minutes=30)
    with acting_for(shop.merchant):
        Shipment.objects.create(
            order=order,
            warehouse=shop.warehouse,
            cart_connection=shop.connection,
            remote_id="F1",
            state=Shipment.State.CONFIRMED,
            tracking="JD01",
            cart_shipment_id="JD01",
            shipped_at=lately,
            seen_at=lately,
            uploaded_at=lately,
        )
    result = check()
    assert (result.packages, result.not_at_cart) == (1, missing)


def test_one_carts_trouble_leaves_the_others_their_proof(shop: Shop, open_work: Callable[[Connection], Work]) -> None:
    shop.second_cart("EBAY_FR")
    with acting_for(shop.merchant):
        Cart.objects.update(went_live_at=timezone.now() - timedelta(days=2))
    asked: list[int] = []

    def opened(connection: Connection) -> Work:
        asked.append(connection.pk)
        if len(asked) == 1:
            raise NeedsMerchant("The access has ended.", fix="reconnect")
        return open_work(connection)

    assert len(nightly(shop.merchant.pk, opened, {})["reconciled"]) == 1


def test_each_live_cart_is_held_to_it_once_a_night(shop: Shop, open_work: Callable[[Connection], Work]) -> None:
    assert nightly(shop.merchant.pk, open_work, {}) == {"reconciled": {}}, "it went live just now"
    with acting_for(shop.merchant):
        Cart.objects.update(went_live_at=timezone.now() - timedelta(days=2))
    cursor = nightly(shop.merchant.pk, open_work, {})
    assert set(cursor["reconciled"]) == {str(shop.cart.pk)}
    shop.fake.asked.clear()
    assert nightly(shop.merchant.pk, open_work, cursor) == cursor
    assert shop.fake.asked == []
