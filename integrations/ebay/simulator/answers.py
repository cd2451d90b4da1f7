"""The few shapes of an HTTP answer."""

from __future__ import annotations

import json
from typing import Any

from flask import Response


def as_json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return raw_json(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(), status, headers)


def raw_json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(body, status, {"Content-Type": "application/json", **(headers or {})})


def empty(status: int, headers: dict[str, str] | None = None) -> Response:
    answer = Response(b"", status, headers)
    del answer.headers["Content-Type"]
    return answer
