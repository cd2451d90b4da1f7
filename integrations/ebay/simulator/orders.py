"""getOrders and getOrder of the Fulfillment API."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from flask import Blueprint, request

from .access import ORDERS, caller, guarded
from .answers import empty, raw_json
from .errors import Refusal
from .formats import stamp
from .here import world
from .orderbook import Kept
from .query import Query, understood

ORDER_ID = re.compile(r"\d{2}-\d{5}-\d{5}|\d+!\d+|\d+-\d+")
READING = (ORDERS, f"{ORDERS}.readonly")


routes = Blueprint("orders", __name__, url_prefix="/sell/fulfillment/v1/order")


@routes.get("")
@guarded("getOrders", "order", *READING)
def get_orders() -> Any:
    seller = caller().username
    tax_breakdown = _field_groups()
    query = understood(request.args, world.clock.now())
    total, order_ids = _found(seller, query)
    body = _page(query, total, world.orders.render(order_ids, tax_breakdown=tax_breakdown))
    drift = int(world.settings["drift_per_page"])
    if drift:
        world.drift(world.orders.between(seller, "creationDate", "", "9"), drift)
    return raw_json(body)


@routes.get("/<order_id>")
@guarded("getOrder", "order", *READING)
def get_order(order_id: str) -> Any:
    tax_breakdown = _field_groups()
    kept = own_order(order_id)
    if kept is None:
        return empty(404)
    return raw_json(world.orders.render([order_id], single=True, tax_breakdown=tax_breakdown)[0])


def own_order(order_id: str) -> Kept | None:
    """The caller's order, None where they have none with this id. Refusal 32100 when it is no order id at all."""
    if not ORDER_ID.fullmatch(order_id):
        raise Refusal(32100, orderId=order_id)
    kept = world.orders.get(order_id)
    return kept if kept is not None and kept.document["sellerId"] == caller().username else None


def _found(seller: str, query: Query) -> tuple[int, list[str]]:
    """How many of the seller's orders match, and the ids of the page that is asked for, in the order of its rows."""
    if query.order_ids:
        own = set(world.orders.between(seller, query.by, query.start, query.end))
        known = [order_id for order_id in query.order_ids if order_id in own]
        return len(known), known
    lag = timedelta(seconds=float(world.settings["index_lag"]))
    end = min(query.end, stamp(world.clock.now() - lag)) if lag else query.end
    newest_first = bool(world.settings["newest_first"])
    if not query.statuses:
        return world.orders.page(seller, query.by, query.start, end, query.offset, query.limit, newest_first)
    found = world.orders.between(seller, query.by, query.start, end)
    found = [order_id for order_id in found[:: -1 if newest_first else 1] if _status(order_id) in query.statuses]
    return len(found), found[query.offset : query.offset + query.limit]


def _status(order_id: str) -> str:
    kept = world.orders.get(order_id)
    return str(kept.document["orderFulfillmentStatus"]) if kept else ""


def _page(query: Query, total: int, orders: list[bytes]) -> bytes:
    """The reply, joined from orders that are bytes already: a benchmark of a client should measure the client."""
    base_url = request.host_url.rstrip("/")
    head: dict[str, Any] = {"href": query.address(base_url, query.offset), "total": total}
    if query.offset + query.limit < total:
        head["next"] = query.address(base_url, query.offset + query.limit)
    if query.offset > 0:
        head["prev"] = query.address(base_url, max(0, query.offset - query.limit))
    head |= {"limit": query.limit, "offset": query.offset}
    text = json.dumps(head, separators=(",", ":"))
    return b'%s,"orders":[%s]}' % (text[:-1].encode(), b",".join(orders))


def _field_groups() -> bool:
    """Whether the tax breakdown is asked for. Refusal 32800 for any other group."""
    groups = set(filter(None, request.args.get("fieldGroups", "").split(",")))
    if groups - {"TAX_BREAKDOWN"}:
        raise Refusal(32800, fieldGroup=", ".join(sorted(groups)))
    return bool(groups)
