"""The Notification API: configuration, destinations, subscriptions, topics and public keys."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, request

from integrations.simulation import Document

from .access import ANY_APPLICATION, SUBSCRIPTION, View, caller, guarded
from .answers import as_json, empty
from .errors import Refusal
from .here import notifier, world
from .notifier import TOPICS, Topic

_STATUSES = ("ENABLED", "DISABLED")


routes = Blueprint("notifications", __name__, url_prefix="/commerce/notification/v1")


def calling(call: str, *scopes: str) -> Callable[[View], View]:
    return guarded(call, "notification", ANY_APPLICATION, *scopes)


@routes.get("/public_key/<kid>")
@calling("getPublicKey")
def public_key(kid: str) -> Any:
    found = notifier.signer.public_key(kid)
    if found is None:
        raise Refusal(195001)
    return as_json(found)


@routes.get("/config")
@calling("getConfig")
def config() -> Any:
    found = world.store.get("notification_config", "config")
    if found is None:
        raise Refusal(195026)
    return as_json(found)


@routes.put("/config")
@calling("updateConfig")
def configure() -> Any:
    email = str(_body().get("alertEmail", ""))
    if "@" not in email:
        raise Refusal(195025)
    world.store.put("notification_config", "config", {"alertEmail": email})
    return empty(204)


@routes.get("/topic")
@calling("getTopics")
def topics() -> Any:
    return as_json(_list("topics", [_topic(topic) for topic in TOPICS.values()]))


@routes.get("/topic/<topic_id>")
@calling("getTopic")
def topic(topic_id: str) -> Any:
    if topic_id not in TOPICS:
        raise Refusal(195002)
    return as_json(_topic(TOPICS[topic_id]))


@routes.get("/destination")
@calling("getDestinations")
def destinations() -> Any:
    return as_json(_list("destinations", world.store.all("destination")))


@routes.post("/destination")
@calling("createDestination")
def create_destination() -> Any:
    wanted = _destination(_body())
    if world.store.get("notification_config", "config") is None:
        raise Refusal(195003)
    return _created("destination", wanted)


@routes.get("/destination/<number>")
@calling("getDestination")
def destination(number: str) -> Any:
    return as_json(_kept("destination", number, 195022))


@routes.put("/destination/<number>")
@calling("updateDestination")
def update_destination(number: str) -> Any:
    _kept("destination", number, 195022)
    world.store.put("destination", number, {**_destination(_body(), number), "destinationId": number})
    return empty(204)


@routes.delete("/destination/<number>")
@calling("deleteDestination")
def delete_destination(number: str) -> Any:
    _kept("destination", number, 195022)
    if any(each["destinationId"] == number for each in world.store.all("subscription")):
        raise Refusal(195024)
    world.store.delete("destination", number)
    return empty(204)


@routes.get("/subscription")
@calling("getSubscriptions", SUBSCRIPTION, f"{SUBSCRIPTION}.readonly")
def subscriptions() -> Any:
    mine = [each for each in world.store.all("subscription") if each["username"] == caller().username]
    return as_json(_list("subscriptions", [_shown(each) for each in mine]))


@routes.post("/subscription")
@calling("createSubscription", SUBSCRIPTION)
def create_subscription() -> Any:
    wanted = _subscription(_body())
    for each in world.store.all("subscription"):
        if (each["topicId"], each["username"]) == (wanted["topicId"], wanted["username"]):
            raise Refusal(195012)
    return _created("subscription", wanted)


@routes.get("/subscription/<number>")
@calling("getSubscription", SUBSCRIPTION, f"{SUBSCRIPTION}.readonly")
def subscription(number: str) -> Any:
    return as_json(_shown(_kept("subscription", number, 195013)))


@routes.delete("/subscription/<number>")
@calling("deleteSubscription", SUBSCRIPTION)
def delete_subscription(number: str) -> Any:
    _kept("subscription", number, 195013)
    world.store.delete("subscription", number)
    return empty(204)


@routes.post("/subscription/<number>/<any(enable, disable):what>")
@calling("enableSubscription", SUBSCRIPTION)
def switch(number: str, what: str) -> Any:
    kept = _kept("subscription", number, 195013)
    world.store.put("subscription", number, {**kept, "status": f"{what.upper()}D"})
    return empty(204)


@routes.post("/subscription/<number>/test")
@calling("testSubscription", SUBSCRIPTION)
def test(number: str) -> Any:
    kept = _kept("subscription", number, 195013)
    notifier.send(kept["topicId"], notifier.person("test_user"), kept["username"])
    return empty(202)


def _kept(collection: str, number: str, missing: int) -> Document:
    kept: Document | None = world.store.get(collection, number)
    if kept is None or kept.get("username", caller().username) != caller().username:
        raise Refusal(missing)
    return kept


def _created(collection: str, wanted: Document) -> Any:
    number = str(uuid.uuid4())
    world.store.put(collection, number, {**wanted, f"{collection}Id": number})
    return as_json({}, 201, {"Location": f"{request.base_url}/{number}"})


def _destination(body: Document, number: str = "") -> Document:
    delivery = body.get("deliveryConfig") or {}
    endpoint, token = str(delivery.get("endpoint", "")), str(delivery.get("verificationToken", ""))
    if not body.get("name") or len(str(body["name"])) > 64:
        raise Refusal(195016)
    if body.get("status") not in _STATUSES:
        raise Refusal(195018)
    address = urlsplit(endpoint)
    if not address.netloc or (world.settings["https_endpoints"] and address.scheme != "https"):
        raise Refusal(195017)
    if not re.fullmatch(r"[A-Za-z0-9_-]{32,80}", token):
        raise Refusal(195019)
    for other in world.store.all("destination"):
        if other["deliveryConfig"]["endpoint"] == endpoint and other["destinationId"] != number:
            raise Refusal(195021)
    if not notifier.challenged(endpoint, token):
        raise Refusal(195020)
    config = {"endpoint": endpoint, "verificationToken": token}
    return {"name": body["name"], "status": body["status"], "deliveryConfig": config}


def _subscription(body: Document) -> Document:
    topic, payload = TOPICS.get(str(body.get("topicId"))), body.get("payload") or {}
    if topic is None:
        raise Refusal(195027)
    if (topic.scope == "USER") != bool(caller().username):
        raise Refusal(195011)
    if body.get("status") not in _STATUSES:
        raise Refusal(195006)
    for name, supported, refusal in (
        ("schemaVersion", "1.0", 195008),
        ("format", "JSON", 195009),
        ("deliveryProtocol", "HTTPS", 195010),
    ):
        if payload.get(name) != supported:
            raise Refusal(refusal)
    destination = world.store.get("destination", str(body.get("destinationId")))
    if destination is None:
        raise Refusal(195007)
    if destination["status"] != "ENABLED":
        raise Refusal(195015)
    return {
        "topicId": topic.id,
        "status": body["status"],
        "destinationId": destination["destinationId"],
        "payload": payload,
        "creationDate": world.now(),
        "username": caller().username,
    }


def _body() -> Document:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def _shown(subscription: Document) -> Document:
    return {name: part for name, part in subscription.items() if name != "username"}


def _list(name: str, rows: list[Document]) -> Document:
    return {"href": request.url, "total": len(rows), "limit": 20, name: rows}


def _topic(topic: Topic) -> Document:
    payload = {"format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": False}
    return {
        "topicId": topic.id,
        "description": topic.description,
        "status": "ENABLED",
        "context": "APPLICATION" if topic.scope == "APPLICATION" else "USER",
        "scope": topic.scope,
        "supportedPayloads": [payload],
        "filterable": False,
    }
