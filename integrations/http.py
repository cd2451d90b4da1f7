"""The one door to the outside: every call of every integration goes through :class:`Door`.

A call has a total deadline and a size cap, follows no redirect and uses no proxy from the environment. What comes of it is an
answer or an Outcome. A read that fails is RetryLater; a write that may have taken effect is Ambiguous.
"""

from __future__ import annotations

import contextlib
import json as jsonlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from integrations.outcomes import Ambiguous, Outcome, RetryLater

if TYPE_CHECKING:
    from integrations.contract import Exchange, Wire

DEADLINE = 30.0  # seconds for a whole call, from the first byte sent to the last byte read
CONNECT_TIMEOUT = 5.0
SIZE_CAP = 10 * 1024 * 1024
LONGEST_WAIT = 86_400.0  # seconds; a Retry-After beyond a day is a mistake
TRAIL_CAP = 20_000  # characters of a body that the request trail keeps

# ------------------------------------------------------------------------------------------------------------------- deadline

_running = threading.local()


class Cut:
    """What a deadline ends: the socket of one call. ``connected`` says that the other side may have heard of the call."""

    def __init__(self) -> None:
        self.connected = False
        self.happened = False
        self._sock: socket.socket | None = None
        self._lock = threading.Lock()

    def watch(self, sock: socket.socket) -> None:
        with self._lock:
            self.connected = True
            self._sock = sock
            self._shut()

    def cut(self) -> None:
        with self._lock:
            self.happened = True
            self._shut()

    def _shut(self) -> None:
        if self.happened and self._sock is not None:
            with contextlib.suppress(OSError):
                # Not the method of an SSLSocket: it first forgets its encryption, and a write of that moment would go out plain.
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[Cut]:
    """Cut the socket of this thread's call when the time is up, and raise ``requests.Timeout`` if nothing else does.

    A timeout of requests restarts with every byte, so an answer of one byte a second would last for ever; and Celery's thread
    pool ignores its own time limits.
    """
    cut = Cut()
    _running.cut = cut
    timer = threading.Timer(seconds, cut.cut)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
        _running.cut = None
    if cut.happened:  # a body that ends with its connection looks whole when we have ended the connection
        raise requests.Timeout(f"no whole answer within {seconds} seconds")


def _watch(connection: HTTPConnection) -> None:
    """Keep hold of the socket itself: a connection forgets it while the body is still being read."""
    cut: Cut | None = getattr(_running, "cut", None)
    if cut is not None and connection.sock is not None:
        cut.watch(connection.sock)


