"""Pages for people: the plain ones of the web application under ``/go/``, and the controls at ``/``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, render_template, request

from integrations.simulation import FAULTS

from .current import world
from .errors import not_found
from .oauth import signed_in
from .records import Record

_SHOWN = 100


routes = Blueprint("pages", __name__)


@routes.before_request
def need_log_in() -> Any:
    if not request.path.startswith("/go/"):
        return None
    g.user = signed_in()
    return None if g.user else redirect(f"/login?{urlencode({'return_to': request.path})}")


@routes.get("/go/variants")
def variants() -> str:
    return render_template("variants.html", variants=_all("variants"), stock=world.stock)


@routes.get("/go/variants/<int:id_>")
def variant(id_: int) -> str:
    return render_template("variant.html", variant=_one("variants", id_), stock=world.stock, levels=None)


@routes.get("/go/variants/<int:id_>/stock_locations")
def stock_locations(id_: int) -> str:
    record = _one("variants", id_)
    on_hand, committed = world.stock.on_hand(record), world.stock.committed(id_)
    levels = [(place, on_hand.get(place["id"], 0), committed.get(place["id"], 0)) for place in _all("locations")]
    return render_template("variant.html", variant=record, stock=world.stock, levels=levels)


@routes.get("/go/locations")
def locations() -> str:
    return render_template("locations.html", locations=_all("locations"))


@routes.get("/go/locations/<int:id_>")
def location(id_: int) -> str:
    return render_template("location.html", location=_one("locations", id_))


@routes.get("/go/orders/<int:id_>")
def order(id_: int) -> str:
    record = _one("orders", id_)
    account_id = g.user["_account"]
    lines = world.records.where("order_line_items", account_id, order_id=id_)
    fulfillments = world.records.where("fulfillments", account_id, order_id=id_)
    return render_template("order.html", order=record, lines=lines, fulfillments=fulfillments)


@routes.get("/")
def controls() -> str:
    with world.store.lock:
        return render_template(
            "controls.html",
            accounts=[_described(account_id) for account_id in world.records.accounts()],
            ledger=world.ledger.entries()[-30:][::-1],
            duplicates=world.ledger.duplicates(),
            calls=sorted(world.calls.items()),
            settings=world.settings,
            faults=FAULTS,
        )


def _described(account_id: int) -> Record:
    account = world.records.one("accounts", account_id, account_id)
    orders = world.records.all("orders", account_id)
    return {
        **account,
        "users": world.records.all("users", account_id),
        "locations": world.records.all("locations", account_id),
        "orders": orders[-_SHOWN:][::-1],
        "order_count": len(orders),
    }


def _all(resource: str) -> list[Record]:
    return world.records.all(resource, g.user["_account"])


def _one(resource: str, id_: int) -> Record:
    found = world.records.get(resource, g.user["_account"], id_)
    if found is None:
        raise not_found(resource, id_)
    return found
