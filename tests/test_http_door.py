"""The one door to the outside, over real sockets: what comes of every way in which an answer can fail to come."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest

from integrations import http
from integrations.http import Door, Provider, Reply, retry_after
from integrations.outcomes import Ambiguous, NeedsMerchant, Outcome, Rejected, RetryLater
from tests.raw_server import RawServer, Script, answer, closed_port, drip, raw_server, reset, says
from tests.waiting import wait_until
from tests.wire import RecordingWire

TOKEN = "first-access-token"
GOOD = answer('{"orders": []}')


def judge(reply: Reply, write: bool) -> Outcome | None:
    return Rejected("refused", code=str(reply.status)) if reply.status >= 300 else None


PROVIDER = Provider(
    name="Acme",
    judge=judge,
    authorise=lambda token: {"Authorization": f"Bearer {token}"},
    token_refused=lambda reply: reply.status == 401,
    request_id=("X-Acme-Call", "X-Request-Id"),
    accepts=("json", "xml"),
)


@pytest.fixture
def wire() -> RecordingWire:
    return RecordingWire(access=TOKEN)


@pytest.fixture
def enough() -> Iterator[threading.Event]:
    """Ends the servers that would go on for ever."""
    event = threading.Event()
    yield event
    event.set()


def call(wire: RecordingWire, server: RawServer, *, write: bool = False, seconds: float = 5.0, **more: Any) -> Reply:
    method = "POST" if write else "GET"
    url = f"{server.url}/orders"
    return Door(wire, PROVIDER).send(method, url, resource="order", write=write, seconds=seconds, **more)


# ------------------------------------------------------------------------------------------------------------------ good answers


def test_an_answer_comes_back_with_its_json_its_date_and_its_trail(wire: RecordingWire) -> None:
    body = answer('{"a": 1}', "200 OK", "application/json", "Date: Sun, 22 Nov 2026 10:15:00 GMT", "X-Request-Id: r-1")
    with raw_server(says(body)) as server:
        reply = call(wire, server, params={"limit": "200"})

    assert reply.json == {"a": 1}
    assert reply.server_time == datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
    [exchange] = wire.exchanges
    assert (exchange.status, exchange.request_id, exchange.error) == (200, "r-1", "")
    assert exchange.url == f"{server.url}/orders?limit=200"
    assert exchange.server_time == reply.server_time
    assert b"GET /orders?limit=200 " in server.requests[0]


def test_the_best_request_id_is_kept(wire: RecordingWire) -> None:
    with raw_server(says(answer("{}", "200 OK", "application/json", "x-request-id: worse", "x-acme-call: best"))) as server:
        call(wire, server)
    assert wire.exchanges[0].request_id == "best"


def test_an_empty_answer_is_a_success_without_json(wire: RecordingWire) -> None:
    with raw_server(says(answer("", "201 Created", "", "Location: /orders/1"))) as server:
        reply = call(wire, server, write=True, json={})
    assert (reply.status, reply.json, reply.headers["location"]) == (201, None, "/orders/1")


def test_xml_is_an_answer_where_the_provider_speaks_it(wire: RecordingWire) -> None:
    with raw_server(says(answer("<a/>", "200 OK", "Text/XML; charset=utf-8"))) as server:
        assert call(wire, server).text == "<a/>"


def test_a_compressed_answer_is_read(wire: RecordingWire) -> None:
    packed = gzip.compress(b'{"a": 1}')
    with raw_server(says(answer(packed, "200 OK", "application/json", "Content-Encoding: gzip"))) as server:
        assert call(wire, server).json == {"a": 1}


def test_a_connection_is_used_again(wire: RecordingWire) -> None:
    def script(connection: socket.socket, _request: bytes) -> bool:
        connection.sendall(GOOD)
        return True

    with raw_server(script) as server:
        call(wire, server)
        call(wire, server)
        assert len(server.requests) == 2
        assert server.connections == 1


def _closed(server: RawServer, times: int) -> bool:
    return server.closed >= times


def test_a_connection_that_went_stale_is_not_used_again(wire: RecordingWire) -> None:
    with raw_server(says(GOOD)) as server:  # promises to keep the connection, and closes it
        for done in (1, 2, 3):
            call(wire, server, write=True, json={})
            wait_until(partial(_closed, server, done))
        assert len(server.requests) == 3


def test_cookies_are_not_carried_from_one_call_to_the_next(wire: RecordingWire) -> None:
    with raw_server(says(answer("{}", "200 OK", "application/json", "Set-Cookie: session=of-alice; Path=/"))) as server:
        call(wire, server)
        call(wire, server)
        assert b"of-alice" not in server.requests[1]


def test_a_proxy_in_the_environment_is_not_asked(wire: RecordingWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setenv("no_proxy", "")
    with raw_server(says(GOOD)) as server:
        assert call(wire, server).status == 200


def test_half_a_surrogate_pair_can_be_sent_and_shown(wire: RecordingWire) -> None:
    with raw_server(says(answer('{"echo": "\\ud83d"}'))) as server:
        call(wire, server, write=True, json={"note": "broken \ud83d emoji \0"})
        sent = json.loads(server.requests[0].partition(b"\r\n\r\n")[2])
    assert sent == {"note": "broken \ud83d emoji \0"}
    wire.exchanges[0].request_body.encode("utf-8")  # a database takes it


def test_a_text_body_is_sent_as_utf_8(wire: RecordingWire) -> None:
    with raw_server(says(answer("<a/>", "200 OK", "text/xml"))) as server:
        call(wire, server, write=True, data="<SKU>Länge–1</SKU>", headers={"Content-Type": "text/xml"})
        assert server.requests[0].endswith("<SKU>Länge–1</SKU>".encode())


# -------------------------------------------------------------------------------------------------------------------- no answers


def truncated(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(GOOD[:-6])


def truncated_in_chunks(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n')


def truncated_without_length(connection: socket.socket, _request: bytes) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{"orders": [')


def reset_after_the_request(connection: socket.socket, _request: bytes) -> None:
    reset(connection)


def closed_without_a_word(_connection: socket.socket, _request: bytes) -> None:
    return


BROKEN: dict[str, Script] = {
    "half of the body": truncated,
    "half of the chunks": truncated_in_chunks,
    "half of a body without a length": truncated_without_length,
    "half of a compressed body": says(
        answer(gzip.compress(b'{"a": 1}' * 99)[:40], "200 OK", "application/json", "Content-Encoding: gzip")
    ),
    "bad compression": says(answer(b"no gzip", "200 OK", "application/json", "Content-Encoding: gzip")),
    "a web page": says(answer("<html>We will be right back</html>", "200 OK", "text/html")),
    "a body of no type": says(answer('{"a": 1}', "200 OK", "")),
    "no JSON": says(answer('{"orders": [{"orderId": ')),
    "JSON too deep to read": says(answer("[" * 200_000)),
    "no HTTP": says(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a number that is none": says(b"HTTP/1.1 abc OK\r\n\r\n"),
    "two lengths": says(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2, 7\r\n\r\n{}"),
    "too many headers": says(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n"),
    "a reset": reset_after_the_request,
    "a closed connection": closed_without_a_word,
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_read_without_an_answer_is_tried_later(script: Script, wire: RecordingWire) -> None:
    with raw_server(script) as server, pytest.raises(RetryLater) as caught:
        call(wire, server)
    assert not isinstance(caught.value, Ambiguous)
    assert len(server.requests) == 1
    [exchange] = wire.exchanges
    assert exchange.error == caught.value.detail


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_write_without_an_answer_is_ambiguous_and_sent_once(script: Script, wire: RecordingWire) -> None:
    with raw_server(script) as server, pytest.raises(Ambiguous):
        call(wire, server, write=True, json={"a": 1})
    assert len(server.requests) == 1


def test_nothing_was_sent_where_nobody_listens(wire: RecordingWire) -> None:
    url = f"http://127.0.0.1:{closed_port()}/orders"
    with pytest.raises(RetryLater) as caught:
        Door(wire, PROVIDER).send("POST", url, resource="order", write=True, json={})
    assert not isinstance(caught.value, Ambiguous)
    assert caught.value.scope == "provider"
    assert wire.exchanges[0].status is None


def test_nothing_was_sent_to_a_name_that_does_not_exist(wire: RecordingWire) -> None:
    with pytest.raises(RetryLater) as caught:
        Door(wire, PROVIDER).send("POST", "http://nowhere.invalid/orders", resource="order", write=True, json={})
    assert not isinstance(caught.value, Ambiguous)


def test_nothing_was_sent_to_who_cannot_prove_its_name(wire: RecordingWire) -> None:
    """A server that speaks no TLS never hears the request, so the write is not ambiguous."""
    with raw_server(says(GOOD)) as server, pytest.raises(RetryLater) as caught:
        Door(wire, PROVIDER).send(
            "POST", f"https://127.0.0.1:{server.port}/orders", resource="order", write=True, json={}, seconds=2.0
        )
    assert not isinstance(caught.value, Ambiguous)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(status: str, wire: RecordingWire) -> None:
    with raw_server(says(GOOD)) as elsewhere:
        moved = answer("{}", status, "application/json", f"Location: {elsewhere.url}/orders")
        with raw_server(says(moved)) as server, pytest.raises(Rejected) as caught:
            call(wire, server)
        assert caught.value.code == status[:3]
        assert elsewhere.requests == []


# --------------------------------------------------------------------------------------------------------- deadline and size cap


def dripping_body(head: bytes) -> Callable[[threading.Event], Script]:
    def make(enough: threading.Event) -> Script:
        def script(connection: socket.socket, _request: bytes) -> None:
            connection.sendall(head)
            drip(connection, b'{"a": "x', enough)

        return script

    return make


def dripping_headers(enough: threading.Event) -> Script:
    def script(connection: socket.socket, _request: bytes) -> None:
        drip(connection, b"HTTP/1.1 200 OK\r\n" + b"X-Header: value\r\n" * 500, enough)

    return script


def silent(enough: threading.Event) -> Script:
    def script(_connection: socket.socket, _request: bytes) -> None:
        enough.wait()

    return script


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW: dict[str, Callable[[threading.Event], Script]] = {
    "a body of known length, kept alive": dripping_body(_HEAD + b"Content-Length: 9000\r\n\r\n"),
    "a body of known length, then closed": dripping_body(_HEAD + b"Content-Length: 9000\r\nConnection: close\r\n\r\n"),
    "a body until the end of the connection": dripping_body(_HEAD + b"Connection: close\r\n\r\n"),
    "headers": dripping_headers,
    "silence": silent,
}


@pytest.mark.parametrize("slow", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
def test_an_answer_that_drips_is_cut_at_the_deadline(
    slow: Callable[[threading.Event], Script], write: bool, wire: RecordingWire, enough: threading.Event
) -> None:
    with raw_server(slow(enough)) as server, pytest.raises(RetryLater) as caught:
        call(wire, server, write=write, seconds=0.5, json={} if write else None)
    assert isinstance(caught.value, Ambiguous) is write
    assert caught.value.detail.endswith("deadline")


def test_a_call_after_one_that_was_cut_gets_its_own_answer(wire: RecordingWire, enough: threading.Event) -> None:
    def script(connection: socket.socket, request: bytes) -> bool:
        if b"/slow" in request:
            enough.wait()
        connection.sendall(GOOD)
        return True

    with raw_server(script) as server:
        with pytest.raises(RetryLater):
            Door(wire, PROVIDER).send("GET", f"{server.url}/slow", resource="order", seconds=0.3)
        assert call(wire, server).json == {"orders": []}


def test_two_calls_at_once_have_a_deadline_each(enough: threading.Event) -> None:
    def script(connection: socket.socket, request: bytes) -> None:
        if b"/slow" in request:
            enough.wait()
        else:
            enough.wait(1.0)  # longer than the deadline of the other
        connection.sendall(GOOD)

    heard: dict[str, object] = {}

    def ask(path: str, seconds: float) -> None:
        try:
            reply = Door(RecordingWire(), PROVIDER).send("GET", f"{server.url}{path}", resource="order", seconds=seconds)
            heard[path] = reply.status
        except RetryLater as late:
            heard[path] = late

    with raw_server(script) as server:
        threads = [threading.Thread(target=ask, args=each) for each in (("/slow", 0.4), ("/quick", 60))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert isinstance(heard["/slow"], RetryLater)
    assert heard["/quick"] == 200


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "500 Internal Server Error"])
def test_a_body_without_an_end_is_cut_at_the_size_cap(
    status: str, wire: RecordingWire, enough: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "SIZE_CAP", 1_000_000)
    sent = 0

    def script(connection: socket.socket, _request: bytes) -> None:
        nonlocal sent
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nLocation: /x\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        while not enough.is_set():
            connection.sendall(b" " * 65536)
            sent += 65536

    with raw_server(script) as server, pytest.raises(RetryLater):
        call(wire, server)
    assert sent < 30_000_000  # what the sockets' own buffers take is more than the cap


def test_a_bomb_of_compressed_zeros_is_cut_at_the_size_cap(wire: RecordingWire) -> None:
    bomb = gzip.compress(b"0" * 200_000_000, compresslevel=9)
    script = says(answer(bomb, "200 OK", "application/json", "Content-Encoding: gzip"))
    with raw_server(script) as server, pytest.raises(RetryLater) as caught:
        call(wire, server)
    assert "TooLong" in caught.value.detail


# ------------------------------------------------------------------------------------------------------------ tokens and secrets


def test_a_refused_token_is_renewed_once_and_the_call_repeated(wire: RecordingWire) -> None:
    wire.renew = lambda: "second-access-token"
    with raw_server(says(answer("{}", "401 Unauthorized"), GOOD)) as server:
        assert call(wire, server, write=True, json={"a": 1}).status == 200
        assert wire.refused == [TOKEN]
        assert b"Bearer second-access-token" in server.requests[1]
    assert [exchange.status for exchange in wire.exchanges] == [401, 200]
    assert wire.permitted == [("order", True), ("order", True)]


def test_a_renewed_token_that_is_refused_too_ends_the_call(wire: RecordingWire) -> None:
    wire.renew = lambda: "second-access-token"
    with raw_server(says(answer("{}", "401 Unauthorized"))) as server:
        with pytest.raises(Rejected) as caught:
            call(wire, server)
        assert len(server.requests) == 2
    assert caught.value.code == "401"


def test_a_grant_that_has_ended_is_said_by_the_wire(wire: RecordingWire) -> None:
    def dead() -> str:
        raise NeedsMerchant("ended", fix="reconnect", scope="connection")

    wire.renew = dead
    with raw_server(says(answer("{}", "401 Unauthorized"))) as server, pytest.raises(NeedsMerchant):
        call(wire, server)
    assert len(wire.exchanges) == 1


def test_a_forbidden_call_sends_nothing(wire: RecordingWire) -> None:
    wire.forbid = RetryLater("quota spent", after=60)
    with raw_server(says(GOOD)) as server:
        with pytest.raises(RetryLater) as caught:
            call(wire, server)
        assert server.connections == 0
    assert caught.value is wire.forbid
    assert wire.exchanges == []


SECRETIVE = [
    f'{{"echo": "you sent Authorization: Bearer {TOKEN}"}}',
    f'{{"header": "{TOKEN}"}}',
    '{"access_token": "secret-of-alice", "x": 1}',
    '{"refresh_token":"secret-of-alice"}',
    '{"client_secret" : "secret-of-alice"}',
    '{"x": "grant_type=refresh_token&refresh_token=secret-of-alice&x=1"}',
    '{"x": "<eBayAuthToken>secret-of-alice</eBayAuthToken>"}',
    '{"x": "Authorization: bearer secret-of-alice"}',
]


@pytest.mark.parametrize("body", SECRETIVE)
def test_no_secret_reaches_the_trail(body: str, wire: RecordingWire) -> None:
    with raw_server(says(answer(body))) as server:
        call(wire, server, write=True, json={"token": "secret-of-alice"}, params={"access_token": "secret-of-alice"})
    shown = repr(wire.exchanges[0])
    assert "secret-of-alice" not in shown
    assert TOKEN not in shown


def test_no_secret_reaches_an_outcome(wire: RecordingWire) -> None:
    url = f"http://127.0.0.1:{closed_port()}/orders?access_token={TOKEN}"
    with pytest.raises(RetryLater) as caught:
        Door(wire, PROVIDER).send("GET", url, resource="order")
    assert TOKEN not in caught.value.message + caught.value.detail
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_token_that_cannot_be_a_header_is_not_printed() -> None:
    wire = RecordingWire(access="secret\r\nX-Injected: 1")
    with raw_server(says(GOOD)) as server, pytest.raises(RetryLater) as caught:
        call(wire, server)
    assert "secret" not in caught.value.detail
    assert server.requests == []


def test_what_only_sounds_like_a_secret_stays_readable(wire: RecordingWire) -> None:
    body = '{"shippingCarrierCode":"USPS","postalCode":"60139","errorCode":32300}'
    with raw_server(says(answer(body))) as server:
        call(wire, server)
    assert wire.exchanges[0].response_body == body


def test_the_trail_keeps_no_more_of_a_body_than_its_cap(wire: RecordingWire) -> None:
    with raw_server(says(answer('{"x": "' + "é" * 100_000 + '"}'))) as server:
        call(wire, server)
    assert len(wire.exchanges[0].response_body) == http.TRAIL_CAP


# ------------------------------------------------------------------------------------------------------------------- retry after


def replied(headers: Mapping[str, str], server_time: datetime | None = None) -> Reply:
    return Reply(503, headers, b"", None, server_time)


def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_servers_own_clock() -> None:
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    then = format_datetime(now + timedelta(minutes=2), usegmt=True)
    assert retry_after(replied({"Retry-After": "120"})) == 120
    assert retry_after(replied({"Retry-After": then}, now)) == 120
    assert retry_after(replied({"Retry-After": then}, now + timedelta(hours=1))) == 0


@pytest.mark.parametrize("value", ["", "soon", "-5", "²", "1e9", "Fri, 99 Foo 2026"])
def test_a_retry_after_that_says_nothing_is_none(value: str) -> None:
    assert retry_after(replied({"Retry-After": value})) is None


@pytest.mark.parametrize("value", ["9" * 30, "Sat, 01 Jan 9999 00:00:00 GMT"])
def test_a_retry_after_of_years_is_a_day(value: str) -> None:
    assert retry_after(replied({"Retry-After": value})) == 86_400


@pytest.mark.parametrize("date", ["", "yesterday", "Fri, 31 Dec 9999 23:59:59 -1400"])
def test_a_date_header_that_is_none_is_no_date(date: str, wire: RecordingWire) -> None:
    with raw_server(says(answer("{}", "200 OK", "application/json", f"Date: {date}"))) as server:
        assert call(wire, server).server_time is None
