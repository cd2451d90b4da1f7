"""Answers in the API's envelope, and the headers that every one of them carries."""

from __future__ import annotations

import hashlib
import time
import uuid
from email.utils import format_datetime

from flask import Response, g, request

from integrations.simulation import Clock

from . import sideloading, views
from .pagination import page_of
from .records import Record
from .resources import Resource
from .world import World

_ALWAYS = {
    "Cache-Control": "no-cache, no-store",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Download-Options": "noopen",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "X-Xss-Protection": "1; mode=block",
}


def answer(status: int, body: str) -> Response:
    reply = Response(body, status, content_type="application/json; charset=utf-8")
    if body and request.method in ("GET", "HEAD"):
        reply.headers["ETag"] = f'W/"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    return reply


def one(world: World, resource: Resource, record: Record, include: str = "") -> str:
    parts = _sideloaded(world, resource, [record], include)
    parts.append(f'"{resource.singular}":{views.text(world, resource.plural, record)}')
    return "{" + ",".join(parts) + "}"


def page(world: World, resource: Resource, records: list[Record]) -> Response:
    """One page of ``records``, which are all that matched."""
    cut = page_of(request.args, len(records), world.settings)
    shown = cut.cut(records)
    include = request.args.get("include") or request.args.get("_include") or ""
    parts = _sideloaded(world, resource, shown, "" if resource.plural == "orders" else include)
    parts.append(f'"{resource.plural}":{_array(world, resource.plural, shown)}')
    if resource.meta and world.settings["list_meta"]:
        parts.append(f'"meta":{{"total":{len(records)}}}')
    reply = answer(200, "{" + ",".join(parts) + "}")
    reply.headers.update(cut.headers(f"{request.host_url}ajax/{resource.plural}", request.args))
    return reply


def _sideloaded(world: World, resource: Resource, records: list[Record], include: str) -> list[str]:
    groups = sideloading.groups(world, resource, records, include)
    return [f'"{plural}":{_array(world, plural, group)}' for plural, group in groups.items()]


def _array(world: World, plural: str, records: list[Record]) -> str:
    return f"[{','.join(views.text(world, plural, record) for record in records)}]"


def dress(reply: Response, clock: Clock) -> Response:
    """Add what every answer has. Its Date follows the stand-in's clock."""
    reply.headers["Date"] = format_datetime(clock.now(), usegmt=True)
    reply.headers["X-Request-Id"] = str(uuid.uuid4())
    reply.headers["X-Runtime"] = f"{time.perf_counter() - g.started:.6f}"
    for name, value in _ALWAYS.items():
        reply.headers.setdefault(name, value)
    if "rate" in g:
        limit, remaining, reset = g.rate
        reply.headers["X-Rate-Limit-Limit"] = str(limit)
        reply.headers["X-Rate-Limit-Remaining"] = str(remaining)
        reply.headers["X-Rate-Limit-Reset"] = str(reset)
    return reply
