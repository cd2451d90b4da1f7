"""Each thing that can be done to the stand-in from behind, for the JSON routes and for the page of controls alike."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from integrations.simulation import Document

from .cancelling import ask_to_cancel, cancel, pay, refund, reject_cancel
from .editing import edit
from .fulfillment import ship
from .generator import generate
from .grants import BASE, KNOWN_SCOPES
from .here import notifier, world
from .notifier import TOPICS
from .orderbook import Kept
from .placing import laid_over, place

GRANTED = [
    BASE,
    f"{BASE}/sell.fulfillment",
    f"{BASE}/sell.inventory",
    f"{BASE}/commerce.identity.readonly",
    f"{BASE}/commerce.notification.subscription",
]
REASONS = ("REVOKED_BY_USER", "REVOKED_BY_EBAY", "REVOKED_BY_APP", "PASSWORD_CHANGE")


class Impossible(Exception):
    """What was asked cannot be done; the text says why."""


def set_member(wanted: Document) -> Document:
    """A seller; a changed password ends their grants, as at eBay."""
    before = world.members.get(wanted["username"])
    if before is not None and before["password"] != wanted["password"]:
        revoke(wanted["username"], "PASSWORD_CHANGE")
    allowed = {name: wanted[name] for name in ("username", "password", "marketplace", "suspended") if name in wanted}
    return world.members.create(**allowed)


def list_item(wanted: Document) -> Document:
    world.members.ensure(wanted["seller"])
    return world.listings.described(world.listings.create(wanted))


def edit_listing(item_id: str, wanted: Document) -> Document:
    """``{sku, quantity}`` sets what is on sale; ``{status, managed_by}`` change the listing itself."""
    listings = world.listings
    listing = listings.get(item_id)
    if listing is None:
        raise Impossible(f"no listing {item_id}")
    listings.edit(listing, {name: wanted[name] for name in ("status", "managed_by") if name in wanted})
    if "quantity" in wanted:
        quantity = int(wanted["quantity"])
        for unit in listing["units"]:
            if wanted.get("sku", unit["sku"]) == unit["sku"]:
                _put_on_sale(listing, unit, quantity)
    return listings.described(listing)


def place_order(wanted: Document) -> Document:
    kept = place(world, wanted)
    _tell(kept)
    return kept.document


def place_orders(wanted: Document) -> list[str]:
    placed = generate(world, wanted)
    for kept in placed:
        _tell(kept)
    return [kept.id for kept in placed]


def act(order_id: str, what: str, wanted: Document) -> Document:
    """Pay, cancel, ... ``wanted`` may say ``last_modified``, the stamp the change is to bear."""
    kept = kept_order(order_id)
    if what not in _ACTS:
        raise Impossible(f"nothing is called {what}")
    with world.store.lock:
        before = kept.document["orderPaymentStatus"]
        _ACTS[what](kept, wanted)
        world.orders.changed(kept, wanted.get("last_modified"))
    if before == "PENDING":
        _tell(kept)
    return kept.document


def ship_by_hand(order_id: str, wanted: Document, base_url: str) -> Document:
    """The seller ships by hand, in Seller Hub: ``{tracking, carrier, lines: [{lineItemId, quantity}]}``."""
    kept = kept_order(order_id)
    everything = [{"lineItemId": line["lineItemId"], "quantity": line["quantity"]} for line in kept.document["lineItems"]]
    tracking = wanted.get("tracking") or secrets.token_hex(8).upper()
    fulfillment = {
        "fulfillmentId": tracking,
        "lineItems": wanted.get("lines") or everything,
        "shipmentTrackingNumber": tracking,
        "shippedDate": world.now(),
        "shippingCarrierCode": wanted.get("carrier") or "Other",
    }
    ship(kept, fulfillment, base_url, "shipped_by_seller")
    return kept.document


def revoke(username: str, reason: str) -> int:
    if reason not in REASONS:
        raise Impossible(f"reason is one of {', '.join(REASONS)}")
    ended = world.grants.revoke(username, reason)
    notifier.revoked(username, reason)
    return ended


def grant(username: str, scopes: list[str]) -> Document:
    """Tokens as if the member had consented, for tests without a browser."""
    if not KNOWN_SCOPES.issuperset(scopes):
        raise Impossible("unknown scopes")
    world.members.ensure(username)
    return world.grants.grant(username, scopes or GRANTED)


def notify(wanted: Document) -> list[Document]:
    """Send a notification now: ``{topic, username, order_id, data, endpoint}``."""
    topic = wanted.get("topic", "")
    if topic not in TOPICS:
        raise Impossible(f"topic is one of {', '.join(TOPICS)}")
    data = wanted.get("data") or _data(topic, wanted)
    username = wanted.get("username", "") if TOPICS[topic].scope == "USER" else ""
    return notifier.send(topic, data, username, wanted.get("endpoint", ""))


def kept_order(order_id: str) -> Kept:
    kept = world.orders.get(order_id)
    if kept is None:
        raise Impossible(f"no order {order_id}")
    return kept


def _data(topic: str, wanted: Document) -> Document:
    if topic != "ORDER_CONFIRMATION":
        return notifier.person(wanted.get("username", "test_user"))
    order = kept_order(wanted["order_id"]).document
    line = order["lineItems"][0]
    sold = {"orderLineItemId": line["lineItemId"], "listingId": line["legacyItemId"], "quantity": line["quantity"]}
    return {"order": {"orderId": order["orderId"], "orderLineItems": [sold]}}


def _put_on_sale(listing: Document, unit: Document, quantity: int) -> None:
    item = world.listings.item(listing["seller"], unit["sku"])
    if listing["managed_by"] == "inventory" and item is not None:
        world.listings.set_item_quantity(item, quantity, "seller")
        world.listings.set_offer_quantity(listing, unit, quantity)
    else:
        world.listings.set_quantity(listing, unit, quantity, "seller")


def _tell(kept: Kept) -> None:
    if kept.document["orderPaymentStatus"] == "PAID":
        notifier.order_confirmed(kept.document)


def _request_id() -> str:
    return str(5_370_000_000 + world.store.next_id("cancel_request"))


def _drop_tracking(kept: Kept, tracking: str) -> None:
    if not world.packages.withdraw(kept.id, tracking):
        raise Impossible(f"{kept.id} has no package {tracking}")


def _touch(kept: Kept, overrides: Document) -> None:
    kept.document = laid_over(kept.document, {**overrides, "lastModifiedDate": kept.document["lastModifiedDate"]})


_ACTS: dict[str, Callable[[Kept, Document], None]] = {
    "pay": lambda kept, _: pay(kept.document, world.now()),
    "request-cancel": lambda kept, _: ask_to_cancel(kept.document, _request_id(), world.now()),
    "reject-cancel": lambda kept, _: reject_cancel(kept.document, _request_id(), world.now()),
    "cancel": lambda kept, _: cancel(kept.document, _request_id(), world.now()),
    "refund": lambda kept, wanted: refund(kept.document, wanted.get("amount"), world.now()),
    "drop-tracking": lambda kept, wanted: _drop_tracking(kept, wanted["tracking"]),
    "edit": lambda kept, wanted: edit(kept.document, wanted),
    "touch": lambda kept, wanted: _touch(kept, wanted.get("overrides") or {}),
}
