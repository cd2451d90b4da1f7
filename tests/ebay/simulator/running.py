"""The eBay stand-in as a process of its own, for tests over real sockets."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[3]


@dataclass
class EbayStandIn:
    """A running stand-in: its two addresses, and its control API."""

    api: str
    apiz: str
    process: subprocess.Popen[str]
    session: requests.Session = field(default_factory=requests.Session)

    def control(self, what: str, /, **body: Any) -> Any:
        """POST ``body`` to ``/_control/<what>``; its JSON answer. requests.HTTPError where it is refused."""
        return self._told(self.session.post(f"{self.api}/_control/{what}", json=body, timeout=60))

    def told(self, path: str) -> Any:
        """GET ``/_control/<path>``; its JSON answer."""
        return self._told(self.session.get(f"{self.api}/_control/{path}", timeout=60))

    def set(self, **settings: Any) -> None:
        self._told(self.session.patch(f"{self.api}/_control/settings", json=settings, timeout=60))

    def grant(self, username: str, scopes: list[str] | None = None) -> dict[str, Any]:
        """Tokens as if the member had consented."""
        answer: dict[str, Any] = self.control("grant", username=username, scopes=scopes or [])
        return answer

    def ledger(self, kind: str = "") -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self.told(f"ledger?kind={kind}" if kind else "ledger")["entries"]
        return entries

    @staticmethod
    def _told(answer: requests.Response) -> Any:
        answer.raise_for_status()
        return answer.json()


@contextmanager
def ebay_stand_in(data: Path | None = None, **settings: Any) -> Iterator[EbayStandIn]:
    """Start one on free ports; it ends with the block. Settings are those of its settings module."""
    command = [sys.executable, "-m", "integrations.ebay.simulator"]
    command += ["--data", str(data)] if data else []
    for name, value in settings.items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())
        yield EbayStandIn(f"http://127.0.0.1:{ports['api']}", f"http://127.0.0.1:{ports['apiz']}", process)
    finally:
        process.terminate()
        process.wait(10)
