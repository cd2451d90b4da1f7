"""Thin, signed notices of what changed, delivered once each from a thread of their own: a client must not rely on them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import queue
import threading
import uuid
from typing import Any

import requests
from flask import has_request_context, request

from integrations.simulation import Clock

from .formats import dump
from .records import Records

_EVENTS_OF = {
    "account": ("update",),
    "address": ("create", "update"),
    "channel": ("destroy",),
    "company": ("create", "update", "destroy"),
    "contact": ("create", "update"),
    "document_theme": ("update",),
    "fulfillment": ("create", "fulfilled"),
    "fulfillment_return": ("create", "received"),
    "image": ("create",),
    "invoice": ("create", "destroy"),
    "location": ("create", "update"),
    "order": ("create", "finalized", "fulfilled"),
    "payment": ("create",),
    "procurement": ("create",),
    "product": ("create", "destroy"),
    "purchase_order": ("create", "received"),
    "stock_adjustment": ("create",),
    "stock_transfer": ("create",),
    "variant": ("create", "stock_level_update"),
}
EVENTS = frozenset(f"{name}.{what}" for name, happenings in _EVENTS_OF.items() for what in happenings)
_SECONDS_TO_ANSWER = 10


class Deliveries:
    def __init__(self, records: Records, settings: dict[str, Any], clock: Clock) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock
        self._waiting: queue.SimpleQueue[tuple[int, str, bytes]] = queue.SimpleQueue()
        self._started = threading.Lock()

    def announce(self, account_id: int, event: str, resource: str, object_id: int, **extra: Any) -> None:
        """Queue a notice for every webhook of the account that asked for ``event``."""
        hooks = [hook for hook in self._records.all("webhooks", account_id) if hook["event"] == event]
        if not hooks:
            return
        host = request.host_url if has_request_context() else "https://api.tradegecko.com/"
        notice = {
            "object_id": object_id,
            "event": event,
            "timestamp": int(self._clock.now().timestamp()),
            "resource_url": f"{host}{resource}/{object_id}.json",
            **extra,
        }
        if self._started.acquire(blocking=False):
            threading.Thread(target=self._deliver_all, name="webhooks", daemon=True).start()
        for hook in hooks:
            self._waiting.put((hook["id"], hook["address"], dump(notice).encode()))

    def signature(self, body: bytes) -> str:
        digest = hmac.new(self._settings["client_secret"].encode(), body, hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def _deliver_all(self) -> None:
        while True:
            hook_id, address, body = self._waiting.get()
            headers = {
                "Content-Type": "application/json",
                "X-Gecko-Delivery": str(uuid.uuid4()),
                "X-Gecko-Signature": self.signature(body),
            }
            try:
                answer = requests.post(address, data=body, headers=headers, timeout=_SECONDS_TO_ANSWER)
            except requests.RequestException:
                continue  # nobody there: the client's polling has to find it
            with self._records.lock:
                if answer.status_code == 410 and self._records.owner("webhooks", hook_id) is not None:
                    self._records.remove("webhooks", hook_id)
