"""What every stand-in shares: durable state, a ledger, a rate window and the ability to misbehave.

A stand-in is a separate process that plays an outside system over real HTTP on 127.0.0.1. It keeps state, enforces the
contract, and records in its ledger what really happened, so that a test never has to believe our own database.

This module is the only code the stand-ins of different integrations share; none of them imports ``cartrover``.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Blueprint, Flask, jsonify, request

Document = dict[str, Any]
StartResponse = Callable[..., Any]
WsgiApp = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Clock:
    """The stand-in's own clock, which a test may set wrong. ``skew`` is in seconds."""

    def __init__(self) -> None:
        self.skew = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skew)


class Store:
    """Collections of JSON documents by key, held in memory and written through to SQLite when a path is given.

    Writes are atomic per document. ``lock`` guards any read-modify-write that spans more than one document.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lock = threading.RLock()
        self._collections: dict[str, dict[str, Any]] = {}
        self._database: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS document (collection TEXT, key TEXT, body TEXT, PRIMARY KEY (collection, key))"
            )
            for collection, key, body in self._database.execute("SELECT collection, key, body FROM document"):
                self._collections.setdefault(collection, {})[key] = json.loads(body)

    def get(self, collection: str, key: object) -> Any | None:
        """The document itself, not a copy: after changing it call ``put``."""
        return self._collections.get(collection, {}).get(str(key))

    def put(self, collection: str, key: object, document: Any) -> None:
        with self.lock:
            self._collections.setdefault(collection, {})[str(key)] = document
            if self._database is not None:
                self._database.execute(
                    "INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (collection, str(key), json.dumps(document))
                )

    def delete(self, collection: str, key: object) -> None:
        with self.lock:
            self._collections.get(collection, {}).pop(str(key), None)
            if self._database is not None:
                self._database.execute("DELETE FROM document WHERE collection = ? AND key = ?", (collection, str(key)))

    def all(self, collection: str) -> list[Any]:
        """Every document of the collection, oldest key first, as a list that later writes do not disturb."""
        with self.lock:
            return list(self._collections.get(collection, {}).values())

    def items(self, collection: str) -> list[tuple[str, Any]]:
        """As ``all``, with their keys."""
        with self.lock:
            return list(self._collections.get(collection, {}).items())

    def next_id(self, sequence: str, start: int = 1) -> int:
        with self.lock:
            value = int(self.get("sequence", sequence) or start - 1) + 1
            self.put("sequence", sequence, value)
            return value

    def clear(self) -> None:
        with self.lock:
            self._collections.clear()
            if self._database is not None:
                self._database.execute("DELETE FROM document")


class Ledger:
    """What really happened at the outside system, in order. The only judge of "delivered once"."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def record(self, kind: str, key: str, **detail: Any) -> None:
        """One effect: ``kind`` such as ``order_created``; ``key`` is equal for two effects that are the same one twice."""
        number = self._store.next_id("ledger")
        entry = {"number": number, "at": self._clock.now().isoformat(), "kind": kind, "key": key, **detail}
        self._store.put("ledger", f"{number:012d}", entry)

    def entries(self, kind: str | None = None) -> list[Document]:
        return [entry for entry in self._store.all("ledger") if kind is None or entry["kind"] == kind]

    def duplicates(self) -> dict[str, int]:
        """How often each kind was done again for a key that was done before."""
        seen = Counter((entry["kind"], entry["key"]) for entry in self._store.all("ledger"))
        again: Counter[str] = Counter()
        for (kind, _key), count in seen.items():
            if count > 1:
                again[kind] += count - 1
        return dict(again)


@dataclass
class RateWindow:
    """A fixed window of ``limit`` calls each ``seconds``, aligned to the epoch as TradeGecko's is."""

    limit: int
    seconds: int
    clock: Clock
    _used: dict[tuple[str, int], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, who: str) -> tuple[bool, int, int]:
        """Count one call. Returns (allowed, remaining, reset as epoch seconds)."""
        window = int(self.clock.now().timestamp()) // self.seconds
        reset = (window + 1) * self.seconds
        with self._lock:
            used = self._used.get((who, window), 0)
            if used >= self.limit:
                return False, 0, reset
            self._used = {key: count for key, count in self._used.items() if key[1] == window}
            self._used[(who, window)] = used + 1
            return True, self.limit - used - 1, reset


