"""Orders and packages over real HTTP. What happened is read from the stand-in's ledger, never from our own answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.contract import Cancel, Fulfilment, MalformedRecord, OrderRecord, ShipmentLine, Window
from integrations.ebay.application import Application
from integrations.ebay.client import EbayCart
from integrations.outcomes import Ambiguous, NeedsMerchant, Rejected, RetryLater
from tests.contracts import NEEDS_CONTRACTS
from tests.ebay.samples import an_order, recorded_orders
from tests.ebay.scene import Scene, lately, orders_of, parcel
from tests.raw_server import RawServer, Script, answer, raw_server, says
from tests.wire import RecordingWire

POST = {"method": "POST", "path": "shipping_fulfillment"}


def cart_at(server: RawServer, wire: RecordingWire | None = None) -> EbayCart:
    variables = dict.fromkeys(("EBAY_API_URL", "EBAY_IDENTITY_URL", "EBAY_AUTHORIZE_URL"), server.url)
    return EbayCart(Application.of({"EBAY_ENVIRONMENT": "simulator", **variables}), wire or RecordingWire(), {}, {})


def page(*orders: Mapping[str, Any], **more: Any) -> bytes:
    return answer(json.dumps({"total": len(orders), "orders": list(orders), **more}))


# ---------------------------------------------------------------------------------------------------------------------- orders


def test_a_window_is_asked_for_as_ebay_wants_it() -> None:
    window = Window(datetime(2026, 11, 20, 9, 30, 0, 123999, UTC), datetime.fromisoformat("2026-11-20T12:00:00+01:00"))
    with raw_server(says(page())) as server:
        found = cart_at(server).orders_in(window, offset=200)
        asked = server.requests[0].split(b" ")[1].decode()
    span = "lastmodifieddate:%5B2026-11-20T09:30:00.123Z..2026-11-20T11:00:00.000Z%5D"
    assert asked == f"/sell/fulfillment/v1/order?filter={span}&limit=200&offset=200"
    assert (found.records, found.total, found.limit, found.complete) == ((), 0, 200, True)


def test_orders_of_all_marketplaces_come_in_one_list(scene: Scene) -> None:
    placed = [scene.place(marketplace=code) for code in ("EBAY_US", "EBAY_DE", "EBAY_GB", "EBAY_MOTORS_US")]
    found = orders_of(scene.cart().orders_in(Window(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))).records)
    assert set(found) == {order["orderId"] for order in placed}
    assert {record.marketplace: record.currency for record in found.values()} == {
        "EBAY_US": "USD",
        "EBAY_DE": "EUR",
        "EBAY_GB": "GBP",
        "EBAY_MOTORS_US": "USD",
    }
    assert scene.wire.calls() == {"order": 1}


def test_a_page_that_is_not_all_says_so_and_goes_on_by_offset(scene: Scene) -> None:
    scene.ebay.control("orders/generate", seller=scene.member, count=203, hours=2)
    window = Window(datetime.now(UTC) - timedelta(hours=3), datetime.now(UTC))
    first = scene.cart().orders_in(window)
    second = scene.cart().orders_in(window, offset=200)
    assert (first.total, len(first.records), first.complete) == (203, 200, False)
    assert (second.total, len(second.records)) == (203, 3)
    assert len({record.external_id for record in first.records + second.records}) == 203


def test_only_what_changed_in_the_window_is_in_it(scene: Scene) -> None:
    order = scene.place(created_at="2026-01-05T10:00:00.000Z")
    placed = datetime(2026, 1, 5, 10, tzinfo=UTC)
    second = timedelta(seconds=1)
    cart = scene.cart()
    assert orders_of(cart.orders_in(Window(placed, placed)).records).keys() == {order["orderId"]}
    assert cart.orders_in(Window(placed - second, placed - second)).total == 0
    scene.ebay.control(f"orders/{order['orderId']}/touch", last_modified="2026-01-06T10:00:00.000Z")
    assert cart.orders_in(Window(placed, placed)).total == 0


def test_one_malformed_order_does_not_keep_the_others(scene: Scene) -> None:
    good, bad = scene.place(), scene.place(overrides={"buyer": {"username": 7}})
    found = {record.external_id: record for record in scene.cart().orders_in(lately_until_now()).records}
    assert isinstance(found[good["orderId"]], OrderRecord)
    assert isinstance(found[bad["orderId"]], MalformedRecord)


def lately_until_now() -> Window:
    return Window(datetime.now(UTC) - timedelta(days=1), datetime.now(UTC))


def test_a_window_that_ends_in_the_future_is_tried_later(scene: Scene) -> None:
    future = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(RetryLater):
        scene.cart().orders_in(Window(future - timedelta(days=1), future))


def test_a_buyer_who_asked_to_cancel_is_told_with_the_request(scene: Scene) -> None:
    order = scene.place(cancel_requested=True)
    [record] = scene.cart().orders_in(lately_until_now()).records
    assert isinstance(record, OrderRecord)
    assert record.cancel is Cancel.ASKED
    assert record.raw["cancelStatus"]["cancelRequests"]
    assert record.external_id == order["orderId"]
    assert scene.wire.calls() == {"order": 2}


def test_a_tax_number_of_an_italian_buyer_is_fetched_while_the_order_is_open(scene: Scene) -> None:
    order = scene.place(marketplace="EBAY_IT", country="IT")
    [record] = scene.cart().orders_in(lately_until_now()).records
    assert isinstance(record, OrderRecord)
    assert [name for name, _value in record.references] == ["CODICE_FISCALE"]
    scene.ebay.control(f"orders/{order['orderId']}/ship")
    [shipped] = scene.cart().orders_in(lately_until_now()).records
    assert isinstance(shipped, OrderRecord)
    assert shipped.fulfilment is Fulfilment.FULL
    assert scene.wire.calls() == {"order": 3}


def test_an_order_that_is_gone_when_read_alone_is_told_as_it_was_listed() -> None:
    listed = an_order(cancelStatus={"cancelState": "IN_PROGRESS"})
    with raw_server(says(page(listed), answer("", "404 Not Found", ""))) as server:
        [record] = cart_at(server).orders_in(lately()).records
    assert isinstance(record, OrderRecord)
    assert record.cancel is Cancel.ASKED


def test_a_cancelled_order_and_a_refunded_one_say_so(scene: Scene) -> None:
    order = scene.place()
    scene.ebay.control(f"orders/{order['orderId']}/cancel")
    record = scene.cart().order(order["orderId"])
    assert isinstance(record, OrderRecord)
    assert record.cancel is Cancel.CANCELED


@pytest.mark.parametrize("order_id", ["00-00000-00000", "6498414015!260000000562911", "no id at all", "../order", "a/b?c#d"])
def test_an_order_nobody_has_is_not_found(order_id: str, scene: Scene) -> None:
    with pytest.raises(Rejected) as caught:
        scene.cart().order(order_id)
    assert caught.value.code == "not_found"


NO_PAGE: dict[str, Script] = {
    "no list": says(answer('{"total": 1, "orders": {}}')),
    "no total": says(answer('{"orders": []}')),
    "a total that is none": says(answer('{"total": "many", "orders": []}')),
    "a list alone": says(answer("[]")),
    "null": says(answer("null")),
    "an empty body": says(answer("", "200 OK", "")),
}


@pytest.mark.parametrize("script", NO_PAGE.values(), ids=NO_PAGE)
def test_a_page_that_is_none_is_asked_for_again(script: Script) -> None:
    with raw_server(script) as server, pytest.raises(RetryLater):
        cart_at(server).orders_in(lately())


@pytest.mark.parametrize("body", ["null", "[]", ""])
def test_an_order_that_is_none_is_asked_for_again(body: str) -> None:
    with raw_server(says(answer(body))) as server, pytest.raises(RetryLater):
        cart_at(server).order("12-34567-89012")


@NEEDS_CONTRACTS
def test_recorded_orders_come_through_the_wire_with_their_figures(scene: Scene) -> None:
    payloads = list(recorded_orders())
    scene.ebay.control("recorded", seller=scene.member, payloads=payloads)
    found = orders_of(scene.cart().orders_in(lately_until_now()).records)
    assert {number: record.total for number, record in found.items()} == {
        payload["orderId"]: Decimal(payload["pricingSummary"]["total"]["value"]) for payload in payloads
    }
    discounted = found["12-15199-57289"]
    assert {package.remote_id for package in scene.cart().shipments_of(discounted.external_id)} == set(discounted.shipments)


# -------------------------------------------------------------------------------------------------------------------- packages


def test_a_package_arrives_with_its_carrier_its_number_and_its_date(scene: Scene) -> None:
    order = scene.place()
    shown = scene.cart().upload_shipment(parcel(order, quantity=2), key="k")
    assert (shown.remote_id, shown.carrier, shown.tracking) == ("1Z999AA1", "UPS", "1Z999AA1")
    [entry] = scene.uploads()
    assert (entry["order"], entry["tracking"], entry["carrier"]) == (order["orderId"], "1Z999AA1", "UPS")
    assert entry["lines"] == [{"lineItemId": order["lineItems"][0]["lineItemId"], "quantity": 2}]
    [shown] = scene.cart().shipments_of(order["orderId"])
    assert (shown.remote_id, shown.carrier, shown.tracking) == ("1Z999AA1", "UPS", "1Z999AA1")
    assert shown.lines == (ShipmentLine(order["lineItems"][0]["lineItemId"], 2),)
    assert scene.wire.permitted == [("shipping_fulfillment", True), ("shipping_fulfillment", False)]


def test_two_packages_of_one_line_are_two(scene: Scene) -> None:
    order = scene.place()
    cart = scene.cart()
    cart.upload_shipment(parcel(order, tracking="A1"), key="k1")
    cart.upload_shipment(parcel(order, tracking="B2"), key="k2")
    assert {shown.tracking for shown in cart.shipments_of(order["orderId"])} == {"A1", "B2"}
    record = cart.order(order["orderId"])
    assert isinstance(record, OrderRecord)
    assert set(record.shipments) == {"A1", "B2"}


def test_an_order_without_packages_has_none(scene: Scene) -> None:
    assert scene.cart().shipments_of(scene.place()["orderId"]) == ()


@pytest.mark.parametrize("tracking", ["", " - "])
def test_a_package_without_a_number_is_told_without_a_carrier(tracking: str, scene: Scene) -> None:
    order = scene.place()
    remote_id = scene.cart().upload_shipment(parcel(order, tracking=tracking), key="k").remote_id
    [shown] = scene.cart().shipments_of(order["orderId"])
    assert (shown.remote_id, shown.carrier, shown.tracking) == (remote_id, "", "")
    assert remote_id


@pytest.mark.parametrize("carrier", ["Canada Post", "", "my cousin"])
def test_a_carrier_ebay_does_not_know_is_other(carrier: str, scene: Scene) -> None:
    order = scene.place()
    scene.cart().upload_shipment(parcel(order, carrier=carrier), key="k")
    assert [entry["carrier"] for entry in scene.uploads()] == ["Other"]


def test_a_carrier_that_is_refused_is_told_as_other_once() -> None:
    refused = answer('{"errors": [{"errorId": 32300, "domain": "API_FULFILLMENT"}]}', "400 Bad Request")
    made = answer("{}", "201 Created", "application/json", "Location: https://api.ebay.com/x/shipping_fulfillment/1Z%20?a=b")
    with raw_server(says(refused, made)) as server:
        assert cart_at(server).upload_shipment(parcel(an_order()), key="k").remote_id == "1Z "
        sent = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]
    assert [body["shippingCarrierCode"] for body in sent] == ["UPS", "Other"]
    assert sent[0] | {"shippingCarrierCode": "Other"} == sent[1]


def test_a_number_that_is_refused_under_other_too_is_refused() -> None:
    refused = answer('{"errors": [{"errorId": 32300}]}', "400 Bad Request")
    with raw_server(says(refused)) as server, pytest.raises(Rejected) as caught:
        cart_at(server).upload_shipment(parcel(an_order()), key="k")
    assert caught.value.code == "32300"
    assert len(server.requests) == 2


def shipped_date(scene: Scene, order: Mapping[str, Any]) -> datetime:
    package = next(each for each in scene.ebay.told("fulfillments") if each["orderId"] == order["orderId"])
    return datetime.fromisoformat(package["shippedDate"])


def test_a_package_shipped_before_its_order_was_placed_is_shipped_when_it_was(scene: Scene) -> None:
    order = scene.place()
    placed_at = datetime.fromisoformat(order["creationDate"])
    scene.cart().upload_shipment(parcel(order, shipped_at=placed_at - timedelta(days=3)), key="k")
    assert shipped_date(scene, order) >= placed_at


def test_a_package_shipped_a_while_ago_keeps_its_date(scene: Scene) -> None:
    order = scene.place(created_at="2026-01-05T10:00:00.000Z")
    shipped_at = datetime(2026, 1, 6, 8, 30, 0, 500_000, tzinfo=UTC)
    scene.cart().upload_shipment(parcel(order, shipped_at=shipped_at), key="k")
    assert shipped_date(scene, order) == shipped_at


@pytest.mark.parametrize("skew", [-7200, -600, 0, 600])
@pytest.mark.parametrize("met_before", [True, False], ids=["eBay's clock is known", "eBay's clock is not known"])
@pytest.mark.parametrize("ahead", [-1, 0, 300, 86_400], ids=str)
def test_a_package_is_never_shipped_in_the_future_whosever_clock_is_wrong(
    skew: float, met_before: bool, ahead: float, scene: Scene
) -> None:
    scene.ebay.control("clock", skew=skew)
    order = scene.place()
    cart = scene.cart()
    if met_before:
        cart.shipments_of(order["orderId"])
    cart.upload_shipment(parcel(order, shipped_at=datetime.now(UTC) + timedelta(seconds=ahead)), key="k")
    assert len(scene.uploads()) == 1


@pytest.mark.parametrize(
    ("settings", "code"), [({"max_tracking_numbers": 0}, "34100"), ({"ship_cancelled": "refuse"}, "conflict")]
)
def test_what_ebay_refuses_is_rejected_with_its_code(settings: dict[str, Any], code: str, scene: Scene) -> None:
    order = scene.place()
    scene.ebay.control(f"orders/{order['orderId']}/cancel")
    scene.ebay.set(**{"ship_cancelled": "allow", **settings})
    with pytest.raises(Rejected) as caught:
        scene.cart().upload_shipment(parcel(order), key="k")
    assert caught.value.code in (code, "32600")
    assert scene.uploads() == []


def test_a_package_that_ebay_has_already_is_found_instead_of_refused(scene: Scene) -> None:
    scene.ebay.set(duplicate_tracking="refuse")
    order = scene.place()
    cart = scene.cart()
    first = cart.upload_shipment(parcel(order), key="k").remote_id
    assert cart.upload_shipment(parcel(order), key="k").remote_id == first
    assert len(scene.uploads()) == 1


def test_a_suspended_account_is_the_merchants_to_mend(scene: Scene) -> None:
    order = scene.place()
    scene.ebay.control("sellers", username=scene.member, password=f"pw-{scene.member}", suspended=True)
    with pytest.raises(NeedsMerchant) as caught:
        scene.cart().upload_shipment(parcel(order), key="k")
    assert (caught.value.fix, caught.value.scope) == ("suspended", "connection")


def test_a_line_of_another_order_is_refused(scene: Scene) -> None:
    order, other = scene.place(), scene.place()
    lines = (ShipmentLine(other["lineItems"][0]["lineItemId"], 1),)
    with pytest.raises(Rejected) as caught:
        scene.cart().upload_shipment(parcel(order, lines=lines), key="k")
    assert caught.value.code == "32200"


def test_a_server_error_after_the_effect_is_ambiguous_and_the_package_is_there(scene: Scene) -> None:
    order = scene.place()
    body = json.dumps({"errors": [{"errorId": 30500, "domain": "API_FULFILLMENT", "category": "APPLICATION"}]})
    scene.fault("effect_then_status", status=500, body=body, **POST)
    with pytest.raises(Ambiguous):
        scene.cart().upload_shipment(parcel(order), key="k")
    assert [shown.tracking for shown in scene.cart().shipments_of(order["orderId"])] == ["1Z999AA1"]
    assert len(scene.uploads()) == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"fulfillments": []}',
        '{"total": 1, "fulfillments": []}',
        '{"total": 1}',
        '{"total": 0, "fulfillments": {}}',
        '{"total": 1, "fulfillments": [{"lineItems": []}]}',
        "null",
    ],
)
def test_a_list_of_packages_that_may_hide_one_is_no_list(body: str) -> None:
    """A package that seems absent would be told a second time."""
    with raw_server(says(answer(body))) as server, pytest.raises(RetryLater):
        cart_at(server).shipments_of("12-34567-89012")
