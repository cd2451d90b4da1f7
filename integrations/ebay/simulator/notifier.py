"""Notifications on their way out: what they say, whom they go to, how they are signed."""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from dataclasses import dataclass

import requests

from integrations.simulation import Document

from .signing import Signer, challenge_response
from .world import World

SECONDS = 5
ATTEMPTS = 3
ACKNOWLEDGED = (200, 201, 202, 204)


@dataclass(frozen=True)
class Topic:
    """``scope`` is APPLICATION or USER: whose token may subscribe."""

    id: str
    scope: str
    description: str


TOPICS = {
    topic.id: topic
    for topic in (
        Topic("MARKETPLACE_ACCOUNT_DELETION", "APPLICATION", "A member asked for their data to be deleted."),
        Topic("AUTHORIZATION_REVOCATION", "APPLICATION", "A member's consent has ended."),
        Topic("ORDER_CONFIRMATION", "USER", "An order was checked out and paid."),
    )
}


class Notifier:
    def __init__(self, world: World) -> None:
        self._world = world
        self.signer = Signer(world.store)

    def challenged(self, endpoint: str, verification_token: str) -> bool:
        """Whether the endpoint answers a challenge as it must."""
        code = secrets.token_hex(16)
        try:
            answer = requests.get(endpoint, params={"challenge_code": code}, timeout=SECONDS)
            told = answer.json().get("challengeResponse")
        except (requests.RequestException, ValueError, AttributeError):
            return False
        return answer.status_code == 200 and told == challenge_response(code, verification_token, endpoint)

    def order_confirmed(self, order: Document) -> None:
        """One notification a line, when the buyer has paid."""
        for line in order["lineItems"]:
            sold = {
                "orderLineItemId": line["lineItemId"],
                "listingId": line["legacyItemId"],
                "quantity": line["quantity"],
            }
            data = {"order": {"orderId": order["orderId"], "orderLineItems": [sold]}}
            self._in_background("ORDER_CONFIRMATION", data, order["sellerId"])

    def revoked(self, username: str, reason: str) -> None:
        data = {**self.person(username), "revokeReason": reason, "revocationDate": self._world.now()}
        self._in_background("AUTHORIZATION_REVOCATION", data, "")

    def person(self, username: str) -> Document:
        member = self._world.members.ensure(username)
        return {name: member[name] for name in ("username", "userId", "eiasToken")}

    def send(self, topic: str, data: Document, username: str = "", endpoint: str = "") -> list[Document]:
        """Deliver now, to ``endpoint`` or to whoever subscribed. Returns ``{endpoint, status}`` of each, 0 for no answer."""
        endpoints = [endpoint] if endpoint else self._subscribed(topic, username)
        return [{"endpoint": each, "status": self._delivered(each, topic, data)} for each in endpoints]

    def _in_background(self, topic: str, data: Document, username: str) -> None:
        if self._subscribed(topic, username):
            threading.Thread(target=self.send, args=(topic, data, username), daemon=True).start()

    def _subscribed(self, topic: str, username: str) -> list[str]:
        found: list[str] = []
        for subscription in self._world.store.all("subscription"):
            wanted = subscription["topicId"] == topic and subscription["status"] == "ENABLED"
            destination: Document = self._world.store.get("destination", subscription["destinationId"]) or {}
            if wanted and subscription["username"] in ("", username) and destination.get("status") == "ENABLED":
                found.append(destination["deliveryConfig"]["endpoint"])
        return found

    def _delivered(self, endpoint: str, topic: str, data: Document) -> int:
        now = self._world.now()
        notification = {"notificationId": f"{uuid.uuid4()}_{uuid.uuid4()}", "eventDate": now, "publishDate": now}
        status = 0
        for attempt in range(1, ATTEMPTS + 1):
            message = {
                "metadata": {"topic": topic, "schemaVersion": "1.0", "deprecated": False},
                "notification": {**notification, "publishAttemptCount": attempt, "data": data},
            }
            status = self._posted(endpoint, json.dumps(message, separators=(",", ":")).encode())
            if status in ACKNOWLEDGED:
                break
        self._world.ledger.record(
            "notification", f"{notification['notificationId']}/{endpoint}", topic=topic, status=status, data=data
        )
        return status

    def _posted(self, endpoint: str, body: bytes) -> int:
        headers = {"Content-Type": "application/json", "X-EBAY-SIGNATURE": self.signer.signature(body)}
        try:
            return requests.post(endpoint, body, headers=headers, timeout=SECONDS).status_code
        except requests.RequestException:
            return 0
