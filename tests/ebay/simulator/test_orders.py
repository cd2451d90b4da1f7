from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.ebay.simulator.formats import stamp
from tests.ebay.simulator.conftest import CHARLIE, ORDER, Here, error_ids


def at(here: Here, **ago: float) -> str:
    return stamp(here.world.clock.now() - timedelta(**ago))


def ids(answer: Any) -> list[str]:
    return [order["orderId"] for order in answer.json["orders"]]


def test_no_orders_is_an_empty_page(here: Here) -> None:
    answer = here.orders().json
    assert answer is not None
    assert (answer["total"], answer["orders"], answer["limit"], answer["offset"]) == (0, [], 50, 0)
    assert "next" not in answer


def test_rows_come_newest_first_unless_set_otherwise(here: Here) -> None:
    old, new = (here.order(created_at=at(here, hours=hours))["orderId"] for hours in (5, 1))
    assert ids(here.orders()) == [new, old]
    here.set(newest_first=False)
    assert ids(here.orders()) == [old, new]


def test_nobody_sees_another_sellers_orders(here: Here) -> None:
    hers = here.order()["orderId"]
    theirs = here.order(CHARLIE)["orderId"]
    assert ids(here.orders()) == [hers]
    assert ids(here.orders(orderIds=f"{hers},{theirs}")) == [hers]
    assert here.get(f"{ORDER}/{theirs}").status_code == 404


def test_pages_link_to_each_other_and_drop_the_field_groups(here: Here) -> None:
    for hours in range(5):
        here.order(created_at=at(here, hours=hours))
    window = f"creationdate:[{at(here, days=1)}..]"
    first = here.orders(filter=window, limit=2, fieldGroups="TAX_BREAKDOWN").json
    assert first is not None
    assert (first["total"], len(first["orders"])) == (5, 2)
    assert "prev" not in first
    assert "%5B" in first["next"]
    query = parse_qs(urlsplit(first["next"]).query)
    assert query == {"filter": [window], "limit": ["2"], "offset": ["2"]}
    last = here.orders(filter=window, limit=2, offset=4).json
    assert last is not None
    assert len(last["orders"]) == 1
    assert "next" not in last
    assert "prev" in last


@pytest.mark.parametrize(
    ("query", "error_id"),
    [
        ({"limit": "201"}, 31100),
        ({"limit": "0"}, 31100),
        ({"limit": "many"}, 31100),
        ({"offset": "-1"}, 31000),
        ({"fieldGroups": "EVERYTHING"}, 32800),
        ({"filter": "lastModifiedDate:[2026-01-01T00:00:00.000Z..]"}, 30700),
        ({"filter": "orderfulfillmentstatus:NOT_STARTED"}, 30800),
        ({"filter": "orderfulfillmentstatus:{NOT_STARTED}"}, 30800),
        ({"filter": "orderfulfillmentstatus:{FULFILLED|NOT_STARTED}"}, 30800),
        ({"filter": "creationdate:2026-01-01T00:00:00.000Z"}, 30800),
        ({"filter": "creationdate:[2026-01-01T00:00:00Z..]"}, 30810),
        ({"filter": "creationdate:[yesterday..]"}, 30810),
        ({"filter": "creationdate:[..2026-01-01T00:00:00.000Z]"}, 30820),
        ({"filter": "lastmodifieddate:[2999-01-01T00:00:00.000Z..]"}, 30850),
        ({"filter": "lastmodifieddate:[2001-01-01T00:00:00.000Z..]"}, 30830),
        ({"orderIds": ",".join(["01-00000-00000"] * 51)}, 30900),
    ],
)
def test_what_is_asked_wrongly_is_refused_by_number(here: Here, query: dict[str, str], error_id: int) -> None:
    answer = here.orders(**query)
    assert (answer.status_code, error_ids(answer)) == (400, [error_id])


def test_a_window_may_not_end_in_the_future_or_run_backwards(here: Here) -> None:
    now, soon, before = at(here, seconds=1), at(here, hours=-1), at(here, hours=1)
    assert error_ids(here.orders(filter=f"creationdate:[{before}..{soon}]")) == [30850]
    assert error_ids(here.orders(filter=f"creationdate:[{now}..{before}]")) == [30840]
    here.world.clock.skew = -60
    assert error_ids(here.orders(filter=f"creationdate:[{before}..{now}]")) == [30850]


def test_refusals_read_as_ebays_do(here: Here, errors: Any) -> None:
    name = here.orders(filter="lastModifiedDate:[2026-01-01T00:00:00.000Z..]")
    assert name.json == errors["400_bad_filter_name"]["body"]
    value = here.orders(filter="orderfulfillmentstatus:NOT_STARTED").json
    assert value is not None
    assert value["errors"][0]["message"] == errors["400_bad_filter_value"]["body"]["errors"][0]["message"]


