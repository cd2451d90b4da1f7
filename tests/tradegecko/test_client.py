"""Lists by page and by ids, whatever the answer lacks."""

from __future__ import annotations

import json
import re
import socket
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest

from integrations.contract import Window
from integrations.outcomes import Ambiguous, RetryLater
from integrations.tradegecko import client
from integrations.tradegecko.client import Api
from tests.raw_server import RawServer, Script, answer, raw_server, says
from tests.tradegecko.scene import Scene
from tests.wire import RecordingWire


def api(server: RawServer) -> Api:
    return Api(RecordingWire(), server.url)


def listing(rows: int, pagination: dict[str, Any] | None = None, **more: Any) -> bytes:
    headers = (f"X-Pagination: {json.dumps(pagination)}",) if pagination else ()
    body = json.dumps({"orders": [{"id": number} for number in range(rows)], **more})
    return answer(body, "200 OK", "application/json", *headers)


def paths(server: RawServer) -> list[str]:
    return [unquote(request.split(b" ", 2)[1].decode()) for request in server.requests]


def test_a_page_says_how_many_there_are_by_its_header() -> None:
    with raw_server(says(listing(3, {"total_records": 658}, meta={"total": 9}))) as server:
        page = api(server).page("orders", {})
    assert (len(page.rows), page.total) == (3, 658)


@pytest.mark.parametrize(
    ("answered", "total"),
    [
        (listing(3, None, meta={"total": 9}), 9),
        (listing(3), 3),
        (listing(250), 251),
        (listing(3, {"total_pages": 1}), 3),
    ],
)
def test_without_the_header_it_is_told_by_what_else_there_is(answered: bytes, total: int) -> None:
    with raw_server(says(answered)) as server:
        assert api(server).page("orders", {}).total == total


def test_a_server_that_gives_shorter_pages_is_believed() -> None:
    with raw_server(says(listing(100, {"total_records": 150}))) as server:
        assert api(server).page("orders", {}).limit == 100


@pytest.mark.parametrize("body", ["[]", "{}", '{"orders": 5}', '{"orders": [1]}', '{"orders": null}', "null"])
def test_a_list_of_another_shape_is_asked_for_again_later(body: str) -> None:
    with raw_server(says(answer(body))) as server, pytest.raises(RetryLater) as trouble:
        api(server).page("orders", {})
    assert not isinstance(trouble.value, Ambiguous)


@pytest.mark.parametrize("body", ["[]", "{}", '{"order": []}', '{"order": {"id": null}}', ""])
def test_a_write_whose_answer_has_another_shape_is_in_doubt(body: str) -> None:
    with raw_server(says(answer(body, "201 Created"))) as server, pytest.raises(Ambiguous):
        api(server).create("orders", "order", {}, key="k")


def test_a_listing_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGES_AT_MOST", 3)
    with raw_server(says(listing(2, {"total_records": 10_000}))) as server:
        with pytest.raises(RetryLater):
            api(server).all("orders")
        assert len(server.requests) == 3


def test_a_window_is_widened_to_whole_milliseconds_on_both_ends() -> None:
    window = Window(datetime(2026, 3, 1, 1, 2, 3, 456789, tzinfo=UTC), datetime(2026, 3, 1, 4, 5, 6, 1, tzinfo=UTC))
    with raw_server(says(listing(0))) as server:
        api(server).changed("orders", window, 500, status=("draft", "void"))
        (path,) = paths(server)
    assert path == (
        "/orders?updated_at_min=2026-03-01T01:02:03.456Z&updated_at_max=2026-03-01T04:05:06.001Z"
        "&order=updated_at+asc&status=draft,void&limit=250&page=3"
    )


def test_many_ids_are_asked_for_in_addresses_that_fit() -> None:
    with raw_server(_finds_ids) as server:
        rows = api(server).by("orders", "ids", [str(number) for number in range(100_000_000, 100_000_250)])
        assert [row["id"] for row in rows] == list(range(100_000_000, 100_000_250))
        assert len(server.requests) == 3
        assert max(len(request.split(b" ", 2)[1]) for request in server.requests) < 2000


def test_no_ids_are_no_call_and_what_is_no_id_is_left_out() -> None:
    with raw_server(_finds_ids) as server:
        assert api(server).by("orders", "ids", ["", "x", "-1"]) == []
        assert server.requests == []


def _finds_ids(connection: socket.socket, request: bytes) -> None:
    found = re.search(r"ids=([\d,]+)", unquote(request.decode()))
    assert found is not None
    body = json.dumps({"orders": [{"id": int(one)} for one in found[1].split(",")]})
    says(answer(body))(connection, request)


def test_a_key_goes_with_every_write() -> None:
    script: Script = says(answer('{"order": {"id": 1}}', "201 Created"))
    with raw_server(script) as server:
        made = api(server)
        made.create("orders", "order", {}, key="k1")
        made.change("orders", "1", "order", {}, key="k2")
        made.act("orders", "1", "void", key="k3")
        made.remove("orders", "1", key="k4")
        keys = [re.search(rb"Idempotency-Key: (\S+)", request) for request in server.requests]
    assert [found and found[1] for found in keys] == [b"k1", b"k2", b"k3", b"k4"]


def test_a_catalogue_of_more_than_a_page_is_read_page_by_page(scene: Scene) -> None:
    added = [{"account": scene.account_id, "sku": f"SKU-{number}"} for number in range(260)]
    scene.gecko.add_variants(*added)
    warehouse = scene.warehouse()
    first, second = warehouse.items(), warehouse.items(page=2)
    assert (len(first.records), len(second.records), first.total, first.limit) == (250, 12, 262, 250)
    assert len({one.item_id for one in (*first.records, *second.records)}) == 262
    assert len(warehouse.stock(page=2).records) == 12


@pytest.mark.parametrize("meta", [True, False])
def test_a_window_of_more_than_a_page_says_so_and_is_walked_by_offset(scene: Scene, meta: bool) -> None:
    scene.gecko.set(list_meta=meta)
    lines = [{"sku": "MUG-1", "quantity": 1, "price": "1"}]
    for _ in range(255):
        scene.gecko.control("POST", "orders", {"account": scene.account_id, "lines": lines})
    warehouse, window = scene.warehouse(), scene.window()
    first, rest = warehouse.orders_changed_in(window), warehouse.orders_changed_in(window, offset=250)
    assert (first.complete, first.total, len(first.records), len(rest.records)) == (False, 255, 250, 5)
    assert len({one.remote_id for one in (*first.records, *rest.records)}) == 255
    assert [one.remote_id for one in warehouse.orders_changed_in(window, offset=252).records] == [
        one.remote_id for one in rest.records[2:]
    ]
