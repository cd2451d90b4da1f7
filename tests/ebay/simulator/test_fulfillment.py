from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from integrations.ebay.simulator.formats import stamp
from tests.ebay.simulator.conftest import ALICE, ORDER, Here, error_ids

TWO_LINES = [{"sku": "RED-01", "quantity": 3}, {"sku": "BLUE-02", "quantity": 1}]


def lines_of(order: Any, *quantities: int) -> list[dict[str, Any]]:
    pairs = zip(order["lineItems"], quantities, strict=False)
    return [{"lineItemId": line["lineItemId"], "quantity": quantity} for line, quantity in pairs if quantity]


def ship(here: Here, order: Any, **body: Any) -> TestResponse:
    package = {"lineItems": lines_of(order, 1), "trackingNumber": "1Z999AA1", "shippingCarrierCode": "UPS", **body}
    sent = {name: value for name, value in package.items() if value is not None}
    return here.post(f"{ORDER}/{order['orderId']}/shipping_fulfillment", json=sent)


def packages(here: Here, order: Any) -> Any:
    answer = here.get(f"{ORDER}/{order['orderId']}/shipping_fulfillment").json
    assert answer is not None
    return answer["fulfillments"]


def now_of(here: Here, order: Any) -> Any:
    return here.get(f"{ORDER}/{order['orderId']}").json


def test_a_package_is_created_and_can_be_read_under_its_tracking_number(here: Here) -> None:
    order = here.order()
    created = ship(here, order)
    assert (created.status_code, created.json) == (201, {})
    assert created.headers["Location"].endswith(f"{ORDER}/{order['orderId']}/shipping_fulfillment/1Z999AA1")
    read = here.get(created.headers["Location"]).json
    assert read is not None
    assert read["fulfillmentId"] == read["shipmentTrackingNumber"] == "1Z999AA1"
    assert packages(here, order) == [read]


def test_a_line_is_fulfilled_as_soon_as_any_unit_is(here: Here) -> None:
    order = here.order(lines=TWO_LINES)
    here.world.clock.skew = 10
    ship(here, order, lineItems=lines_of(order, 1))
    changed = now_of(here, order)
    assert [line["lineItemFulfillmentStatus"] for line in changed["lineItems"]] == ["FULFILLED", "NOT_STARTED"]
    assert changed["orderFulfillmentStatus"] == "IN_PROGRESS"
    assert changed["fulfillmentHrefs"][0].endswith("/1Z999AA1")
    assert changed["lastModifiedDate"] > order["lastModifiedDate"]
    ship(here, order, lineItems=lines_of(order, 0, 1), trackingNumber="1Z999AA2")
    assert now_of(here, order)["orderFulfillmentStatus"] == "FULFILLED"
    assert sum(line["quantity"] for package in packages(here, order) for line in package["lineItems"]) == 2


def test_without_tracking_the_id_is_arbitrary(here: Here) -> None:
    order = here.order()
    created = ship(here, order, trackingNumber=None, shippingCarrierCode=None)
    assert created.headers["Location"].endswith("/999")
    assert packages(here, order)[0].keys() == {"fulfillmentId", "lineItems", "shippedDate"}


def test_without_lines_everything_is_shipped(here: Here) -> None:
    order = here.order(lines=TWO_LINES)
    ship(here, order, lineItems=None)
    assert packages(here, order)[0]["lineItems"] == lines_of(order, 3, 1)


@pytest.mark.parametrize(
    ("body", "error_id"),
    [
        ({"trackingNumber": "1Z 999"}, 32300),
        ({"trackingNumber": "1Z-999"}, 32300),
        ({"trackingNumber": ""}, 32300),
        ({"trackingNumber": None}, 32300),
        ({"shippingCarrierCode": None}, 32300),
        ({"shippingCarrierCode": "Pigeon"}, 32300),
        ({"lineItems": [{"lineItemId": "1", "quantity": 1}]}, 32200),
        ({"lineItems": []}, 32600),
        ({"shippedDate": "2026-01-01"}, 32500),
        ({"shippedDate": "2999-01-01T00:00:00.000Z"}, 32500),
        ({"shippedDate": "2001-01-01T00:00:00.000Z"}, 32500),
    ],
)
def test_a_package_that_cannot_be_is_refused_by_number(here: Here, body: dict[str, Any], error_id: int) -> None:
    order = here.order()
    answer = ship(here, order, **body)
    assert (answer.status_code, error_ids(answer)) == (400, [error_id])
    assert here.ledger("shipping_fulfillment") == []


@pytest.mark.parametrize("quantity", [0, -1, 4, "1"])
def test_a_quantity_that_was_not_ordered_is_refused(here: Here, quantity: Any) -> None:
    order = here.order(lines=TWO_LINES)
    assert error_ids(ship(here, order, lineItems=[{**lines_of(order, 1)[0], "quantity": quantity}])) == [32600]


def test_a_line_twice_in_one_package_is_refused(here: Here) -> None:
    order = here.order(lines=TWO_LINES)
    assert error_ids(ship(here, order, lineItems=lines_of(order, 1) * 2)) == [32210]


def test_the_refusal_of_a_carrier_reads_as_ebays(here: Here, errors: Any) -> None:
    assert ship(here, here.order(), shippingCarrierCode="Pigeon").json == errors["400_carrier"]["body"]
    here.set(free_text_carriers=True)
    assert ship(here, here.order(), shippingCarrierCode="Pigeon").status_code == 201


