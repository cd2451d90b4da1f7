"""TradeGecko's JSON in, records out: every shape that a recording or the documentation shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.contract import Cancel, Fulfilment, MalformedRecord, OrderRecord, Payment
from integrations.tradegecko.mapping import (
    OrderParts,
    cart_shipment,
    listing_record,
    made_by_us,
    order_record,
    remote_order,
    shipment_record,
    stock_record,
)
from integrations.tradegecko.reading import Unreadable, grouped, number, whole
from integrations.tradegecko.settings import CartSettings
from tests.contracts import CONTRACTS, NEEDS_CONTRACTS

SAMPLES = CONTRACTS / "tradegecko" / "samples"
DEFAULTS = CartSettings.of({})
UTC_ZONE = ZoneInfo("UTC")

# ------------------------------------------------------------------------------------------------------------------ recordings


def samples() -> Iterator[tuple[str, str, list[dict[str, Any]], dict[str, Any]]]:
    """(file, resource, rows, what came beside them) of every recorded list and documented sample."""
    for path in sorted(SAMPLES.glob("recorded/*.json")):
        body = json.loads(path.read_text())["response"]["body"]
        for resource, rows in body.items():
            if isinstance(rows, list):
                yield path.name, resource, rows, body
    for path in sorted(SAMPLES.glob("docs-samples/*.json")):
        document = json.loads(path.read_text())
        if document.get("samples"):
            yield path.name, document["plural"], document["samples"], {}


def rows_of(resource: str) -> list[dict[str, Any]]:
    return [row for _, found, rows, _ in samples() if found == resource for row in rows]


@NEEDS_CONTRACTS
def test_every_recorded_order_becomes_a_record() -> None:
    rows = rows_of("orders")
    records = [record(order, currencies={str(order["currency_id"]): "SGD"}) for order in rows]
    assert len(records) >= 6
    assert all(one.modified_at.tzinfo is not None for one in records)
    assert {one.external_id for one in records} >= {"5706", "120661", "120668", "79066", "79234"}
    for one in records:
        assert one.total == one.items - one.discount + one.shipping + one.tax + one.adjustment


@NEEDS_CONTRACTS
def test_a_recorded_deleted_order_is_cancelled_and_a_fulfilled_one_shipped() -> None:
    by_id = {str(order["id"]): record(order, currencies={str(order["currency_id"]): "SGD"}) for order in rows_of("orders")}
    assert by_id["120661"].cancel is Cancel.CANCELED
    assert by_id["5706"].fulfilment is Fulfilment.FULL
    assert by_id["5706"].filtered == "order status is fulfilled"
    assert by_id["5706"].total == Decimal("166.75")


@NEEDS_CONTRACTS
def test_every_recorded_order_line_has_a_whole_quantity_and_a_price() -> None:
    rows = rows_of("order_line_items")
    assert len(rows) > 200
    for row in rows:
        assert whole(row, "quantity") > 0
        assert number(row, "price") >= 0


@NEEDS_CONTRACTS
def test_recorded_lines_make_the_lines_of_an_order() -> None:
    lines = [row for row in rows_of("order_line_items") if row["order_id"] == 537098]
    made = record(order(id=537098, total="1000.0"), lines)
    assert [(one.quantity, one.unit_price, one.total) for one in made.lines] == [(50, Decimal("20.0"), Decimal("1000.00"))]


@NEEDS_CONTRACTS
def test_every_recorded_fulfillment_becomes_a_shipment() -> None:
    rows = rows_of("fulfillments")
    lines = grouped(rows_of("fulfillment_line_items"), "fulfillment_id")
    shipments = {str(row["id"]): shipment_record(row, lines.get(str(row["id"]), ()), {}) for row in rows}
    no_date, packed, no_scheme = (shipments[one] for one in ("99232", "99216", "98019"))
    assert no_date.shipped
    assert no_date.shipped_at is None
    assert (no_date.tracking, no_date.carrier, no_date.tracking_url) == ("123spam", "", "https://github.com")
    assert [(line.order_line, line.quantity) for line in no_date.lines] == [("515705", 1), ("515706", 1)]
    assert (packed.shipped, packed.void, packed.tracking) == (False, False, "")
    assert no_scheme.tracking_url == "https://thetracker.com/3311233"
    assert no_scheme.shipped_at == datetime(2014, 2, 14, 7, 1, 39, tzinfo=UTC)


@NEEDS_CONTRACTS
def test_every_recorded_variant_becomes_a_stock_record() -> None:
    records = {one.item_id: one for one in (stock_record(row) for row in rows_of("variants"))}
    assert len(records) >= 5
    assert records["720709"].available["18"] == Decimal(-15)
    assert records["593558"].available["159"] == Decimal(192)
    assert records["982891"].available == {"159": Decimal(0)}
    assert all(one.tracked and one.max_online is None for one in records.values())


@NEEDS_CONTRACTS
def test_the_documented_stock_level_is_read_by_its_variant_id() -> None:
    first = stock_record(rows_of("stock_levels")[0])
    assert (first.item_id, first.sku, first.available) == ("60", "", {"3": Decimal(25)})


# --------------------------------------------------------------------------------------------------------------- number shapes


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_figure_is_read_as_it_is_written(figure: Decimal) -> None:
    assert number({"stock_on_hand": format(figure, "f")}, "stock_on_hand") == figure


@pytest.mark.parametrize(
    ("written", "read"),
    [("301", "301"), ("-12", "-12"), ("-1.5", "-1.5"), (None, "0"), (0, "0"), ("", "0"), (7.5, "7.5"), ("-0.0", "0")],
)
def test_all_four_shapes_of_a_stock_figure_are_read(written: object, read: str) -> None:
    assert number({"n": written}, "n") == Decimal(read)
    assert number({}, "n") == 0


@pytest.mark.parametrize("written", ["abc", "NaN", "Infinity", [], {}])
def test_what_is_no_number_is_said_so_by_its_path(written: object) -> None:
    with pytest.raises(Unreadable, match="cannot read") as trouble:
        number({"n": written}, "n", "lines[2].")
    assert trouble.value.path == "lines[2].n"


figures = st.one_of(
    st.none(),
    st.just(0),
    st.integers(-999, 999).map(str),
    st.decimals(-999, 999, places=1).map(lambda figure: format(figure, "f")),
)


@given(figures, figures)
def test_available_is_what_is_on_hand_less_what_is_committed(on_hand: Any, committed: Any) -> None:
    row = {"variant_id": 1, "locations": [{"location_id": 3, "stock_on_hand": on_hand, "committed": committed}]}
    assert stock_record(row).available == {"3": Decimal(str(on_hand or 0)) - Decimal(str(committed or 0))}


@pytest.mark.parametrize(("cap", "read"), [(None, None), ("5", 5), ("5.0", 5), (0, 0), ("-1", 0)])
def test_the_cap_of_a_variant_is_kept(cap: object, read: int | None) -> None:
    assert stock_record({"id": 1, "max_online": cap}).max_online == read


def test_a_variant_that_is_not_counted_says_so() -> None:
    assert not stock_record({"id": 1, "manage_stock": False}).tracked
    assert stock_record({"id": 1, "manage_stock": None}).tracked


def test_what_is_sold_is_never_a_negative_figure() -> None:
    row = {"id": 1, "sku": "A", "locations": [{"location_id": 1, "stock_on_hand": "-3.5"}]}
    assert listing_record(row).quantity == 0


# -------------------------------------------------------------------------------------------------------------- orders of a cart


def order(**changes: Any) -> dict[str, Any]:
    """A finalized, paid, unshipped order of location 159."""
    return {
        "id": 1,
        "order_number": "SO0001",
        "reference_number": None,
        "company_id": 9,
        "currency_id": 4,
        "stock_location_id": 159,
        "shipping_address_id": 5,
        "billing_address_id": 6,
        "status": "finalized",
        "payment_status": "paid",
        "fulfillment_status": "unshipped",
        "packed_status": "unpacked",
        "invoice_status": "invoiced",
        "tax_treatment": "inclusive",
        "total": "20.0",
        "created_at": "2015-11-12T08:06:01.561Z",
        "updated_at": "2015-11-12T08:06:02.561Z",
        "source_id": None,
        "source_url": None,
        **changes,
    }


def line(**changes: Any) -> dict[str, Any]:
    return {"id": 11, "order_id": 1, "variant_id": 7, "quantity": "2.0", "price": "10.0", "freeform": False, **changes}


def read(
    row: dict[str, Any],
    lines: list[dict[str, Any]] | None = None,
    wanted: CartSettings = DEFAULTS,
    zone: ZoneInfo = UTC_ZONE,
    currencies: dict[str, str] | None = None,
) -> OrderRecord | MalformedRecord:
    variants = {"7": {"id": 7, "sku": "DEMO-7", "product_name": "Gobstopper", "name": "Peach"}}
    addresses = {"5": {"id": 5, "first_name": "Ada", "last_name": "Lovelace", "address1": "1 Main St", "country_code": "GB"}}
    parts = OrderParts(row, [line()] if lines is None else lines, variants, addresses, currencies or {"4": "SGD"}, "SGD")
    return order_record(parts, wanted, zone)


def record(row: dict[str, Any], lines: list[dict[str, Any]] | None = None, **more: Any) -> OrderRecord:
    made = read(row, lines, **more)
    assert isinstance(made, OrderRecord), made
    return made


def test_an_order_has_the_sku_of_its_variant_and_the_name_of_its_address() -> None:
    made = record(order())
    assert [(one.sku, one.title, one.quantity, one.total) for one in made.lines] == [
        ("DEMO-7", "Gobstopper - Peach", 2, Decimal("20.00"))
    ]
    assert made.ship_to is not None
    assert (made.ship_to.name, made.ship_to.country) == ("Ada Lovelace", "GB")
    assert (made.filtered, made.unshippable, made.payment, made.location) == ("", "", Payment.PAID, "159")


def test_lines_that_are_no_products_are_sums() -> None:
    lines = [
        line(),
        line(id=12, variant_id=None, freeform=True, line_type="shipping", label="UPS Ground", quantity="1.0", price="5.5"),
        line(id=13, variant_id=None, freeform=True, line_type="discount", label="Sale", quantity="1", price="-2.0"),
        line(id=14, variant_id=None, freeform=True, line_type=None, label="Gift card", quantity="1", price="0.5"),
    ]
    made = record(order(total="24.0"), lines)
    assert (made.items, made.shipping, made.discount, made.adjustment) == (
        Decimal("20.00"),
        Decimal("5.50"),
        Decimal("2.00"),
        Decimal("0.50"),
    )
    assert (made.shipping_method, len(made.lines)) == ("UPS Ground", 1)


@given(
    treatment=st.sampled_from(["inclusive", "exclusive", None]),
    quantity=st.integers(1, 50),
    price=st.decimals(0, 999, places=4),
    off=st.one_of(st.none(), st.decimals(-100, 100, places=2)),
    total=st.decimals(0, 99999, places=2),
)
def test_the_parts_of_an_order_always_come_to_its_total(
    treatment: str | None, quantity: int, price: Decimal, off: Decimal | None, total: Decimal
) -> None:
    lines = [line(quantity=f"{quantity}.0", price=str(price), discount=None if off is None else str(off))]
    made = record(order(total=str(total), tax_treatment=treatment), lines)
    assert made.total == total == made.items - made.discount + made.shipping + made.tax + made.adjustment


def test_tax_on_top_of_the_prices_is_tax() -> None:
    made = record(order(total="21.4", tax_treatment="exclusive"))
    assert (made.tax, made.adjustment) == (Decimal("1.40"), Decimal(0))


def test_the_total_of_an_order_without_lines_is_the_integer_nothing() -> None:
    made = record(order(total=0), [])
    assert (made.total, made.unshippable) == (Decimal(0), "it has no products")


def test_fractions_of_a_unit_set_the_order_aside_with_the_fields_path() -> None:
    made = read(order(), [line(quantity="1.5")])
    assert isinstance(made, MalformedRecord)
    assert (made.external_id, made.path) == ("1", "order_line_items[0].quantity")


@pytest.mark.parametrize(
    ("key", "value"),
    [("updated_at", None), ("created_at", "soon"), ("total", []), ("currency_id", 99), ("id", None)],
)
def test_a_field_that_cannot_be_read_sets_the_order_aside(key: str, value: object) -> None:
    made = read(order(**{key: value}))
    assert isinstance(made, MalformedRecord)
    assert made.path == key


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "draft"}, "order status is draft"),
        ({"status": "active"}, "order status is active"),
        ({"payment_status": "unpaid"}, "payment status is unpaid"),
        ({"fulfillment_status": "partial"}, "fulfilment status is partial"),
        ({"packed_status": "packed"}, "packed status is packed"),
        ({"invoice_status": "uninvoiced"}, ""),
        ({"status": "void"}, ""),
    ],
)
def test_the_statuses_are_judged_here_with_the_defaults_of_the_guide(changes: dict[str, Any], reason: str) -> None:
    assert record(order(**changes)).filtered == reason


def test_packed_orders_are_taken_on_request() -> None:
    wanted = CartSettings.of({"packed_status": ["unpacked", "packed"]})
    assert record(order(packed_status="packed"), wanted=wanted).filtered == ""


def test_an_unpaid_order_that_the_settings_take_is_not_waited_for() -> None:
    assert record(order(payment_status="unpaid")).payment is Payment.PENDING
    anything = record(order(payment_status="unpaid"), wanted=CartSettings.of({"payment_status": []}))
    assert (anything.payment, anything.filtered) == (Payment.PAID, "")


def test_refunds_and_returns_are_told_by_their_ids() -> None:
    refunds = record(order(refund_ids=[7], fulfillment_return_ids=[8, 9], return_status="unreturned")).refunds
    assert [(one.external_id, one.goods, one.done, one.amount) for one in refunds] == [
        ("refund 7", False, True, None),
        ("return 8", True, False, None),
        ("return 9", True, False, None),
    ]
    received = record(order(fulfillment_return_ids=[8], return_status="returned")).refunds
    assert [one.done for one in received] == [True]
    assert record(order()).refunds == ()


def test_a_cart_of_one_location_leaves_out_the_others_orders() -> None:
    wanted = CartSettings.of({"location_id": 160})
    assert record(order(), wanted=wanted).filtered == "for location 159, and this cart takes location 160"
    assert record(order(stock_location_id=160), wanted=wanted).filtered == ""


def test_the_day_to_ship_by_ends_in_the_accounts_zone() -> None:
    made = record(order(ship_at="2014-02-16"), zone=ZoneInfo("Asia/Singapore"))
    assert made.ship_by == datetime(2014, 2, 16, 15, 59, 59, tzinfo=UTC)


def test_marks_tell_who_made_an_order() -> None:
    made = record(order(source_id=24, reference_number="A1", source_url="https://portal.example/o/1", tags=["cartrover"]))
    assert made.marks == {
        "source_id": 24,
        "reference": "A1",
        "source_url": "https://portal.example/o/1",
        "tags": ("cartrover",),
    }


# -------------------------------------------------------------------------------------------------------- orders of a warehouse


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({"source_url": "https://portal.example/o/1", "source_id": 24}, True),
        ({"source_url": "https://portal.example/o/1", "tags": ["cartrover"]}, True),
        ({"source_url": "https://portal.example/o/1"}, False),
        ({"source_url": "https://portal.example.evil/o/1", "source_id": 24}, False),
        ({"source_url": None, "source_id": 24, "tags": ["cartrover"]}, False),
    ],
)
def test_an_order_is_ours_by_its_source_and_an_application(changes: dict[str, Any], ours: bool) -> None:
    assert made_by_us(order(**changes), "https://portal.example") is ours


def test_a_remote_order_names_its_products_only() -> None:
    shipping = line(id=12, variant_id=None, freeform=True, line_type="shipping")
    made = remote_order(order(reference_number="A1"), [line(), shipping], "https://portal.example")
    assert (made.lines, made.ref, made.total) == ((("7", 2),), "A1", Decimal(20))


def test_other_peoples_fractions_do_not_stop_a_page_of_shipments() -> None:
    row = {"id": 1, "order_id": 2, "status": "fulfilled", "updated_at": "2015-11-02T01:22:25.524Z"}
    made = shipment_record(row, [{"order_line_item_id": 3, "quantity": "2.5"}], {"3": "DEMO-7"})
    assert [(one.quantity, one.sku) for one in made.lines] == [(2, "DEMO-7")]


@pytest.mark.parametrize(
    ("told", "opened"),
    [
        ("https://t.example/1", "https://t.example/1"),
        ("t.example/1?a=b:c", "https://t.example/1?a=b:c"),
        ("javascript:alert(1)", ""),
        (None, ""),
    ],
)
def test_a_tracking_address_is_one_that_a_browser_may_open(told: str | None, opened: str) -> None:
    row = {"id": 1, "order_id": 2, "status": "void", "updated_at": "2015-11-02T01:22:25.524Z", "tracking_url": told}
    made = shipment_record(row, [], {})
    assert (made.tracking_url, made.shipped, made.void) == (opened, False, True)


def test_a_carts_shipment_keeps_its_lines_and_tracking() -> None:
    made = cart_shipment(
        {"id": 1, "tracking_number": "1Z", "tracking_company": "UPS"}, [{"order_line_item_id": 3, "quantity": "2.0"}]
    )
    assert (made.remote_id, made.carrier, made.tracking) == ("1", "UPS", "1Z")
    assert [(one.order_line, one.quantity) for one in made.lines] == [("3", 2)]
