"""The gates between pulled and ready, each with the sentence that a merchant reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import open_problem
from cartrover.inventory.models import StockLevel
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import limits, preparing
from cartrover.orders.editing import may_edit
from cartrover.orders.holding import may_hold
from cartrover.orders.models import Order, Status
from cartrover.orders.retrying import retry
from cartrover.sync.models import Effect, Stream
from cartrover.sync.storing import store
from integrations.contract import AddressRecord, Cancel, Fulfilment, MalformedRecord, Payment
from tests.orders.reading import again, keep
from tests.sync.fake_cart import START, Shop, add_item, line_record, make_connection, order_record


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({}, Status.NEW, ""),
        ({"payment": Payment.PARTIALLY_REFUNDED}, Status.NEW, ""),
        ({"payment": Payment.PENDING}, Status.HELD, "waiting for payment"),
        ({"payment": Payment.FAILED}, Status.SKIPPED, "its payment failed"),
        ({"payment": Payment.REFUNDED}, Status.SKIPPED, "it was fully refunded"),
        ({"cancel": Cancel.ASKED}, Status.HELD, "the buyer asked to cancel"),
        ({"cancel": Cancel.CANCELED}, Status.CANCELED, "canceled at the cart"),
        ({"unshippable": "digital"}, Status.SKIPPED, "digital"),
        (
            {"filtered": "for location 2, and this cart takes location 1"},
            Status.SKIPPED,
            "for location 2, and this cart takes location 1",
        ),
        ({"fulfilment": Fulfilment.FULL, "lines": (line_record(fulfilled=True),)}, Status.SKIPPED, "already shipped at the cart"),
        ({"placed_at": START - timedelta(days=365)}, Status.SKIPPED, "placed before"),
        ({"ship_to": None}, Status.ERROR, "There is no address to ship to."),
        ({"ship_to": AddressRecord("", "1 Main St", "", "DE")}, Status.ERROR, "The address has no name and no city."),
        ({"lines": (line_record(sku=""),)}, Status.ERROR, "Red mug has no SKU"),
        ({"lines": (line_record(sku="GREEN-01"),)}, Status.ERROR, "SKU GREEN-01 is not in Main warehouse."),
        ({"number": "9" * 200}, Status.NEW, ""),
    ],
)
def test_every_gate_says_what_becomes_of_an_order(shop: Shop, changes: dict[str, Any], status: str, reason: str) -> None:
    order = keep(shop, order_record(**changes))
    assert order.status == status
    assert order.reason.startswith(reason)
    assert bool(order.reason) == (status != Status.NEW)
    assert (order.due_at is not None) == (status == Status.NEW)


def test_what_decides_for_good_comes_before_what_only_waits(shop: Shop) -> None:
    assert keep(shop, order_record(payment=Payment.PENDING, cancel=Cancel.CANCELED)).status == Status.CANCELED
    assert keep(shop, order_record("2", payment=Payment.PENDING, unshippable="digital")).status == Status.SKIPPED


# ---------------------------------------------------------------------------------------------------------------------- routing


def test_the_site_of_the_first_line_that_a_live_cart_has_takes_the_whole_order(shop: Shop) -> None:
    france = shop.second_cart("EBAY_FR")
    lines = (line_record("1", marketplace="EBAY_IT"), line_record("2", marketplace="EBAY_FR"), line_record("3"))
    assert keep(shop, order_record(lines=lines)).cart == france


def test_without_a_cart_for_its_lines_the_site_where_it_was_bought_counts(shop: Shop) -> None:
    assert keep(shop, order_record(lines=(line_record(marketplace="EBAY_AU"),))).cart == shop.cart


def test_an_order_of_a_site_without_a_cart_is_skipped(shop: Shop) -> None:
    order = keep(shop, order_record(marketplace="EBAY_FR", lines=(line_record(marketplace="EBAY_FR"),)))
    assert (order.status, order.reason, order.cart) == (Status.SKIPPED, "no cart for EBAY_FR", None)


@pytest.mark.parametrize("more", [{"state": Cart.State.PAUSED}, {"services": {"order_download": {"on": False}}}])
def test_an_order_of_a_cart_that_does_not_download_is_skipped_and_taken_when_it_does(shop: Shop, more: dict[str, Any]) -> None:
    france = shop.second_cart("EBAY_FR", **more)
    order = keep(shop, order_record(marketplace="EBAY_FR", lines=(line_record(marketplace="EBAY_FR"),)))
    assert (order.status, order.reason) == (Status.SKIPPED, "order download is off")
    with acting_for(shop.merchant):
        Cart.objects.filter(pk=france.pk).update(state=Cart.State.LIVE, services={"order_download": {"on": True}})
        assert preparing.judge_again(shop.connection) == {shop.warehouse.connection_id}
    taken = again(shop, order)
    assert (taken.status, taken.cart, taken.warehouse_id) == (Status.NEW, france, shop.warehouse.pk)


def test_a_cart_without_variants_takes_every_order_of_its_account(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(variant="")
    assert keep(shop, order_record(marketplace="EBAY_FR")).cart == shop.cart


def test_an_order_waits_for_a_cart_to_get_its_warehouse(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Cart.objects.update(warehouse=None)
    order = keep(shop, order_record())
    assert (order.status, order.reason) == (Status.HELD, "eBay Germany has no warehouse yet")
    with acting_for(shop.merchant):
        Cart.objects.update(warehouse=shop.warehouse)
        preparing.judge_again(shop.connection)
    assert again(shop, order).status == Status.NEW


def test_orders_that_wait_go_where_the_carts_orders_go_by_now(shop: Shop) -> None:
    ready, refused = keep(shop, order_record("1")), keep(shop, order_record("2"))
    with acting_for(shop.merchant):
        there = make_connection("tradegecko", "another account")
        for sku in ("RED-01", "BLUE-01"):
            add_item(there, sku)
        house = Warehouse.objects.create(integration="tradegecko", name="House", connection=there, state=Warehouse.State.LIVE)
        Order.objects.filter(pk=refused.pk).update(status=Status.ERROR, reason_code="refused", due_at=None)
        Cart.objects.update(warehouse=house)
        assert preparing.judge_again(shop.connection) == {there.pk}
        assert set(Order.objects.values_list("status", "warehouse")) == {(Status.NEW, house.pk)}
        Order.objects.update(status=Status.ERROR, reason_code="refused", warehouse=shop.warehouse)
        assert retry(Order.objects.all(), "alice") == (2, {there.pk})
        assert ready.pk in Order.objects.filter(warehouse=house).values_list("pk", flat=True)


def test_what_cannot_be_read_any_more_waits_for_a_reading_whatever_else_changes(shop: Shop) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        store(shop.connection, [MalformedRecord(order.external_id, "$.total", "is missing")], pulled_at=timezone.now())
        assert preparing.decide(Order.objects.all()) == set()
        waits = Order.objects.get(pk=order.pk)
    assert (waits.status, waits.reason_code) == (Status.HELD, "malformed")
    with acting_for(shop.merchant):
        assert (may_hold(waits), may_edit(waits)) == (False, False)


# ------------------------------------------------------------------------------------------------------------------------- SKUs


def test_one_missing_sku_is_one_problem_however_many_orders_wait(shop: Shop) -> None:
    first = keep(shop, order_record("1", lines=(line_record(sku="GREEN-01"),)))
    second = keep(shop, order_record("2", lines=(line_record(sku="GREEN-01"),)))
    assert first.problem == second.problem
    with acting_for(shop.merchant):
        [problem] = Problem.objects.all()
    assert (problem.kind, problem.subject, problem.closed_at) == ("unknown_sku", "GREEN-01", None)


def test_a_sku_that_appears_frees_every_order_that_waited_for_it(shop: Shop) -> None:
    first = keep(shop, order_record("1", lines=(line_record(sku="GREEN-01"),)))
    second = keep(shop, order_record("2", lines=(line_record(sku="GREEN-01"), line_record("2", sku="PINK-01"))))
    stock = shop.warehouse.connection
    assert stock is not None
    with acting_for(shop.merchant):
        add_item(stock, "GREEN-01")
        assert preparing.release("unknown_sku", "GREEN-01", stock) == {stock.pk}
        open_now = list(Problem.objects.filter(closed_at__isnull=True).values_list("subject", flat=True))
    assert again(shop, first).status == Status.NEW
    assert (again(shop, second).status, again(shop, second).reason[:11]) == (Status.ERROR, "SKU PINK-01")
    assert open_now == ["PINK-01"]


@pytest.mark.parametrize(
    ("wrong", "right", "kind"),
    [
        ({"ship_to": AddressRecord("", "1 Main St", "", "DE")}, {"ship_to": order_record().ship_to}, "address"),
        ({"ship_to": None}, {"ship_to": order_record().ship_to}, "address"),
        ({"lines": (line_record(sku=""),)}, {"lines": (line_record(),)}, "no_sku"),
        ({"lines": (line_record(sku="GREEN-01"),)}, {"lines": (line_record(),)}, "unknown_sku"),
    ],
)
def test_what_is_put_right_at_the_cart_closes_its_problem_and_the_order_goes_on(
    shop: Shop, wrong: dict[str, Any], right: dict[str, Any], kind: str
) -> None:
    before = keep(shop, order_record(**wrong))
    assert before.problem is not None
    assert before.problem.kind == kind
    after = keep(shop, order_record(modified_at=START + timedelta(hours=1), **right))
    assert (after.pk, after.status, after.problem_id) == (before.pk, Status.NEW, None)
    with acting_for(shop.merchant):
        assert Problem.objects.get(pk=before.problem.pk).closed_at is not None


def test_a_problem_closes_when_the_last_order_that_waited_is_canceled(shop: Shop) -> None:
    lines = (line_record(sku="GREEN-01"),)
    keep(shop, order_record(lines=lines))
    keep(shop, order_record(lines=lines, modified_at=START + timedelta(hours=1), cancel=Cancel.CANCELED))
    with acting_for(shop.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()


def test_a_sku_that_stands_for_two_items_stops_the_order(shop: Shop) -> None:
    stock = shop.warehouse.connection
    assert stock is not None
    with acting_for(shop.merchant):
        add_item(stock, "RED-01", "another item")
    order = keep(shop, order_record())
    assert (order.status, order.reason_code) == (Status.ERROR, "duplicate_sku")


def test_an_item_that_is_gone_is_not_there(shop: Shop) -> None:
    with acting_for(shop.merchant):
        StockLevel.objects.filter(sku="RED-01").update(gone=True)
    assert keep(shop, order_record()).reason_code == "unknown_sku"


def test_no_sku_is_missing_before_the_catalogue_was_read(shop: Shop) -> None:
    with acting_for(shop.merchant):
        Stream.objects.filter(kind=Stream.Kind.PULL_STOCK).update(last_good_at=None)
    assert keep(shop, order_record(lines=(line_record(sku="GREEN-01"),))).status == Status.NEW


def test_a_sku_whose_units_have_all_left_is_not_asked_for(shop: Shop) -> None:
    lines = (line_record("1", sku="GREEN-01", fulfilled=True), line_record("2"))
    assert keep(shop, order_record(fulfilment=Fulfilment.PARTIAL, lines=lines)).status == Status.NEW


# ------------------------------------------------------------------------------------------------------- orders we made ourselves


@pytest.fixture
def delivered(shop: Shop) -> Order:
    """An eBay order whose delivery to TradeGecko has no answer yet."""
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        Effect.objects.create(
            connection_id=shop.warehouse.connection_id,
            kind="order",
            subject=order.ref,
            order=order,
            state=Effect.State.AMBIGUOUS,
            digest=b"",
        )
    return order


@pytest.fixture
def both(shop: Shop) -> Shop:
    """The warehouse's account as a cart, too, that delivers elsewhere."""
    with acting_for(shop.merchant):
        elsewhere = Warehouse.objects.create(
            integration="tradegecko", name="3PL", connection=make_connection("tradegecko", "3pl"), state=Warehouse.State.LIVE
        )
        stock = shop.warehouse.connection
        assert stock is not None
        cart = Cart.objects.create(
            integration="tradegecko",
            name="TradeGecko",
            connection=stock,
            warehouse=elsewhere,
            state=Cart.State.LIVE,
            services={"order_download": {"on": True}},
        )
    return Shop(shop.merchant, stock, cart, elsewhere, shop.stream, shop.fake)


