"""The stand-ins as the demo's people use them: controls by HTTP, and log-in and consent pages without a browser."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests


class Controls:
    """The control API of one stand-in; bodies and answers are JSON."""

    def __init__(self, variable: str) -> None:
        self.address = os.environ[variable]

    def get(self, path: str, **query: Any) -> Any:
        return self._answer(requests.get(f"{self.address}/_control/{path}", params=query, timeout=60))

    def post(self, path: str, body: Any) -> Any:
        return self._answer(requests.post(f"{self.address}/_control/{path}", json=body, timeout=60))

    @staticmethod
    def _answer(response: requests.Response) -> Any:
        if not response.ok:
            raise RuntimeError(f"{response.request.method} {response.url}: {response.status_code} {response.text[:300]}")
        return response.json()


def ebay() -> Controls:
    return Controls("EBAY_API_URL")


def tradegecko() -> Controls:
    return Controls("TRADEGECKO_API_URL")


class _Form(HTMLParser):
    """The first form of a page: where it goes and what its fields hold."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._open = self._seen = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and not self._seen:
            self._open = self._seen = True
            self.action = told.get("action", "")
        elif tag == "input" and self._open and told.get("name"):
            self.fields[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


def consent(address: str, **log_in: str) -> dict[str, str]:
    """Walk through a stand-in's log-in and consent pages as the account's owner would, and accept.

    Returns the parameters with which the provider sends the browser back to the portal.
    """
    with requests.Session() as browser:
        stand_in = urlsplit(address).netloc
        answer = browser.get(address, allow_redirects=False, timeout=30)
        for _ in range(10):
            if answer.is_redirect:
                address = urljoin(address, answer.headers["Location"])
                if urlsplit(address).netloc != stand_in:
                    return dict(parse_qsl(urlsplit(address).query))
                answer = browser.get(address, allow_redirects=False, timeout=30)
                continue
            form = _Form(answer.text)
            known = {name: value for name, value in log_in.items() if name in form.fields}
            address = urljoin(address, form.action)
            answer = browser.post(address, data={**form.fields, **known, "decision": "accept"}, allow_redirects=False, timeout=30)
    raise RuntimeError(f"The stand-in never sent the browser back: {answer.status_code} at {address}")
