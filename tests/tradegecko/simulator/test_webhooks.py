from __future__ import annotations

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from .conftest import Shop

Notice = tuple[dict[str, str], bytes]


@pytest.fixture
def inbox() -> Iterator[tuple[str, queue.Queue[Notice]]]:
    """An address and what was posted to it. ``/gone`` answers 410."""
    posted: queue.Queue[Notice] = queue.Queue()

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(410 if self.path == "/gone" else 200)
            self.end_headers()
            posted.put((dict(self.headers), body))

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Inbox)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", posted
    server.shutdown()
    server.server_close()


def subscribe(shop: Shop, address: str, event: str) -> int:
    answer: Any = shop.call("POST", "/webhooks", {"webhook": {"address": address, "event": event}})
    assert answer.status_code == 201
    return int(answer.json["webhook"]["id"])


def test_a_notice_is_thin_and_signed(shop: Shop, inbox: tuple[str, queue.Queue[Notice]]) -> None:
    address, posted = inbox
    subscribe(shop, address, "fulfillment.fulfilled")
    order = shop.order({"variant_id": shop.variant("S1")})
    shop.call("POST", f"/orders/{order['id']}/actions/fulfil")
    headers, body = posted.get(timeout=60)
    notice = json.loads(body)
    fulfillment = shop.order_now(order)["fulfillment_ids"][0]
    assert (notice["object_id"], notice["event"], notice["order_id"]) == (fulfillment, "fulfillment.fulfilled", order["id"])
    assert notice["resource_url"].endswith(f"/fulfillments/{fulfillment}.json")
    wanted = base64.b64encode(hmac.new(b"cartrover-client-secret", body, hashlib.sha256).digest()).decode()
    assert headers["X-Gecko-Signature"] == wanted
    assert headers["X-Gecko-Delivery"]


def test_only_what_was_asked_for_is_sent(shop: Shop, inbox: tuple[str, queue.Queue[Notice]]) -> None:
    address, posted = inbox
    subscribe(shop, address, "order.finalized")
    shop.order(status="draft")
    order = shop.order()
    assert json.loads(posted.get(timeout=60)[1])["object_id"] == order["id"]
    assert posted.empty()


def test_gone_ends_a_webhook(shop: Shop, inbox: tuple[str, queue.Queue[Notice]]) -> None:
    address, posted = inbox
    subscribe(shop, f"{address}/gone", "order.create")
    subscribe(shop, address, "company.create")
    shop.order()
    posted.get(timeout=60)
    posted.get(timeout=60)  # company.create comes first or second; either way both have been delivered
    shop.call("POST", "/companies", {"company": {"name": "B", "company_type": "business"}})
    posted.get(timeout=60)  # and this one only after the answer to the first two was read
    assert [hook["event"] for hook in shop.get("/webhooks")["webhooks"]] == ["company.create"]


def test_an_event_that_does_not_exist_is_refused(shop: Shop) -> None:
    answer = shop.call("POST", "/webhooks", {"webhook": {"address": "http://127.0.0.1:1/", "event": "order.update"}})
    assert answer.status_code == 422