@pytest.mark.parametrize(
    "marks",
    [
        {"reference": "120000100001", "source_id": None, "source_url": "", "tags": []},
        {"reference": "", "source_id": None, "source_url": f"{settings.PORTAL_URL}/o/120000100001", "tags": []},
        {"reference": "", "source_id": None, "source_url": "", "tags": ["b2b", "cartrover"]},
    ],
)
def test_an_order_that_we_made_is_skipped_even_while_its_delivery_is_in_doubt(
    both: Shop, delivered: Order, marks: dict[str, Any]
) -> None:
    order = keep(both, order_record("SO-1", marks=marks, marketplace="", lines=(line_record(marketplace=""),)))
    assert (order.status, order.reason) == (Status.SKIPPED, "we made it")


def test_our_application_is_known_by_its_id_once_an_order_has_shown_it(both: Shop, delivered: Order) -> None:
    ours = {"reference": "1", "source_id": 77, "source_url": f"{settings.PORTAL_URL}/o/1", "tags": []}
    keep(both, order_record("SO-1", marks=ours, marketplace=""))
    stripped = {"reference": "", "source_id": 77, "source_url": "", "tags": []}
    assert keep(both, order_record("SO-2", marks=stripped, marketplace="")).reason == "we made it"
    others = {"reference": "", "source_id": 78, "source_url": "", "tags": []}
    assert keep(both, order_record("SO-3", marks=others, marketplace="")).status == Status.NEW


