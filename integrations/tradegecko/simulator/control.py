"""The stand-in's own part of the control API, under ``/_control/``; what all stand-ins share is in ``integrations.simulation``.

Bodies and answers are JSON. ``account`` may be left out where there is only one. A refusal has the status and body that the
API would give.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request

from . import accounts, formats, invoices, orders, returns, tokens, warehouse
from .current import world
from .errors import bad_request, not_found
from .records import Record, public

routes = Blueprint("tradegecko_control", __name__, url_prefix="/_control")


def body() -> Record:
    given = request.get_json(force=True, silent=True)
    return given if isinstance(given, dict) else {}


@routes.post("/accounts")
def open_account() -> Any:
    """See ``accounts.open_account``."""
    with world.store.lock:
        return jsonify(accounts.open_account(world, body())), 201


@routes.post("/variants")
def add_variants() -> Any:
    """One variant or a list of them, see ``accounts.add_variant``; answers with the same, with ``variant_id``."""
    wanted = request.get_json(force=True)
    with world.store.lock:
        made = [_add(each) for each in (wanted if isinstance(wanted, list) else [wanted])]
    return jsonify(made if isinstance(wanted, list) else made[0]), 201


def _add(wanted: Record) -> Record:
    variant = accounts.add_variant(world, account_of(wanted), wanted)
    return {"variant_id": variant["id"], "product_id": variant["product_id"], "sku": variant["sku"]}


@routes.post("/stock")
def set_stock() -> Any:
    """``{account, variant_id | sku, location_id, on_hand}``: what was counted on the shelf."""
    given = body()
    with world.store.lock:
        account_id = account_of(given)
        variant = world.records.get("variants", account_id, given.get("variant_id"))
        variant = variant or warehouse.variant_by_sku(world, account_id, str(given.get("sku")))
        place = given.get("location_id") or orders.account_of(world, account_id)["primary_location_id"]
        world.stock.set(variant, int(place), formats.number(given["on_hand"]))
    return jsonify({"variant_id": variant["id"], "available": str(world.stock.available(variant))})


@routes.post("/orders")
def place_order() -> Any:
    """An order by a person, see ``warehouse.place_order``; answers with the order."""
    given = body()
    with world.store.lock:
        return jsonify(public(warehouse.place_order(world, account_of(given), given))), 201


@routes.patch("/orders/<int:order_id>")
def edit_order(order_id: int) -> Any:
    """What a person changes in the web pages; the body is that of ``PUT /orders/:id`` without its root."""
    with world.store.lock:
        order = order_of(order_id)
        orders.update(world, warehouse.person(order["_account"]), order, body())
        return jsonify(public(order_of(order_id)))


@routes.post("/orders/<int:order_id>/ship")
def ship(order_id: int) -> Any:
    """See ``warehouse.ship``; answers with the fulfillment."""
    with world.store.lock:
        return jsonify(public(warehouse.ship(world, order_of(order_id), body()))), 201


@routes.post("/orders/<int:order_id>/void")
def void(order_id: int) -> Any:
    with world.store.lock:
        return jsonify(public(orders.delete(world, order_of(order_id))))


@routes.delete("/orders/<int:order_id>")
def lose(order_id: int) -> Any:
    """Its record is lost: neither a list nor its own address knows it any more. Answers with what it was."""
    with world.store.lock:
        return jsonify(public(warehouse.lose(world, order_of(order_id))))


@routes.post("/orders/<int:order_id>/return")
def take_back(order_id: int) -> Any:
    """See ``returns.begin``; answers with the return."""
    with world.store.lock:
        return jsonify(public(returns.begin(world, order_of(order_id), body()))), 201


@routes.post("/returns/<int:return_id>/receive")
def receive(return_id: int) -> Any:
    """The goods of a return that was on its way are there."""
    with world.store.lock:
        owner = world.records.owner("fulfillment_returns", return_id) or 0
        found = world.records.get("fulfillment_returns", owner, return_id)
        if found is None:
            raise not_found("fulfillment_return", return_id)
        return jsonify(public(returns.receive(world, found)))


@routes.post("/orders/<int:order_id>/pay")
def pay(order_id: int) -> Any:
    with world.store.lock:
        order = order_of(order_id)
        invoices.pay_order(world, warehouse.person(order["_account"]), order, {"payment_method_name": "Cash"})
        return jsonify(public(order_of(order_id)))


@routes.post("/ship")
def ship_waiting() -> Any:
    """See ``warehouse.ship_waiting``; answers with the fulfillments."""
    with world.store.lock:
        return jsonify([public(each) for each in warehouse.ship_waiting(world, body())]), 201


@routes.post("/grant")
def grant() -> Any:
    """``{email}``: tokens as after a consent in the browser; with ``privileged`` the token that never expires."""
    given = body()
    with world.store.lock:
        user = user_of(given)
        if given.get("privileged"):
            return jsonify({"access_token": tokens.privileged(world, user), "token_type": "bearer"}), 201
        return jsonify(tokens.mint(world, user)), 201


@routes.post("/revoke")
def revoke() -> Any:
    """``{email}``: end every grant of the user at once."""
    with world.store.lock:
        return jsonify({"revoked": tokens.revoke(world, user_of(body()))})


@routes.get("/summary")
def summary() -> Any:
    """See ``warehouse.summary``; ``?account=`` for one account only."""
    with world.store.lock:
        return jsonify(warehouse.summary(world, request.args.get("account", type=int)))


def account_of(given: Record) -> int:
    known = world.records.accounts()
    wanted = given.get("account", known[0] if len(known) == 1 else None)
    if wanted not in known:
        raise bad_request(f"account must be one of {known}")
    return int(wanted)


def order_of(order_id: int) -> Record:
    order = world.records.get("orders", world.records.owner("orders", order_id) or 0, order_id)
    if order is None:
        raise not_found("order", order_id)
    return order


def user_of(given: Record) -> Record:
    user = tokens.user_by_email(world, str(given.get("email")))
    if user is None:
        raise not_found("user", given.get("email"))
    return user
