"""An endpoint of ours for eBay's notifications."""

from __future__ import annotations

import hashlib
import threading
from queue import Queue
from typing import Any

from flask import Flask, request

from integrations.simulation import Door

SECRET = "a-verification-token-of-our-own-0001"


class Receiver:
    """Answers challenges, and keeps what it is sent."""

    def __init__(self) -> None:
        self.got: Queue[tuple[str, bytes]] = Queue()
        self.statuses: list[int] = []
        self.secret = SECRET
        app = Flask("receiver")
        app.add_url_rule("/ebay", view_func=self._answer, methods=["GET", "POST"])
        self.door = Door(app)
        self.address = f"http://127.0.0.1:{self.door.port}/ebay"
        threading.Thread(target=self.door.serve_forever, daemon=True).start()

    def _answer(self) -> Any:
        if request.method == "GET":
            words = request.args["challenge_code"] + self.secret + self.address
            return {"challengeResponse": hashlib.sha256(words.encode()).hexdigest()}
        self.got.put((request.headers["X-EBAY-SIGNATURE"], request.get_data()))
        return "", self.statuses.pop(0) if self.statuses else 204

    def close(self) -> None:
        self.door.shutdown()
        self.door.server_close()