@dataclass
class Fault:
    """One way to misbehave, for the next ``times`` requests that match.

    ``kind`` is one of:

    - ``status``: answer ``status`` (with ``body`` and ``headers``) and do nothing;
    - ``effect_then_status``: carry the request out, then answer ``status`` all the same;
    - ``effect_then_reset``: carry it out, then cut the connection without an answer;
    - ``reset``: cut the connection before doing anything;
    - ``delay``: wait ``seconds``, then carry on as usual;
    - ``effect_then_delay``: carry it out, wait ``seconds``, then answer;
    - ``late_effect``: cut the connection at once and carry the request out ``seconds`` later;
    - ``truncate``: answer with half of the body under the full Content-Length;
    - ``html``: answer 200 with an HTML page;
    - ``malformed``: answer with JSON that does not parse;
    - ``drip``: send the body one byte each ``seconds``;
    - ``endless``: never stop sending.
    """

    kind: str
    method: str = "*"
    path: str = ".*"
    times: int = 1
    status: int = 500
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method in ("*", method) and re.search(self.path, path) is not None


FAULTS = [
    "status",
    "effect_then_status",
    "effect_then_reset",
    "reset",
    "delay",
    "effect_then_delay",
    "late_effect",
    "truncate",
    "html",
    "malformed",
    "drip",
    "endless",
]


