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
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from integrations.outcomes import Ambiguous, Outcome, RetryLater

if TYPE_CHECKING:
    from integrations.contract import Wire

DEADLINE = 30.0  # seconds for a whole call, from the first byte sent to the last byte read
CONNECT_TIMEOUT = 5.0
SIZE_CAP = 10 * 1024 * 1024
TRAIL_CAP = 20_000  # characters of a body that the request trail keeps

# ------------------------------------------------------------------------------------------------------------------- deadline

_running = threading.local()


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Cut the socket of this thread's call when the time is up.

    A timeout of requests restarts with every byte, so an answer of one byte a second would last for ever; and Celery's thread
    pool ignores its own time limits. The cut shows as a connection error.
    """
    _running.connection = None
    cell: list[HTTPConnection | None] = [None]
    _running.cell = cell

    def cut() -> None:
        connection = cell[0]
        sock = getattr(connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        _running.cell = None


class _Watched(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


class _WatchedSecure(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


def _watch(connection: HTTPConnection) -> None:
    cell = getattr(_running, "cell", None)
    if cell is not None:
        cell[0] = connection


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _WatchedSecure


class DeadlineAdapter(HTTPAdapter):
    """Connections that :func:`deadline` can cut. Never retries by itself."""

    def __init__(self) -> None:
        super().__init__(max_retries=0, pool_connections=8, pool_maxsize=16)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no netrc: both would send a token where nobody asked for it
    for prefix in ("https://", "http://"):
        session.mount(prefix, DeadlineAdapter())
    return session


# A session's connections are shared by all threads; it keeps no cookies between calls (see Door.send).
_session = _new_session()

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
        trouble: Outcome | None = None
        try:
            reply = self._talk(call, token)
            trouble = self._shape(reply, call)
        except (requests.RequestException, OSError, _TooLong) as error:
            trouble = self._cut_off(error, call)
        self._wire.after_call(self._exchange(call, reply, trouble, sent_at, time.monotonic() - started))
        if trouble is not None:
            raise trouble
        assert reply is not None  # one of the two is always there
        return reply

    def _talk(self, call: _Call, token: str) -> Reply:
        headers = {"Accept-Encoding": "gzip, identity", **self._provider.authorise(token), **call.headers}
        body = call.data
        if call.json is not None:
            body = jsonlib.dumps(call.json, ensure_ascii=False, separators=(",", ":")).encode()
            headers.setdefault("Content-Type", "application/json")
        prepared = requests.Request(call.method, call.url, params=call.params, data=body, headers=headers).prepare()
        with deadline(call.seconds):
            answer = _session.send(
                prepared, stream=True, allow_redirects=False, timeout=(CONNECT_TIMEOUT, call.seconds), verify=True
            )
            with answer:
                return _read(answer, call.seconds)

    def _shape(self, reply: Reply, call: _Call) -> Outcome | None:
        """A page of HTML or half a document under status 200 is no answer, and on a write it may hide an effect."""
        kind = reply.headers.get("Content-Type", "")
        if reply.status >= 300 or (
            reply.body and any(word in kind for word in self._provider.accepts) and reply.json is not False
        ):
            return None
        if not reply.body:
            return None
        return self._no_answer(call, f"{reply.status} with an unreadable body of type {kind or 'none'}", sent=True)

    def _cut_off(self, error: Exception, call: _Call) -> Outcome:
        sent = not isinstance(_root(error), ConnectTimeoutError | NewConnectionError | socket.gaierror)
        return self._no_answer(call, f"{type(error).__name__}: {type(_root(error)).__name__}", sent=sent)

    def _no_answer(self, call: _Call, detail: str, *, sent: bool) -> Outcome:
        message = f"{self._provider.name} did not answer."
        if call.write and sent:
            return Ambiguous(message, detail=f"{call.method} {call.resource}: {detail}")
        return RetryLater(
            message, scope="provider" if not sent else "connection", detail=f"{call.method} {call.resource}: {detail}"
        )

    def _exchange(self, call: _Call, reply: Reply | None, trouble: Outcome | None, sent_at: datetime, seconds: float) -> Any:
        from integrations.contract import Exchange  # contract imports oauth2, which imports this module

        named = {name.lower(): value for name, value in (reply.headers if reply else {}).items()}
        return Exchange(
            method=call.method,
            url=_shown(call.url, call.params),
            resource=call.resource,
            status=reply.status if reply else None,
            request_id=next((named[name.lower()] for name in self._provider.request_id if name.lower() in named), ""),
            sent_at=sent_at,
            seconds=seconds,
            request_body=_masked(call.shown_body)[:TRAIL_CAP],
            response_body=_masked(reply.text[:TRAIL_CAP]) if reply else "",
            error=trouble.detail if trouble else "",
            server_time=reply.server_time if reply else None,
            budget=self._provider.budget(reply) if reply else None,
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
    def shown_body(self) -> str:
        if self.json is not None:
            return jsonlib.dumps(self.json, ensure_ascii=False)
        return self.data.decode("utf-8", "replace") if isinstance(self.data, bytes) else (self.data or "")


class _TooLong(Exception):
    """The answer exceeds the size cap or the deadline."""


def _read(answer: requests.Response, seconds: float) -> Reply:
    ends, chunks, size = time.monotonic() + seconds, [], 0
    for chunk in answer.iter_content(65536):
        chunks.append(chunk)
        size += len(chunk)
        if size > SIZE_CAP or time.monotonic() > ends:
            raise _TooLong(f"{size} bytes")
    body = b"".join(chunks)
    promised = answer.headers.get("Content-Length")
    if promised and "Content-Encoding" not in answer.headers and int(promised) != size:
        raise requests.exceptions.ConnectionError("body shorter than its Content-Length")
    return Reply(answer.status_code, answer.headers, body, _json(body, answer.headers), _date(answer.headers))


def _json(body: bytes, headers: Mapping[str, str]) -> Any:
    """The parsed body; None where there is none to parse; False where it claims to be JSON and is not."""
    if not body or "json" not in headers.get("Content-Type", ""):
        return None
    try:
        return jsonlib.loads(body)
    except ValueError:
        return False


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
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
    r'("?(?:access_token|refresh_token|client_secret|code|password|eBayAuthToken|token)"?\s*[:=]\s*"?)[^"&,\s<}]+',
    re.IGNORECASE,
)


def _masked(text: str) -> str:
    return _SECRETS.sub(r"\1***", text)


def _shown(url: str, params: Any) -> str:
    return _masked(requests.Request("GET", url, params=params).prepare().url or url)


def retry_after(reply: Reply, *, default: float | None = None) -> float | None:
    """Seconds to wait by the Retry-After header, which holds seconds or a date."""
    value = reply.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value).astimezone(UTC)
    except ValueError:
        return default
    now = reply.server_time or datetime.now(UTC)
    return max(0.0, (when - now) / timedelta(seconds=1))