def test_a_window_holds_both_its_ends(here: Here) -> None:
    created = at(here, hours=2)
    order_id = here.order(created_at=created)["orderId"]
    assert ids(here.orders(filter=f"creationdate:[{created}..{created}]")) == [order_id]
    assert ids(here.orders(filter=f"creationdate:[{at(here, hours=1)}..]")) == []


def test_creation_wins_over_modification(here: Here) -> None:
    order_id = here.order(created_at=at(here, days=3))["orderId"]
    here.control(f"orders/{order_id}/touch")
    modified = f"lastmodifieddate:[{at(here, hours=1)}..]"
    assert ids(here.orders(filter=modified)) == [order_id]
    assert ids(here.orders(filter=f"{modified},creationdate:[{at(here, days=2)}..]")) == []


def test_only_two_sets_of_statuses_can_be_asked_for(here: Here) -> None:
    fresh, shipped = here.order()["orderId"], here.order()["orderId"]
    here.control(f"orders/{shipped}/ship")
    assert ids(here.orders(filter="orderfulfillmentstatus:{NOT_STARTED|IN_PROGRESS}")) == [fresh]
    assert ids(here.orders(filter="orderfulfillmentstatus:{FULFILLED|IN_PROGRESS}")) == [shipped]


def test_without_a_filter_the_last_90_days_are_shown_and_two_years_can_be(here: Here) -> None:
    recent, older, ancient = (here.order(created_at=at(here, days=days))["orderId"] for days in (89, 200, 800))
    assert ids(here.orders()) == [recent]
    assert ids(here.orders(filter=f"creationdate:[{at(here, days=729)}..]")) == [recent, older]
    assert ids(here.orders(orderIds=ancient)) == []
    assert ids(here.orders(filter=f"creationdate:[{at(here, days=900)}..{at(here, days=700)}]")) == []


def test_personal_data_is_gone_after_90_days(here: Here) -> None:
    order_id = here.order(created_at=at(here, days=91))["orderId"]
    kept = here.get(f"{ORDER}/{order_id}").json
    assert kept is not None
    ship_to = kept["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"]
    assert ship_to.keys() == {"contactAddress"}
    assert ship_to["contactAddress"].keys() <= {"city", "stateOrProvince", "postalCode", "countryCode"}
    assert kept["buyer"]["buyerRegistrationAddress"].keys() == {"contactAddress"}


def test_a_cancel_request_shows_only_in_the_order_itself(here: Here) -> None:
    order_id = here.order()["orderId"]
    here.control(f"orders/{order_id}/request-cancel")
    row = here.orders().json
    order = here.get(f"{ORDER}/{order_id}").json
    assert row is not None
    assert order is not None
    assert row["orders"][0]["cancelStatus"] == {"cancelState": "IN_PROGRESS", "cancelRequests": []}
    assert order["cancelStatus"]["cancelRequests"][0]["cancelRequestState"] == "REQUESTED"


def test_a_cancelled_order_looks_as_the_recorded_one(here: Here, contracts: Any) -> None:
    import json

    sample = json.loads((contracts / "samples" / "order_fragments.json").read_text())
    order_id = here.order()["orderId"]
    order = here.control(f"orders/{order_id}/cancel")
    told, recorded = order["cancelStatus"], sample["cancelStatus_canceled_getOrder"]
    assert told.keys() == recorded.keys()
    assert told["cancelRequests"][0].keys() == recorded["cancelRequests"][0].keys()
    assert (told["cancelState"], order["orderPaymentStatus"]) == ("CANCELED", "FULLY_REFUNDED")


def test_a_tax_identifier_shows_only_in_the_order_itself(here: Here) -> None:
    order_id = here.order(marketplace="EBAY_IT")["orderId"]
    row, order = here.orders().json, here.get(f"{ORDER}/{order_id}").json
    assert row is not None
    assert order is not None
    assert "taxIdentifier" not in row["orders"][0]["buyer"]
    assert order["buyer"]["taxIdentifier"]["taxIdentifierType"] == "CODICE_FISCALE"


def test_the_tax_breakdown_adds_what_ebay_collects_to_the_total(here: Here) -> None:
    here.order(collect_and_remit=True, lines=[{"sku": "A", "price": "100"}], shipping="5")
    plain, full = here.orders().json, here.orders(fieldGroups="TAX_BREAKDOWN").json
    assert plain is not None
    assert full is not None
    assert plain["orders"][0]["pricingSummary"]["total"]["value"] == "105.0"
    assert plain["orders"][0]["lineItems"][0]["taxes"] == []
    assert full["orders"][0]["pricingSummary"]["total"]["value"] == "112.25"
    assert full["orders"][0]["lineItems"][0]["taxes"][0]["taxType"] == "STATE_SALES_TAX"


