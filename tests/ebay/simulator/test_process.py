from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import requests

from tests.ebay.simulator.running import ROOT, EbayStandIn, ebay_stand_in


def test_two_doors_lead_into_one_stand_in(ebay: EbayStandIn) -> None:
    headers = {"Authorization": f"Bearer {ebay.grant('alice_sells')['access_token']}"}
    path = "/commerce/identity/v1/user/"
    assert requests.get(f"{ebay.apiz}{path}", headers=headers, timeout=60).json()["username"] == "alice_sells"
    assert requests.get(f"{ebay.api}{path}", headers=headers, timeout=60).status_code == 404


def test_a_restart_keeps_orders_packages_listings_and_grants(tmp_path: Path) -> None:
    data = tmp_path / "ebay.sqlite"
    with ebay_stand_in(data, access_token_seconds=600) as before:
        before.control("listings", seller="alice_sells", sku="RED-01", quantity=10)
        order = before.control("orders", seller="alice_sells", lines=[{"sku": "RED-01", "quantity": 2}])
        before.control(f"orders/{order['orderId']}/ship", tracking="HAND1")
        tokens = before.grant("alice_sells")
        summary = before.told("summary")
    with ebay_stand_in(data) as after:
        assert after.told("summary") == summary
        path = f"{after.api}/sell/fulfillment/v1/order"
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        page = requests.get(path, headers=headers, timeout=60).json()
        assert [each["orderId"] for each in page["orders"]] == [order["orderId"]]
        packages = requests.get(f"{path}/{order['orderId']}/shipping_fulfillment", headers=headers, timeout=60).json()
        assert packages["fulfillments"][0]["fulfillmentId"] == "HAND1"
        after.control(f"orders/{order['orderId']}/touch")
        assert len(requests.get(path, headers=headers, timeout=60).json()["orders"]) == 1
    assert tokens["expires_in"] == 600


def test_an_unknown_setting_stops_the_start() -> None:
    command = [sys.executable, "-m", "integrations.ebay.simulator", "--set", "meteor=1"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 2
    assert "unknown settings: meteor" in ended.stderr


def test_a_person_plays_with_the_page_of_controls(ebay: EbayStandIn) -> None:
    ebay.control("sellers", username="alice_sells", password="pw")
    form = {"seller": "alice_sells", "marketplace": "EBAY_DE", "sku": "RED-01", "quantity": "2", "payment": "PENDING"}
    page = requests.post(f"{ebay.api}/orders", data=form, timeout=60)
    assert page.status_code == 200
    order_id = ebay.told("orders")[0]["orderId"]
    assert order_id in page.text
    for act, part, value in (
        ("pay", "orderPaymentStatus", "PAID"),
        ("ship", "orderFulfillmentStatus", "FULFILLED"),
        ("cancel", "orderPaymentStatus", "FULLY_REFUNDED"),
    ):
        requests.post(f"{ebay.api}/orders/{order_id}/{act}", timeout=60)
        assert ebay.told(f"orders/{order_id}")[part] == value
    item_id = ebay.control("listings", seller="alice_sells", sku="BLUE-02")["item_id"]
    requests.post(f"{ebay.api}/stock/{item_id}", data={"sku": "BLUE-02", "quantity": "3"}, timeout=60)
    assert ebay.told("summary")["listings"][0]["units"][0]["available"] == 3
    tokens = ebay.grant("alice_sells")
    requests.post(f"{ebay.api}/revocations", data={"username": "alice_sells", "reason": "REVOKED_BY_USER"}, timeout=60)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert requests.get(f"{ebay.api}/sell/fulfillment/v1/order", headers=headers, timeout=60).status_code == 401
    requests.post(f"{ebay.api}/faults", data={"kind": "status", "path": "/order$", "status": "502"}, timeout=60)
    assert requests.get(f"{ebay.api}/sell/fulfillment/v1/order", headers=headers, timeout=60).status_code == 502
    assert requests.post(f"{ebay.api}/orders/none/pay", timeout=60).status_code == 400