def test_a_reference_that_we_gave_but_never_sent_there_does_not_hide_an_order(both: Shop, shop: Shop) -> None:
    keep(shop, order_record())
    marks: dict[str, Any] = {"reference": "120000100001", "source_id": None, "source_url": "", "tags": []}
    assert keep(both, order_record("SO-1", marks=marks, marketplace="")).status == Status.NEW


def test_an_order_that_we_made_stays_skipped_when_somebody_takes_our_marks_off(both: Shop, delivered: Order) -> None:
    marks: dict[str, Any] = {"reference": "120000100001", "source_id": None, "source_url": "", "tags": []}
    keep(both, order_record("SO-1", marks=marks, marketplace=""))
    bare = order_record("SO-1", modified_at=START + timedelta(hours=1), marks={"reference": "x"}, marketplace="")
    assert keep(both, bare).reason == "we made it"


def test_an_order_number_that_the_warehouse_cannot_take_is_an_error(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "number_limit", lambda warehouse: 10)
    order = keep(shop, order_record())
    assert (order.status, order.reason) == (Status.ERROR, "The order number has 14 characters, and 10 fit at Main warehouse.")
    assert order.problem is not None
    assert (order.problem.about, order.problem.about_id) == ("warehouse", order.warehouse_id)


def test_what_went_wrong_on_its_way_is_over_where_an_order_goes_no_further(shop: Shop) -> None:
    order = keep(shop, order_record())
    with acting_for(shop.merchant):
        open_problem("engine", "Something went wrong here.", about=order, whose=Problem.Whose.OPERATOR)
    keep(shop, order_record(modified_at=START + timedelta(hours=1), cancel=Cancel.CANCELED))
    with acting_for(shop.merchant):
        assert not Problem.objects.filter(closed_at__isnull=True).exists()
