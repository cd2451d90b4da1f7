"""Request bodies: JSON, or a form with names such as ``order[order_line_items][][variant_id]``."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Request

from .errors import bad_request

_PARTS = re.compile(r"\[([^\]]*)\]")


def body_of(request: Request) -> dict[str, Any]:
    """The body as a dict; empty where there is none. JSON that doesn't parse is 400."""
    if request.mimetype == "application/x-www-form-urlencoded":
        return nested(list(request.form.items(multi=True)))
    raw = request.get_data()
    if not raw.strip():
        return {}
    try:
        parsed = json.loads(raw)
    except ValueError:
        raise bad_request("There was a problem in the JSON you submitted") from None
    return parsed if isinstance(parsed, dict) else {}


def nested(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Rails' reading of form names: ``[]`` begins a new element where the last one already has the key that follows."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *_ = name.partition("[")
        _put(root, [first, *_PARTS.findall(name)], value)
    return root


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    key, rest = path[0], path[1:]
    if not rest:
        into[key] = value
    elif rest == [""]:
        into.setdefault(key, []).append(value)
    elif rest[0] == "":
        elements = into.setdefault(key, [])
        if not elements or rest[1] in elements[-1]:
            elements.append({})
        _put(elements[-1], rest[1:], value)
    else:
        _put(into.setdefault(key, {}), rest, value)
