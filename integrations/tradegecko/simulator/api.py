"""The routes of the REST API."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, g, request

from . import behaviour, filters, formats, orders, replies, tokens, views
from .bodies import body_of
from .current import world
from .errors import ApiError, missing_parameter, not_found
from .idempotency import once
from .records import Record
from .resources import EMPTY, RESOURCES, Resource

routes = Blueprint("api", __name__)
known = f"<any({','.join(RESOURCES)}):name>"


@routes.before_request
def admit() -> None:
    """Token, then budget, then subscription and size."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = tokens.caller_of(world, token.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise ApiError(401)
    g.caller = caller
    rate = world.rate
    rate.limit, rate.seconds = int(world.settings["rate_limit"]), int(world.settings["rate_seconds"])
    allowed, remaining, reset = rate.take(f"{caller.application_id}/{caller.account_id}")
    g.rate = (rate.limit, remaining, reset)
    if not allowed:
        raise ApiError(429)
    world.calls[f"{request.method} {re.sub(r'/[0-9]+', '/:id', request.path).strip('/')}"] += 1
    if caller.account_id in world.settings["lapsed_accounts"]:
        raise ApiError(402)
    if len(request.query_string) > int(world.settings["query_bytes"]):
        raise ApiError(414)


@routes.get("/accounts/current")
def current_account() -> Response:
    return show("accounts", g.caller.account_id)


@routes.get("/users/current")
def current_user() -> Response:
    return show("users", g.caller.user_id)


@routes.get("/orders/available_identifiers")
def available_identifiers() -> Response:
    if request.args.get("type") != "order_number":
        raise missing_parameter("type")
    return replies.answer(200, formats.dump({"identifier": orders.next_number(world, g.caller.account_id)}))


@routes.get("/variants/composition/<int:bundle_id>")
@routes.get("/variants/<int:bundle_id>/composition")
def composition(bundle_id: int) -> Response:
    rows = views.ROWS["composition"](world, g.caller.account_id)
    return replies.page(world, RESOURCES["composition"], [row for row in rows if row["_id"] == bundle_id])


@routes.get(f"/<any({','.join(EMPTY)}):name>")
def nothing(name: str) -> Response:
    return replies.page(world, Resource(name, name), [])


@routes.get(f"/{known}")
def index(name: str) -> Response:
    with world.store.lock:
        resource = RESOURCES[name]
        return replies.page(world, resource, filters.select(world, g.caller.account_id, resource, request.args))


@routes.get(f"/{known}/<key>")
def show(name: str, key: object) -> Response:
    with world.store.lock:
        found = find(name, key)
        return replies.answer(200, replies.one(world, RESOURCES[name], found, request.args.get("include", "")))


@routes.post(f"/{known}")
def create(name: str) -> Response:
    resource = allowed(name)
    attributes = root_of(resource)

    def write() -> Response:
        record = latest(name, behaviour.create(world, g.caller, name, attributes))
        reply = replies.answer(201, replies.one(world, resource, record))
        reply.headers["Location"] = f"{request.host_url}ajax/{name}/{record['id']}"
        return reply

    with world.store.lock:
        return once(world, g.caller, request.headers.get("Idempotency-Key"), write)


@routes.put(f"/{known}/<key>")
def update(name: str, key: str) -> Response:
    resource = allowed(name)
    attributes = root_of(resource)

    def write() -> Response:
        record = latest(name, behaviour.update(world, g.caller, name, find(name, key), attributes))
        if resource.answers_put or (name == "fulfillments" and int(world.settings["put_fulfillment"]) == 200):
            return replies.answer(200, replies.one(world, resource, record))
        return replies.answer(204, "")

    with world.store.lock:
        return once(world, g.caller, request.headers.get("Idempotency-Key"), write)


@routes.delete(f"/{known}/<key>")
def delete(name: str, key: str) -> Response:
    allowed(name)
    with world.store.lock:
        behaviour.delete(world, g.caller, name, find(name, key))
    return replies.answer(204, "")


@routes.post("/orders/<key>/actions/<action>")
def act(key: str, action: str) -> Response:
    allowed("orders")
    if action not in behaviour.ACTIONS:
        raise not_found("action", action)
    name, root, carry_out = behaviour.ACTIONS[action]
    given = body_of(request).get(root) or {}

    def write() -> Response:
        record = latest(name, carry_out(world, g.caller, find("orders", key), given))
        return replies.answer(int(world.settings["action_status"]), replies.one(world, RESOURCES[name], record))

    with world.store.lock:
        return once(world, g.caller, request.headers.get("Idempotency-Key"), write)


def allowed(name: str) -> Resource:
    """The resource, if it takes the method and the user may write it."""
    resource = RESOURCES[name]
    if request.method not in resource.methods:
        raise ApiError(404, {"type": "Not Found", "message": f"No route for {request.method} {request.path}"})
    if resource.permission not in g.caller.permissions:
        raise ApiError(403)
    return resource


def root_of(resource: Resource) -> Any:
    body = body_of(request)
    if resource.singular not in body:
        raise missing_parameter(resource.singular)
    return body[resource.singular]


def find(name: str, key: object) -> Record:
    text = str(key)
    found: Record | None
    if name in views.ROWS:
        rows = views.ROWS[name](world, g.caller.account_id)
        found = next((row for row in rows if str(row.get("id", row["_id"])) == text), None)
    else:
        found = world.records.get(views.records_of(name), g.caller.account_id, int(text) if text.isdigit() else None)
    if found is None or not filters.visible(world, found):
        raise not_found(RESOURCES[name].singular, key)
    return found


def latest(name: str, record: Record) -> Record:
    """The record after everything that followed from writing it."""
    return world.records.get(name, g.caller.account_id, record["id"]) or record