class _Watched(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _watch(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


class _WatchedSecure(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _watch(self)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecure


class TooLong(requests.RequestException):
    """The answer exceeds the size cap."""


class DeadlineAdapter(HTTPAdapter):
    """Connections that :func:`deadline` can cut. Reads each body whole, up to the size cap, and never retries by itself."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=8, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def send(self, request: requests.PreparedRequest, stream: bool = False, *args: Any, **kwargs: Any) -> requests.Response:
        answer = super().send(request, True, *args, **kwargs)
        with answer:
            answer._content = _body(answer)
        return answer


def _body(answer: requests.Response) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_content(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > SIZE_CAP:
            raise TooLong(f"more than {SIZE_CAP} bytes")
    return b"".join(chunks)


# Without a session there are no cookies to keep, no proxy from the environment and no redirect to follow. Threads share it.
_adapter = DeadlineAdapter()

# ----------------------------------------------------------------------------------------------------------------------- door


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. ``json`` is None where the body is empty or no JSON; ``server_time`` is the provider's Date header, UTC."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any
    server_time: datetime | None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", errors="replace")


Judge = Callable[[Reply, bool], Outcome | None]
"""Reads a reply (and whether it answers a write): None when it is a success, else what it means."""


@dataclass(frozen=True, slots=True)
class Provider:
    """What the door must know of one outside system.

    Args:
        name: as a merchant says it.
        judge: the provider's error table.
        authorise: the headers that carry a token.
        request_id: headers that name a call for the provider's support, best first.
        token_refused: whether a reply says that the access token is no longer valid.
        accepts: content types of a real answer.
        budget: reads (remaining calls, when it is full again) from a reply, where the provider tells.
    """

    name: str
    judge: Judge
    authorise: Callable[[str], Mapping[str, str]]
    token_refused: Callable[[Reply], bool]
    request_id: tuple[str, ...] = ("X-Request-Id",)
    accepts: tuple[str, ...] = ("json",)
    budget: Callable[[Reply], tuple[int, datetime] | None] = lambda reply: None


class Door:
    """Sends calls of one connection. ``wire`` gives the token, permission and an ear."""

    def __init__(self, wire: Wire, provider: Provider) -> None:
        self._wire = wire
        self._provider = provider

    def send(
        self,
        method: str,
        url: str,
        *,
        resource: str,
        write: bool = False,
        params: Any = None,
        json: Any = None,
        data: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = DEADLINE,
    ) -> Reply:
        """One call. Returns a reply that the judge calls a success; raises an Outcome for everything else.

        ``write`` says that sending it twice would do harm. A refused token is renewed once.
        """
        token = self._wire.token()
        call = _Call(method, url, resource, write, params, json, data, dict(headers or {}), seconds)
        reply = self._once(call, token)
        if self._provider.token_refused(reply):
            reply = self._once(call, self._wire.token(instead_of=token))
        verdict = self._provider.judge(reply, write)
        if verdict is not None:
            raise verdict
        return reply

    def _once(self, call: _Call, token: str) -> Reply:
        self._wire.before_call(call.resource, write=call.write)
        sent_at, started = datetime.now(UTC), time.monotonic()
        reply: Reply | None = None
        trouble = ""
        try:
            reply = self._talk(call, token)
            self._insist_on_an_answer(reply, call)
            return reply
        except Outcome as outcome:
            trouble = outcome.detail
            raise
        finally:
            self._wire.after_call(self._exchange(call, token, reply, trouble, sent_at, time.monotonic() - started))

    def _talk(self, call: _Call, token: str) -> Reply:
        headers = {"Accept-Encoding": "gzip, identity", **self._provider.authorise(token), **call.headers}
        if call.json is not None:
            headers.setdefault("Content-Type", "application/json")
        cut = Cut()
        try:
            prepared = requests.Request(call.method, call.url, params=call.params, data=call.body, headers=headers).prepare()
            with deadline(call.seconds) as cut:
                answer = _adapter.send(prepared, timeout=(CONNECT_TIMEOUT, call.seconds), verify=True)
            return _reply(answer)
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            # Only the names: what such an error prints may hold the request, and with it the token.
            names = f"{type(error).__name__}: {type(_root(error)).__name__}"
            failure = self._no_answer(call, "deadline" if cut.happened else names, sent=cut.connected)
        raise failure  # not from within, where it would carry that error along

    def _insist_on_an_answer(self, reply: Reply, call: _Call) -> None:
        """A page of HTML or half a document under status 200 is no answer, and on a write it may hide an effect."""
        kind = reply.headers.get("Content-Type", "").lower()
        readable = any(word in kind for word in self._provider.accepts) and reply.json is not False
        if reply.status < 300 and reply.body and not readable:
            raise self._no_answer(call, f"{reply.status} with an unreadable body of type {kind or 'none'}", sent=True)

    def _no_answer(self, call: _Call, detail: str, *, sent: bool) -> Outcome:
        message = f"{self._provider.name} did not answer."
        detail = f"{call.method} {call.resource}: {detail}"
        if call.write and sent:
            return Ambiguous(message, detail=detail)
        return RetryLater(message, scope="connection" if sent else "provider", detail=detail)

    def _exchange(
        self, call: _Call, token: str, reply: Reply | None, trouble: str, sent_at: datetime, seconds: float
    ) -> Exchange:
        from integrations.contract import Exchange  # contract imports oauth2, which imports this module

        named = {name.lower(): value for name, value in (reply.headers if reply else {}).items()}
        return Exchange(
            method=call.method,
            url=_shown(call.whole_url, token),
            resource=call.resource,
            status=reply.status if reply else None,
            request_id=next((named[name.lower()] for name in self._provider.request_id if name.lower() in named), ""),
            sent_at=sent_at,
            seconds=seconds,
            request_body=_shown(call.shown_body, token),
            response_body=_shown(reply.body[: 4 * TRAIL_CAP].decode("utf-8", "replace"), token) if reply else "",
            error=trouble,
            server_time=reply.server_time if reply else None,
            budget=self._provider.budget(reply) if reply else None,
            challenge=named.get("www-authenticate", "")[:200],
        )


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    url: str
    resource: str
    write: bool
    params: Any
    json: Any
    data: bytes | str | None
    headers: dict[str, str]
    seconds: float

    @property
    def body(self) -> bytes | None:
        if self.json is not None:
            # Escaped to ASCII: half a surrogate pair, which a provider can send us, has no UTF-8.
            return jsonlib.dumps(self.json, separators=(",", ":")).encode()
        return self.data.encode() if isinstance(self.data, str) else self.data

    @property
    def whole_url(self) -> str:
        with contextlib.suppress(requests.RequestException):
            return requests.Request("GET", self.url, params=self.params).prepare().url or self.url
        return self.url

    @property
    def shown_body(self) -> str:
        if self.json is not None:
            return jsonlib.dumps(self.json, ensure_ascii=False)
        return self.data.decode("utf-8", "replace") if isinstance(self.data, bytes) else (self.data or "")


def _reply(answer: requests.Response) -> Reply:
    body = answer.content
    return Reply(answer.status_code, answer.headers, body, _json(body, answer.headers), _date(answer.headers))


def _json(body: bytes, headers: Mapping[str, str]) -> Any:
    """The parsed body; None where there is none to parse; False where it claims to be JSON and is not."""
    if not body or "json" not in headers.get("Content-Type", "").lower():
        return None
    try:
        return jsonlib.loads(body)
    except (ValueError, RecursionError):
        return False


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return None


def _root(error: Exception) -> BaseException:
    """The innermost cause: requests and urllib3 wrap what really happened several times."""
    seen: BaseException = error
    while True:
        inner = getattr(seen, "reason", None) or next((arg for arg in seen.args if isinstance(arg, BaseException)), None)
        if not isinstance(inner, BaseException) or inner is seen:
            return seen
        seen = inner


_SECRETS = re.compile(
    r"""((?<![a-z])"?(?:access_token|refresh_token|client_secret|code|password|ebayauthtoken|token)"?\s*[:=>]\s*"?|bearer\s+)"""
    r"""[^"&,\s<}]+""",
    re.IGNORECASE,
)


def _shown(text: str, token: str) -> str:
    """A text for the trail: without the token, wherever it was echoed, and without what looks like a secret.

    A database takes no NUL in a text and no half of a surrogate pair.
    """
    text = text[: 2 * TRAIL_CAP].encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return _SECRETS.sub(r"\1***", text.replace(token, "***") if token else text)[:TRAIL_CAP]


def retry_after(reply: Reply) -> float | None:
    """Seconds to wait by the Retry-After header, which holds seconds or a date; a day at most. None where it says nothing."""
    value = reply.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    now = reply.server_time or datetime.now(UTC)
    return min(max(0.0, (when - now) / timedelta(seconds=1)), LONGEST_WAIT)