class Faults:
    """WSGI middleware around a stand-in that plays the faults which are waiting."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app
        self._lock = threading.Lock()
        self.waiting: list[Fault] = []
        self.played: list[Document] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self.waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self.waiting.clear()
            self.played.clear()

    def _take(self, method: str, path: str) -> Fault | None:
        if path.startswith("/_control"):
            return None
        with self._lock:
            for fault in self.waiting:
                if fault.matches(method, path):
                    fault.times -= 1
                    self.waiting = [waiting for waiting in self.waiting if waiting.times > 0]
                    self.played.append({"kind": fault.kind, "method": method, "path": path, "at": time.time()})
                    return fault
        return None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        fault = self._take(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if fault is None:
            return self._app(environ, start_response)
        play: Callable[..., Iterable[bytes]] = getattr(self, f"_{fault.kind}")
        return play(fault, environ, start_response)

    def _carry_out(self, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
        seen: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            seen[:] = [status, headers]

        body = b"".join(self._app(environ, start))
        return seen[0], seen[1], body

    def _status(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        headers = {"Content-Type": "application/json", **fault.headers}
        body = fault.body.encode()
        start(f"{fault.status} Fault", [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]

    def _effect_then_status(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        self._carry_out(environ)
        return self._status(fault, environ, start)

    def _reset(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        cut: socket.socket = environ["simulation.socket"]
        cut.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # RST instead of FIN
        os.close(cut.detach())
        raise ConnectionAbortedError("fault: connection cut")

    def _effect_then_reset(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        self._carry_out(environ)
        return self._reset(fault, environ, start)

    def _delay(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        time.sleep(fault.seconds)
        return self._app(environ, start)

    def _effect_then_delay(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        time.sleep(fault.seconds)
        start(status, headers)
        return [body]

    def _late_effect(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        later = {**environ, "wsgi.input": BytesIO(environ["wsgi.input"].read())}
        threading.Timer(fault.seconds, self._carry_out, [later]).start()
        return self._reset(fault, environ, start)

    def _truncate(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "connection")]
        start(status, [*kept, ("Content-Length", str(max(len(body), 2))), ("Connection", "close")])
        return [body[: len(body) // 2]]

    def _html(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        body = b"<html><body><h1>We will be right back</h1></body></html>"
        start("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
        return [body]

    def _malformed(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        body = b'{"orders": [{"orderId": '
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def _drip(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._carry_out(environ)
        start(status, headers)
        return self._slowly(body, fault.seconds)

    def _endless(self, fault: Fault, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        start("200 OK", [("Content-Type", "application/json"), ("Connection", "close")])
        return self._for_ever()

    @staticmethod
    def _slowly(body: bytes, seconds: float) -> Iterator[bytes]:
        for position in range(len(body)):
            time.sleep(seconds)
            yield body[position : position + 1]

    @staticmethod
    def _for_ever() -> Iterator[bytes]:
        while True:
            yield b" " * 65536


def control_routes(faults: Faults, ledger: Ledger, clock: Clock, settings: dict[str, Any], calls: Counter[str]) -> Blueprint:
    """The part of the control API that all stand-ins share, under ``/_control/``.

    ``POST faults`` (a Fault's fields), ``GET faults`` (what waits, what was played) and ``DELETE faults``;
    ``GET ledger?kind=``; ``GET calls``; ``GET``/``PATCH settings``; ``POST clock`` with ``{"skew": seconds}``; ``GET health``.
    """
    routes = Blueprint("control", __name__, url_prefix="/_control")
    _behaviour_routes(routes, faults, clock, settings)
    _record_routes(routes, ledger, calls)
    return routes


def _behaviour_routes(routes: Blueprint, faults: Faults, clock: Clock, settings: dict[str, Any]) -> None:
    @routes.route("/faults", methods=["GET", "POST", "DELETE"])
    def faults_() -> Any:
        if request.method == "POST":
            wanted = request.get_json(force=True)
            if wanted.get("kind") not in FAULTS:
                return jsonify({"error": f"unknown fault {wanted.get('kind')!r}"}), 400
            faults.add(Fault(**wanted))
        if request.method == "DELETE":
            faults.clear()
        return jsonify({"waiting": [vars(fault) for fault in faults.waiting], "played": faults.played})

    @routes.route("/settings", methods=["GET", "PATCH"])
    def settings_() -> Any:
        if request.method == "PATCH":
            wanted = request.get_json(force=True)
            unknown = set(wanted) - set(settings)
            if unknown:
                return jsonify({"error": f"unknown settings: {', '.join(sorted(unknown))}"}), 400
            settings.update(wanted)
        return jsonify(settings)

    @routes.post("/clock")
    def clock_() -> Any:
        clock.skew = float(request.get_json(force=True)["skew"])
        return jsonify({"now": clock.now().isoformat()})


def _record_routes(routes: Blueprint, ledger: Ledger, calls: Counter[str]) -> None:
    @routes.get("/health")
    def health() -> Any:
        return jsonify({"ok": True})

    @routes.get("/ledger")
    def ledger_() -> Any:
        return jsonify({"entries": ledger.entries(request.args.get("kind")), "duplicates": ledger.duplicates()})

    @routes.get("/calls")
    def calls_() -> Any:
        return jsonify(dict(calls))


class _Handler(BaseHTTPRequestHandler):
    """One WSGI request after the other on a connection that is kept alive, as the real services do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Door

    def _answer(self) -> None:
        answer = self.server.app(self._environ(), self._start)
        try:
            pieces = iter(answer)
            first = next(pieces, b"")
            self.wfile.write(self._head + first)
            for piece in pieces:
                self.wfile.write(piece)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

    def _environ(self) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(self.server.server_address[0]),
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "simulation.socket": self.connection,
        }
        for name, value in self.headers.items():
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        return environ

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        names = {name.lower() for name, _ in headers}
        if "date" not in names:
            headers = [*headers, ("Date", self.date_time_string())]
        bodiless = status[:3] in ("204", "304") or self.command == "HEAD"
        if ("connection", "close") in {(name.lower(), value) for name, value in headers}:
            self.close_connection = True
        elif "content-length" not in names and not bodiless:
            headers = [*headers, ("Connection", "close")]
            self.close_connection = True
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
        self._head = "\r\n".join(lines).encode("latin-1")
        return self.wfile.write

    def handle(self) -> None:
        with suppress(ConnectionError, TimeoutError, ValueError):  # the client, or a fault, has cut the connection
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the ledger and the call counts are the record."""


class Door(ThreadingHTTPServer):
    """One port of a stand-in, bound as soon as it is made; ``port`` 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: Flask | WsgiApp, port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, port), _Handler)
        self.app: Callable[..., Iterable[bytes]] = app
        self.port = int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def serve(app: Flask | WsgiApp, port: int, host: str = "127.0.0.1") -> None:
    """Serve until the process is ended. ``port`` 0 takes a free one; the port in use is printed as ``listening on PORT``."""
    door = Door(app, port, host)
    print(f"listening on {door.port}", flush=True)
    door.serve_forever()


def serve_all(apps: Mapping[str, tuple[Flask | WsgiApp, int]], host: str = "127.0.0.1") -> None:
    """Serve several ports until the process is ended: ``{name: (app, port)}``.

    Prints one line of JSON with the port in use of each name, ``{"api": 1234, "apiz": 1235}``, when all are ready.
    """
    doors = {name: Door(app, port, host) for name, (app, port) in apps.items()}
    print(json.dumps({name: door.port for name, door in doors.items()}), flush=True)
    threads = [threading.Thread(target=door.serve_forever, daemon=True) for door in doors.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