def test_a_number_or_a_carrier_that_is_to_be_refused_is(here: Here) -> None:
    order = here.order()
    here.set(refused_tracking=["TYPO"], refused_carriers=["UPS"])
    assert error_ids(ship(here, order, trackingNumber="TYPO", shippingCarrierCode="DHL")) == [32300]
    assert error_ids(ship(here, order, trackingNumber="GOOD", shippingCarrierCode="UPS")) == [32300]
    assert ship(here, order, trackingNumber="GOOD", shippingCarrierCode="Other").status_code == 201


def test_a_seller_takes_a_number_off_an_order(here: Here) -> None:
    order = here.order()
    ship(here, order, trackingNumber="WRONG", shippingCarrierCode="UPS")
    assert here.control(f"orders/{order['orderId']}/drop-tracking", tracking="WRONG")["fulfillmentHrefs"] == []
    assert packages(here, order) == []
    again = here.client.post(f"/_control/orders/{order['orderId']}/drop-tracking", json={"tracking": "WRONG"})
    assert again.status_code == 400


def test_a_date_between_order_and_now_is_kept(here: Here) -> None:
    now = here.world.clock.now()
    order = here.order(created_at=stamp(now - timedelta(hours=2)))
    shipped = stamp(now - timedelta(hours=1))
    ship(here, order, shippedDate=shipped)
    assert packages(here, order)[0]["shippedDate"] == shipped


def test_a_body_that_is_no_json_is_refused(here: Here) -> None:
    order = here.order()
    answer = here.post(f"{ORDER}/{order['orderId']}/shipping_fulfillment", data="{")
    assert (answer.status_code, error_ids(answer)) == (400, [32600])


def test_an_order_that_is_not_the_callers_is_an_invalid_id(here: Here) -> None:
    order = here.order("charlie_sells")
    assert error_ids(ship(here, order)) == [32100]
    assert error_ids(here.get(f"{ORDER}/{order['orderId']}/shipping_fulfillment")) == [32100]


def test_the_same_tracking_again_counts_as_a_duplicate_in_the_ledger(here: Here) -> None:
    order = here.order(lines=TWO_LINES)
    assert [ship(here, order).status_code for _ in range(2)] == [201, 201]
    assert here.world.ledger.duplicates() == {"shipping_fulfillment": 1}
    ship(here, order, trackingNumber="1Z999AA9")
    assert here.world.ledger.duplicates() == {"shipping_fulfillment": 1}


def test_the_same_tracking_again_can_be_refused(here: Here) -> None:
    here.set(duplicate_tracking="refuse")
    order = here.order(lines=TWO_LINES)
    ship(here, order)
    again = ship(here, order)
    assert (again.status_code, error_ids(again)) == (400, [34500])
    assert len(here.ledger("shipping_fulfillment")) == 1


def test_a_cancelled_order_is_not_shipped_unless_set_so(here: Here) -> None:
    order = here.order()
    here.control(f"orders/{order['orderId']}/cancel")
    assert ship(here, order).status_code == 409
    here.set(ship_cancelled="allow")
    assert ship(here, order).status_code == 201


def test_a_suspended_seller_ships_nothing(here: Here) -> None:
    order = here.order()
    here.control("sellers", username=ALICE, password="pw-alice", suspended=True)
    assert error_ids(ship(here, order)) == [32400]


def test_an_order_has_room_for_so_many_tracking_numbers(here: Here) -> None:
    here.set(max_tracking_numbers=1)
    order = here.order(lines=TWO_LINES)
    ship(here, order)
    assert error_ids(ship(here, order, trackingNumber="1Z2")) == [34100]


def test_several_global_shipping_lines_in_one_package_are_refused(here: Here) -> None:
    order = here.order(marketplace="EBAY_GB", gsp=True, lines=TWO_LINES)
    assert error_ids(ship(here, order, lineItems=lines_of(order, 1, 1))) == [34300]
    assert ship(here, order, lineItems=lines_of(order, 1)).status_code == 201
    american = here.order(marketplace="EBAY_US", gsp=True, lines=TWO_LINES)
    assert ship(here, american, lineItems=lines_of(american, 1, 1)).status_code == 201


def test_a_package_that_is_still_being_processed_cannot_be_seen(here: Here) -> None:
    here.set(processing_delay=30)
    order = here.order()
    created = ship(here, order)
    assert created.status_code == 201
    assert packages(here, order) == []
    assert here.get(created.headers["Location"]).status_code == 404
    assert now_of(here, order)["orderFulfillmentStatus"] == "NOT_STARTED"
    here.world.clock.skew = 31
    assert len(packages(here, order)) == 1
    assert now_of(here, order)["orderFulfillmentStatus"] == "FULFILLED"


def test_what_the_seller_ships_by_hand_is_no_push_of_ours(here: Here) -> None:
    order = here.order()
    here.control(f"orders/{order['orderId']}/ship", tracking="HAND1", carrier="DHL")
    assert packages(here, order)[0]["fulfillmentId"] == "HAND1"
    assert here.ledger("shipping_fulfillment") == []
    assert len(here.ledger("shipped_by_seller")) == 1
