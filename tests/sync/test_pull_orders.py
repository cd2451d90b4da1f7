"""Pulling: closed windows, a watermark that follows what is stored, and nothing missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from cartrover.connections.models import Cart
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order, OrderLine, Shipment, Status
from cartrover.sync import pull_orders
from cartrover.sync.models import Effect, Stream
from cartrover.sync.work import Done, LeaseLost
from integrations.contract import CartShipment, Fulfilment, OrderRecord, ShipmentLine
from integrations.outcomes import RetryLater
from tests.sync.fake_cart import FakeCart, FakeLease, Shop, line_record, order_record


def ago(**span: float) -> datetime:
    return (datetime.now(UTC) - timedelta(**span)).replace(microsecond=0)


def fill(shop: Shop, count: int, **span: float) -> None:
    """Orders that were modified evenly over a span that ends five minutes ago."""
    first, last = ago(**span), ago(minutes=5)
    for number in range(count):
        at = first + (last - first) * number / max(1, count - 1)
        shop.fake.put(order_record(f"12-{number:05d}-00001", placed_at=at), at)


def pull(shop: Shop, most: int = 50) -> Done:
    """Run until the stream has nothing left to do at once."""
    for _ in range(most):
        done = pull_orders.run(shop.work())
        with acting_for(shop.merchant):
            Stream.objects.filter(pk=shop.stream.pk).update(cursor={**shop.work().cursor, **done.cursor})
        if done.due_in != 0:
            return done
    raise AssertionError("the stream never rests")


def stored(shop: Shop) -> dict[str, Order]:
    with acting_for(shop.merchant):
        return {order.external_id: order for order in Order.objects.filter(connection=shop.connection)}


def cursor(shop: Shop) -> dict[str, Any]:
    with acting_for(shop.merchant):
        return dict(Stream.objects.get(pk=shop.stream.pk).cursor)


def pass_time(shop: Shop, **span: float) -> None:
    """As if the stream had run that long ago."""
    moved = cursor(shop)
    for name in ("until", "hourly_at", "nightly_at", "polled_at"):
        moved[name] = (datetime.fromisoformat(moved[name]) - timedelta(**span)).isoformat()
    with acting_for(shop.merchant):
        Stream.objects.filter(pk=shop.stream.pk).update(cursor=moved)


def test_the_first_pull_loads_everything_in_windows_of_one_page(shop: Shop) -> None:
    fill(shop, 40, days=20)
    pull(shop)
    assert set(stored(shop)) == set(shop.fake.orders)
    assert all(offset == 0 for _, offset in shop.fake.asked)


def test_an_idle_poll_is_one_call(shop: Shop) -> None:
    fill(shop, 3, days=2)
    pull(shop)
    shop.fake.asked.clear()
    pull(shop)
    assert len(shop.fake.asked) == 1


def test_a_first_pull_takes_few_calls_for_many_orders(shop: Shop) -> None:
    shop.fake.limit = 200
    fill(shop, 3000, days=20)
    pull(shop)
    assert len(stored(shop)) == 3000
    assert len(shop.fake.asked) <= 30


def test_orders_that_change_while_they_are_read_are_all_there_and_all_new(shop: Shop) -> None:
    random = Random(7)

    def drift(fake: FakeCart) -> None:
        for key in random.sample(sorted(fake.orders), 3):
            fake.change(key, shipping_method=f"method {random.random()}")

    fill(shop, 60, days=20)
    shop.fake.drift = drift
    for _ in range(4):
        pull(shop)
        pass_time(shop, seconds=130)
    shop.fake.drift = lambda fake: None
    pass_time(shop, seconds=130)
    for key, at in shop.fake.times.items():  # what changed last has by now been quiet for a while
        shop.fake.put(shop.fake.orders[key], min(at, ago(seconds=30)))
    pull(shop)
    mine = stored(shop)
    assert set(mine) == set(shop.fake.orders)
    for key, record in shop.fake.orders.items():
        assert isinstance(record, OrderRecord)
        assert mine[key].shipping_method == record.shipping_method


def test_more_orders_of_one_moment_than_a_page_holds_are_walked_until_two_walks_agree(shop: Shop) -> None:
    moment = ago(hours=3)
    for number in range(17):
        shop.fake.put(order_record(f"12-{number:05d}-00001", placed_at=moment), moment)
    pull(shop)
    assert len(stored(shop)) == 17


def test_the_watermark_stays_two_minutes_behind_the_carts_clock_whatever_ours_says(shop: Shop) -> None:
    for ahead in (timedelta(minutes=-10), timedelta(), timedelta(minutes=10)):
        shop.fake.ahead = ahead
        pull(shop)
        until = datetime.fromisoformat(cursor(shop)["until"])
        assert until <= shop.fake.now() - timedelta(seconds=118)


@pytest.mark.parametrize("minutes", [-10, 10])
@pytest.mark.parametrize("insists", [False, True])
def test_a_clock_that_is_wrong_loses_nothing(shop: Shop, minutes: int, insists: bool) -> None:
    shop.fake.insists_on_the_past = insists
    pull(shop)
    shop.fake.ahead = timedelta(minutes=minutes)
    for number in range(8):
        shop.fake.put(order_record(f"12-{number:05d}-00001"), shop.fake.now() - timedelta(seconds=10 * number + 6))
    pass_time(shop, minutes=15)
    pull(shop)
    assert len(stored(shop)) == 8


def test_a_first_pull_by_a_clock_that_is_ahead_leaves_no_gap(shop: Shop) -> None:
    shop.fake.ahead, shop.fake.insists_on_the_past = timedelta(minutes=-10), True
    shop.fake.put(order_record("before"), shop.fake.now() - timedelta(minutes=1))
    pull(shop)
    shop.fake.put(order_record("after"), shop.fake.now() - timedelta(seconds=6))
    pull(shop)
    assert set(stored(shop)) == {"before", "after"}


def test_what_arrives_late_is_found_by_the_hourly_overlap(shop: Shop) -> None:
    pull(shop)
    shop.fake.put(order_record(), ago(minutes=10))
    pull(shop)
    assert stored(shop) == {}
    pass_time(shop, minutes=1)
    with acting_for(shop.merchant):
        moved = {**cursor(shop), "hourly_at": ago(hours=2).isoformat()}
        Stream.objects.filter(pk=shop.stream.pk).update(cursor=moved)
    pull(shop)
    assert len(stored(shop)) == 1


def test_what_arrives_very_late_is_found_at_night(shop: Shop) -> None:
    pull(shop)
    shop.fake.put(order_record(), ago(hours=20))
    with acting_for(shop.merchant):
        moved = {**cursor(shop), "nightly_at": ago(days=2).isoformat()}
        Stream.objects.filter(pk=shop.stream.pk).update(cursor=moved)
    pull(shop)
    assert len(stored(shop)) == 1


def test_a_page_that_is_cut_short_once_is_read_again(shop: Shop) -> None:
    fill(shop, 4, hours=3)
    shop.fake.cut = 1
    pull(shop)
    assert len(stored(shop)) == 4


def test_a_total_that_is_always_too_large_does_not_keep_us_reading_for_ever(shop: Shop) -> None:
    fill(shop, 4, hours=3)
    shop.fake.cut = 1000
    pull(shop)
    assert 1 <= len(stored(shop)) < 4
    shop.fake.cut = 0
    with acting_for(shop.merchant):
        Stream.objects.filter(pk=shop.stream.pk).update(cursor={**cursor(shop), "nightly_at": ago(days=2).isoformat()})
    pull(shop)
    assert len(stored(shop)) == 4


def test_an_outage_leaves_the_watermark_where_it_was_and_keeps_what_was_stored(shop: Shop) -> None:
    fill(shop, 40, days=20)

    def outage(fake: FakeCart) -> None:
        if len(fake.asked) > 6:
            raise RetryLater("The cart is away.")

    shop.fake.drift = outage
    with pytest.raises(RetryLater):
        pull(shop)
    half = len(stored(shop))
    assert 0 < half < 40
    shop.fake.drift = lambda fake: None
    shop.fake.asked.clear()
    pull(shop)
    assert len(stored(shop)) == 40
    assert len(shop.fake.asked) < 30


def test_a_run_whose_lease_is_gone_stores_nothing(shop: Shop) -> None:
    fill(shop, 3, days=2)
    shop.lease = FakeLease(token=7)
    with pytest.raises(LeaseLost):
        pull(shop)
    assert stored(shop) == {}


def test_a_long_first_pull_gives_way_and_goes_on_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_orders, "CALLS", 4)
    fill(shop, 60, days=20)
    assert pull_orders.run(shop.work()).due_in == 0
    assert len(stored(shop)) < 60
    pull(shop)
    assert len(stored(shop)) == 60


def test_new_orders_do_not_wait_for_the_first_pull_to_end(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull_orders, "CALLS", 4)
    fill(shop, 60, days=20)
    pull_orders.run(shop.work())
    shop.fake.put(order_record("fresh"), shop.fake.now() - timedelta(seconds=20))
    pull_orders.run(shop.work())
    assert "fresh" in stored(shop)
    assert len(stored(shop)) < 61


def test_a_cart_that_wants_older_orders_gets_them(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(pull_from=ago(days=10))
    old = ago(days=100)
    shop.fake.put(order_record("old", placed_at=old), old)
    pull(shop)
    assert stored(shop) == {}
    with acting_for(shop.merchant):
        Cart.objects.update(pull_from=ago(days=200))
    pull(shop)
    assert stored(shop)["old"].status == Status.NEW


def test_a_cart_that_is_switched_on_gets_what_was_skipped_for_want_of_it(shop: Shop) -> None:
    abroad = (line_record(marketplace="EBAY_FR"),)
    shop.fake.put(order_record(marketplace="EBAY_FR", lines=abroad), ago(hours=1))
    pull(shop)
    [skipped] = stored(shop).values()
    assert (skipped.status, skipped.reason) == (Status.SKIPPED, "no cart for EBAY_FR")
    shop.second_cart("EBAY_FR")
    pull(shop)
    [taken] = stored(shop).values()
    assert taken.status == Status.NEW


def test_without_a_live_cart_nobody_is_called(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(state=Cart.State.PAUSED)
    assert pull(shop).due_in is None
    assert shop.fake.asked == []


@pytest.mark.parametrize(
    ("packages", "shipped_before", "status"),
    [
        ((CartShipment("1", (ShipmentLine("L1", 1),)),), 1, Status.NEW),
        ((CartShipment("1", (ShipmentLine("L1", 1),)), CartShipment("2", (ShipmentLine("L1", 2),))), 3, Status.SKIPPED),
        ((), 3, Status.SKIPPED),
    ],
)
def test_a_line_called_shipped_is_counted_by_its_packages(
    shop: Shop, packages: tuple[CartShipment, ...], shipped_before: int, status: str
) -> None:
    three = (line_record(quantity=3, fulfilled=True),)
    shop.fake.put(order_record(fulfilment=Fulfilment.FULL, lines=three), ago(hours=1))
    shop.fake.packages["12-00001-00001"] = packages
    pull(shop)
    assert shop.fake.told == ["12-00001-00001"]
    [order] = stored(shop).values()
    with acting_for(shop.merchant):
        [line] = OrderLine.objects.all()
    assert (line.shipped_before, order.status) == (shipped_before, status)


def ours_at_the_cart(shop: Shop, **columns: Any) -> Shipment:
    """A package of the only order that the warehouse took back after the cart was told of it, or may have been."""
    at = {"shipped_at": ago(hours=1), "seen_at": ago(hours=1)}
    sides = {"warehouse": shop.warehouse, "cart_connection": shop.connection}
    made: Shipment = Shipment.objects.create(
        order=Order.objects.get(), remote_id="F1", state=Shipment.State.VOID, **at, **sides, **columns
    )
    return made


def show(shop: Shop, **units: int) -> None:
    """The cart calls the order's three units shipped, and knows these packages."""
    lines = (line_record(quantity=3, fulfilled=True),)
    shop.fake.put(order_record(fulfilment=Fulfilment.FULL, lines=lines), ago(minutes=10))
    packages = [CartShipment(name, (ShipmentLine("L1", each),)) for name, each in units.items() if each]
    shop.fake.packages["12-00001-00001"] = tuple(packages)