def test_an_order_id_that_is_none_is_refused_and_an_unknown_one_not_found(here: Here) -> None:
    refused = here.get(f"{ORDER}/hello")
    assert (refused.status_code, error_ids(refused)) == (400, [32100])
    unknown = here.get(f"{ORDER}/00-00000-00000")
    assert (unknown.status_code, unknown.data) == (404, b"")


def test_a_change_moves_the_order_to_its_new_time(here: Here) -> None:
    order_id = here.order(created_at=at(here, hours=3))["orderId"]
    before = f"lastmodifieddate:[{at(here, hours=4)}..{at(here, hours=2)}]"
    assert ids(here.orders(filter=before)) == [order_id]
    here.control(f"orders/{order_id}/refund", amount="1")
    assert ids(here.orders(filter=before)) == []
    row = here.orders(filter=f"lastmodifieddate:[{at(here, hours=1)}..]").json
    assert row is not None
    assert row["orders"][0]["orderPaymentStatus"] == "PARTIALLY_REFUNDED"


def test_a_change_can_be_dated_back(here: Here) -> None:
    order_id = here.order()["orderId"]
    late = at(here, minutes=20)
    here.control(f"orders/{order_id}/touch", last_modified=late, overrides={"buyerCheckoutNotes": "Ring twice"})
    order = here.get(f"{ORDER}/{order_id}").json
    assert order is not None
    assert (order["lastModifiedDate"], order["buyerCheckoutNotes"]) == (late, "Ring twice")
    assert ids(here.orders(filter=f"lastmodifieddate:[{late}..{late}]")) == [order_id]


def test_the_index_can_lag(here: Here) -> None:
    here.order()
    here.set(index_lag=60)
    assert ids(here.orders()) == []
    here.world.clock.skew = 61
    assert len(ids(here.orders())) == 1


def test_orders_drift_while_they_are_paged(here: Here) -> None:
    """A client that walks a window by offset misses what moved out of it."""
    placed = {here.order(created_at=at(here, hours=hour + 1))["orderId"] for hour in range(30)}
    window = f"lastmodifieddate:[{at(here, days=3)}..{at(here, minutes=30)}]"
    here.set(drift_per_page=3)
    seen: set[str] = set()
    for offset in range(0, 30, 10):
        seen.update(ids(here.orders(filter=window, limit=10, offset=offset)))
    assert seen < placed
    moved = here.orders(filter=f"lastmodifieddate:[{at(here, minutes=29)}..]", limit=200)
    assert len(ids(moved)) >= 5


def test_a_pending_order_is_paid_later(here: Here) -> None:
    order = here.order(payment="PENDING")
    assert order["paymentSummary"]["payments"][0]["paymentStatus"] == "PENDING"
    paid = here.control(f"orders/{order['orderId']}/pay")
    assert (paid["orderPaymentStatus"], paid["paymentSummary"]["payments"][0]["paymentStatus"]) == ("PAID", "PAID")


def test_overrides_are_laid_over_the_order(here: Here) -> None:
    order = here.order(overrides={"salesRecordReference": None, "pricingSummary": {"total": {"value": "1.0"}}})
    assert "salesRecordReference" not in order
    assert order["pricingSummary"]["total"] == {"value": "1.0", "currency": "USD"}


def test_an_order_is_edited_and_its_sums_follow(here: Here) -> None:
    order_id = here.order(lines=[{"sku": "A", "quantity": 2, "price": "10"}, {"sku": "B", "price": "5"}], shipping="4")["orderId"]
    wanted = {"ship_to": {"street": "9 Other Road", "city": "Reno"}, "service": "Express", "quantities": {"A": 3, "B": 0}}
    order = here.control(f"orders/{order_id}/edit", **wanted)
    step = order["fulfillmentStartInstructions"][0]["shippingStep"]
    address = step["shipTo"]["contactAddress"]
    assert (address["addressLine1"], address["city"], step["shippingServiceCode"]) == ("9 Other Road", "Reno", "Express")
    (line,) = order["lineItems"]
    assert (line["quantity"], line["lineItemCost"]["value"], line["total"]["value"]) == (3, "30.0", "34.0")
    assert {name: money["value"] for name, money in order["pricingSummary"].items()} == {
        "priceSubtotal": "30.0",
        "deliveryCost": "4.0",
        "total": "34.0",
    }
