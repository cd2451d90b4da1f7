"""A server that says exactly the bytes a test wants said, when it wants them said."""

from __future__ import annotations

import contextlib
import itertools
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Script = Callable[[socket.socket, bytes], object]
"""Answers one request on its connection. An answer of True keeps the connection open for the next one."""


@dataclass
class RawServer:
    """One script for all requests; ``requests`` is what came in, heads and bodies."""

    script: Script
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def raw_server(script: Script) -> Iterator[RawServer]:
    server = RawServer(script)
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    threading.Thread(target=_accept, args=(server, listener), daemon=True).start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(server: RawServer, listener: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _address = listener.accept()
            server.connections += 1
            threading.Thread(target=_serve, args=(server, connection), daemon=True).start()


def _serve(server: RawServer, connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        while (request := _request(connection)) is not None:
            server.requests.append(request)
            if server.script(connection, request) is not True:
                break
    server.closed += 1


def _request(connection: socket.socket) -> bytes | None:
    taken = b""
    while b"\r\n\r\n" not in taken:
        piece = connection.recv(65536)
        if not piece:
            return None
        taken += piece
    head, _, body = taken.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(body: bytes | str, status: str = "200 OK", kind: str = "application/json", *headers: str) -> bytes:
    """A whole and honest HTTP answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *([f"Content-Type: {kind}"] if kind else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(*answers: bytes) -> Script:
    """Say these one after the other, the last one for ever, and close after each."""
    waiting = [_closing(each) for each in answers]

    def script(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return script


def _closing(said: bytes) -> bytes:
    """Say that the connection ends here: else a client may send its next request into a connection that is just being closed."""
    status, separator, rest = said.partition(b"\r\n")
    whole = status.startswith(b"HTTP/1.1 ") and bool(separator)
    return status + b"\r\nConnection: close\r\n" + rest if whole else said


def drip(connection: socket.socket, text: bytes, stop: threading.Event) -> None:
    """One byte every twentieth of a second and the last one for ever, until somebody has had enough."""
    for number in itertools.chain(text, itertools.repeat(text[-1])):
        if stop.wait(0.05):
            return
        connection.sendall(bytes([number]))


def reset(connection: socket.socket) -> None:
    """Cut the connection at once, with RST instead of FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
