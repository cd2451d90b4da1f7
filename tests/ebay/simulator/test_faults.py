"""Misbehaviour over real sockets, and what the ledger says happened all the same."""

from __future__ import annotations

from http.client import HTTPConnection

import pytest
import requests

from tests.ebay.simulator.running import EbayStandIn
from tests.waiting import wait_until

SELLER = "alice_sells"
PUSH = "shipping_fulfillment$"


@pytest.fixture
def session(ebay: EbayStandIn) -> requests.Session:
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {ebay.grant(SELLER)['access_token']}"
    return session


@pytest.fixture
def address(ebay: EbayStandIn) -> str:
    order = ebay.control("orders", seller=SELLER, lines=[{"sku": "RED-01", "price": "20"}])
    return f"{ebay.api}/sell/fulfillment/v1/order/{order['orderId']}/shipping_fulfillment"


def push(session: requests.Session, address: str) -> requests.Response:
    return session.post(address, json={"trackingNumber": "1Z999", "shippingCarrierCode": "UPS"}, timeout=60)


def packages(session: requests.Session, address: str) -> int:
    total: int = session.get(address, timeout=60).json()["total"]
    return total


def test_a_500_that_did_nothing(ebay: EbayStandIn, session: requests.Session, address: str) -> None:
    ebay.control("faults", kind="status", path=PUSH, method="POST", status=503, headers={"Retry-After": "120"})
    answer = push(session, address)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert packages(session, address) == 0
    assert push(session, address).status_code == 201, "a fault is played once"


def test_a_500_after_the_effect(ebay: EbayStandIn, session: requests.Session, address: str) -> None:
    ebay.control("faults", kind="effect_then_status", path=PUSH, method="POST")
    assert push(session, address).status_code == 500
    assert packages(session, address) == 1


@pytest.mark.parametrize(("kind", "expected"), [("reset", 0), ("effect_then_reset", 1)])
def test_a_connection_cut_before_or_after_the_effect(
    ebay: EbayStandIn, session: requests.Session, address: str, kind: str, expected: int
) -> None:
    ebay.control("faults", kind=kind, path=PUSH, method="POST")
    with pytest.raises(requests.ConnectionError):
        push(session, address)
    assert packages(session, address) == expected


def test_an_effect_that_appears_after_it_was_looked_for(ebay: EbayStandIn, session: requests.Session, address: str) -> None:
    ebay.control("faults", kind="late_effect", path=PUSH, method="POST", seconds=3.0)
    with pytest.raises(requests.ConnectionError):
        push(session, address)
    assert packages(session, address) == 0
    wait_until(lambda: packages(session, address) == 1)
    assert len(ebay.ledger("shipping_fulfillment")) == 1


def test_half_a_body_under_its_full_length(ebay: EbayStandIn, session: requests.Session) -> None:
    ebay.control("orders", seller=SELLER, lines=[{"sku": "RED-01"}])
    ebay.control("faults", kind="truncate", path="/order$")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{ebay.api}/sell/fulfillment/v1/order", timeout=60)
    assert session.get(f"{ebay.api}/sell/fulfillment/v1/order", timeout=60).json()["total"] == 1


@pytest.mark.parametrize("kind", ["html", "malformed"])
def test_a_200_that_is_no_json(ebay: EbayStandIn, session: requests.Session, kind: str) -> None:
    ebay.control("faults", kind=kind, path="/order$")
    answer = session.get(f"{ebay.api}/sell/fulfillment/v1/order", timeout=60)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_body_that_never_ends(ebay: EbayStandIn, session: requests.Session) -> None:
    ebay.control("faults", kind="endless", path="/order$")
    with session.get(f"{ebay.api}/sell/fulfillment/v1/order", timeout=60, stream=True) as answer:
        taken = sum(len(piece) for piece, _ in zip(answer.iter_content(65536), range(40), strict=False))
    assert taken > 1_000_000


def test_faults_that_waited_and_were_played_can_be_seen(ebay: EbayStandIn, session: requests.Session) -> None:
    ebay.control("faults", kind="status", times=2, status=500)
    session.get(f"{ebay.api}/sell/fulfillment/v1/order", timeout=60)
    told = ebay.told("faults")
    assert [fault["times"] for fault in told["waiting"]] == [1]
    assert [fault["kind"] for fault in told["played"]] == ["status"]


def test_an_unknown_fault_or_setting_is_refused(ebay: EbayStandIn) -> None:
    with pytest.raises(requests.HTTPError):
        ebay.control("faults", kind="meteor")
    with pytest.raises(requests.HTTPError):
        ebay.set(meteor=True)


def test_a_connection_is_kept_alive_for_many_calls(ebay: EbayStandIn) -> None:
    connection = HTTPConnection(ebay.api.removeprefix("http://"), timeout=60)
    connection.connect()
    first = connection.sock
    for _ in range(5):
        connection.request("POST", "/ws/api.dll", b"<a/>")
        assert connection.getresponse().read()
        assert connection.sock is first
    connection.close()
