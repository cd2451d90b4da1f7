"""What tests and demos do to the stand-in from behind, as JSON under ``/_control/``."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from integrations.simulation import Document

from . import acts
from .acts import Impossible
from .answers import as_json
from .here import faults, world
from .recorded import feed

routes = Blueprint("ebay_control", __name__, url_prefix="/_control")


@routes.errorhandler(Impossible)
def impossible(error: Impossible) -> Any:
    return as_json({"error": str(error)}, 400)


@routes.errorhandler(KeyError)
def missing(error: KeyError) -> Any:
    return as_json({"error": f"missing or unknown: {error}"}, 400)


@routes.post("/reset")
def reset() -> Any:
    world.reset()
    faults.clear()
    return as_json({"ok": True})


@routes.route("/sellers", methods=["GET", "POST"])
def sellers() -> Any:
    return as_json(acts.set_member(_body()) if request.method == "POST" else world.members.all())


@routes.get("/listings")
def listings() -> Any:
    return as_json([world.listings.described(listing) for listing in world.listings.all()])


@routes.post("/listings")
def create_listing() -> Any:
    return as_json(acts.list_item(_body()), 201)


@routes.post("/listings/<item_id>")
def edit_listing(item_id: str) -> Any:
    return as_json(acts.edit_listing(item_id, _body()))


@routes.get("/orders")
def orders() -> Any:
    return as_json([kept.document for kept in world.orders.all()])


@routes.post("/orders")
def create_order() -> Any:
    return as_json(acts.place_order(_body()), 201)


@routes.post("/orders/generate")
def generate_orders() -> Any:
    return as_json({"orders": acts.place_orders(_body())}, 201)


@routes.get("/orders/<order_id>")
def order(order_id: str) -> Any:
    return as_json(acts.kept_order(order_id).document)


@routes.post("/orders/<order_id>/ship")
def ship_order(order_id: str) -> Any:
    return as_json(acts.ship_by_hand(order_id, _body(), _base_url()))


@routes.post("/orders/<order_id>/<what>")
def act(order_id: str, what: str) -> Any:
    return as_json(acts.act(order_id, what, _body()))


@routes.get("/fulfillments")
def fulfillments() -> Any:
    return as_json(world.packages.described())


@routes.post("/recorded")
def recorded() -> Any:
    wanted = _body()
    seller = wanted.get("seller") or next((member["username"] for member in world.members.all()), "recorded_seller")
    return as_json(feed(world, wanted["payloads"], seller, _base_url()), 201)


@routes.post("/grant")
def grant() -> Any:
    wanted = _body()
    return as_json(acts.grant(wanted["username"], wanted.get("scopes") or []), 201)


@routes.post("/revoke")
def revoke() -> Any:
    wanted = _body()
    return as_json({"revoked": acts.revoke(wanted["username"], wanted.get("reason", "REVOKED_BY_USER"))})


@routes.post("/notify")
def notify() -> Any:
    return as_json({"sent": acts.notify(_body())})


@routes.get("/summary")
def summary() -> Any:
    return as_json(world.summary())


def _body() -> Document:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def _base_url() -> str:
    return request.host_url.rstrip("/")
