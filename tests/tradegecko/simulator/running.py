"""Start the TradeGecko stand-in as a process of its own, for any test that needs it.

with running({"rate_limit": 10}) as gecko:
    account = gecko.open_account(users=[{"email": "alice@example.com", "password": "secret"}])
    token = gecko.control("POST", "grant", {"email": "alice@example.com"})["access_token"]
    requests.get(f"{gecko.url}/orders", headers={"Authorization": f"Bearer {token}"})
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_SECONDS = 30


@dataclass(frozen=True)
class Gecko:
    """A running stand-in. ``url`` is where its API, OAuth pages and controls are, without a slash at the end."""

    url: str
    process: subprocess.Popen[str]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call to ``/_control/<path>``; anything but success raises ``requests.HTTPError``."""
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=_SECONDS)
        answer.raise_for_status()
        return answer.json()

    def open_account(self, **wanted: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.control("POST", "accounts", wanted)
        return answer

    def add_variants(self, *wanted: dict[str, Any]) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.control("POST", "variants", list(wanted))
        return answer

    def grant(self, email: str) -> dict[str, Any]:
        """Tokens for the user, without a browser."""
        answer: dict[str, Any] = self.control("POST", "grant", {"email": email})
        return answer

    def fault(self, kind: str, **fields: Any) -> None:
        self.control("POST", "faults", {"kind": kind, **fields})

    def ledger(self, kind: str | None = None) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = self.control("GET", f"ledger?kind={kind}" if kind else "ledger")["entries"]
        return answer

    def set(self, **settings: Any) -> None:
        self.control("PATCH", "settings", settings)

    def skew_clock(self, seconds: float) -> None:
        self.control("POST", "clock", {"skew": seconds})


@contextmanager
def running(settings: dict[str, Any] | None = None, data: Path | None = None) -> Iterator[Gecko]:
    """The stand-in on a free port, ended when the block is left."""
    command = [sys.executable, "-m", "integrations.tradegecko.simulator", "--port", "0"]
    for name, value in (settings or {}).items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    if data is not None:
        command += ["--data", str(data)]
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the stand-in ended with {process.wait()} before it was ready"
        yield Gecko(f"http://127.0.0.1:{json.loads(line)['api']}", process)
    finally:
        process.terminate()
        process.wait(timeout=_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