@pytest.mark.parametrize(("theirs", "shipped_before", "status"), [(0, 0, Status.NEW), (1, 1, Status.NEW), (3, 3, Status.SKIPPED)])
def test_what_the_cart_knows_from_us_is_not_counted(shop: Shop, theirs: int, shipped_before: int, status: str) -> None:
    """A package that was taken back stays where a cart lets nobody remove it."""
    shop.fake.put(order_record(lines=(line_record(quantity=3),)), ago(hours=2))
    pull(shop)
    with acting_for(shop.merchant):
        ours_at_the_cart(shop, cart_shipment_id="OURS")
    show(shop, OURS=3, THEIRS=theirs)
    pass_time(shop, minutes=60)
    pull(shop)
    [order] = stored(shop).values()
    with acting_for(shop.merchant):
        [line] = OrderLine.objects.all()
    assert (line.shipped_before, order.status) == (shipped_before, status)


def test_nothing_is_counted_before_it_is_known_which_packages_are_ours(shop: Shop) -> None:
    """The answer to a package got lost, and the package was taken back before it was looked for."""
    shop.fake.put(order_record(lines=(line_record(quantity=3),)), ago(hours=2))
    pull(shop)
    with acting_for(shop.merchant):
        package = ours_at_the_cart(shop)
        effect = Effect.objects.create(
            connection=shop.connection,
            kind="shipment",
            subject=str(package.pk),
            order_id=package.order_id,
            shipment=package,
            state=Effect.State.AMBIGUOUS,
            digest=b"",
        )
    show(shop, OURS=3)
    pass_time(shop, minutes=60)
    pull(shop)
    [order] = stored(shop).values()
    assert (order.status, order.reason_code, shop.fake.told) == (Status.HELD, "counting", [])
    with acting_for(shop.merchant):
        Shipment.objects.update(cart_shipment_id="OURS")
        Effect.objects.filter(pk=effect.pk).update(state=Effect.State.CONFIRMED)
    pull(shop)
    [order] = stored(shop).values()
    assert order.status == Status.NEW


def test_one_order_can_be_read_at_once(shop: Shop) -> None:
    shop.fake.put(order_record("12-00001-00001"))
    made = pull_orders.fetch(shop.work(), ["12-00001-00001", "no-such-order"])
    assert len(made.new) == 1


def test_a_busy_cart_is_polled_more_often_than_a_quiet_one(shop: Shop) -> None:
    pull(shop)
    pass_time(shop, minutes=60)
    quiet = pull(shop).due_in
    pass_time(shop, minutes=5)
    for number in range(100):
        shop.fake.put(order_record(f"12-{number:05d}-00001"), ago(minutes=1))
    busy = pull(shop).due_in
    assert quiet is not None
    assert busy is not None
    assert busy < quiet
