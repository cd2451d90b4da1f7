"""A provider of access, over real HTTP: it mints tokens, counts them, and can misbehave. Its own counts judge."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode


@dataclass
class Provider:
    """``rotates``: each refresh replaces the refresh token, and a new grant ends the account's old one (as at TradeGecko).

    ``life`` is an access token's, in seconds. ``owner`` is the account that is logged in at the consent page, and ``coop`` cuts
    that page off from whoever opened it. ``token_trouble`` and ``account_trouble`` are an answer (status, body) to give
    instead; ``delay`` is how long a token takes.
    """

    rotates: bool = False
    life: int = 7200
    consent: int | None = None
    delay: float = 0.0
    owner: str = "seller-1"
    coop: bool = False
    token_trouble: tuple[int, dict[str, Any]] | None = None
    account_trouble: tuple[int, dict[str, Any]] | None = None
    minted: Counter[str] = field(default_factory=Counter)
    asked: list[dict[str, str]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    refresh_tokens: dict[str, str] = field(default_factory=dict)
    access_tokens: dict[str, str] = field(default_factory=dict)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def consent_by(self, account: str) -> str:
        """The owner of an account agrees: the code that the browser brings back."""
        code = f"v^1.1#code+{secrets.token_urlsafe(8)}"
        self.codes[code] = account
        return code

    def consent_page(self, asked: dict[str, str]) -> str:
        """Where the owner agrees or declines, in a browser."""
        agree = urlencode({"state": asked["state"], "code": self.consent_by(self.owner)})
        decline = urlencode({"state": asked["state"], "error": "access_denied"})
        back = asked["redirect_uri"]
        return f'<h1>Consent</h1><a href="{back}?{agree}">Agree</a> <a href="{back}?{decline}">Decline</a>'.replace("&", "&amp;")

    def revoke(self, account: str) -> None:
        """The owner ends our access."""
        for kept in (self.refresh_tokens, self.access_tokens):
            for token in [token for token, owner in kept.items() if owner == account]:
                del kept[token]

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.asked.append(form)
        time.sleep(self.delay)
        if self.token_trouble:
            return self.token_trouble
        with self.lock:
            if form.get("grant_type") == "authorization_code":
                account = self.codes.pop(form.get("code", ""), None)
                return self._granted(account)
            return self._refreshed(form.get("refresh_token", ""))

    def _granted(self, account: str | None) -> tuple[int, dict[str, Any]]:
        if account is None:
            return 400, {"error": "invalid_grant"}
        if self.rotates:
            self.refresh_tokens = {token: owner for token, owner in self.refresh_tokens.items() if owner != account}
        self.minted["grant"] += 1
        return 200, {**self._access(account), **self._refresh(account)}

    def _refreshed(self, token: str) -> tuple[int, dict[str, Any]]:
        account = self.refresh_tokens.get(token)
        if account is None:
            return 400, {"error": "invalid_grant"}
        self.minted["refresh"] += 1
        if not self.rotates:
            return 200, self._access(account)
        del self.refresh_tokens[token]
        return 200, {**self._access(account), **self._refresh(account)}

    def _access(self, account: str) -> dict[str, Any]:
        token = self._secret()
        self.access_tokens[token] = account
        return {"access_token": token, "expires_in": self.life, "token_type": "User Access Token"}

    def _refresh(self, account: str) -> dict[str, Any]:
        token = self._secret()
        self.refresh_tokens[token] = account
        return {"refresh_token": token, **({"refresh_token_expires_in": self.consent} if self.consent else {})}

    def _secret(self) -> str:
        token = f"v^1.1#{secrets.token_urlsafe(24)}"
        self.secrets.append(token)
        return token

    def account(self, token: str) -> tuple[int, dict[str, Any]]:
        if self.account_trouble:
            return self.account_trouble
        owner = self.access_tokens.get(token)
        return (200, {"id": owner, "name": f"{owner} Ltd"}) if owner else (401, {"error": "unauthorized"})


class Served:
    """A provider on a port of its own, until ``close``."""

    def __init__(self, provider: Provider) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
        provider.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(*provider.token(dict(parse_qsl(body))))

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == "/authorize":
                self._show(provider.consent_page(dict(parse_qsl(query))))
                return
            self._answer(*provider.account(self.headers.get("Authorization", "").removeprefix("Bearer ")))

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _show(self, html: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            if provider.coop:
                self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
