"""The portal in a real browser, over a real socket, with rows that are really committed."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django import Settings


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Only the browser's own log is looked at."""


@pytest.fixture
def portal(live: None, settings: Settings) -> Iterator[str]:
    """The portal's address. It answers to no other, so the port is chosen before it starts."""
    cache.clear()  # its table is no model's, so what throttles log-ins would outlive the test
    server = ThreadedWSGIServer(("localhost", 0), Quiet)
    settings.PORTAL_URL = f"http://localhost:{server.server_port}"
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.CSRF_TRUSTED_ORIGINS = [settings.PORTAL_URL]
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield settings.PORTAL_URL
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path and not os.environ.get("CARTROVER_REQUIRE_BROWSER"):
        pytest.skip("no Chromium here: set CHROMIUM_PATH")
    # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


class Witness:
    """Remembers what a page complains of: errors, refused content and answers that are none."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _request(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if urlsplit(url).hostname not in ("localhost", None):
            self.complaints.append(f"asked another host: {url}")


@pytest.fixture(params=[(1280, 800), (360, 740)], ids=["desktop", "phone"])
def context(request: pytest.FixtureRequest, chromium: Browser, portal: str) -> Iterator[BrowserContext]:
    width, height = request.param
    context = chromium.new_context(base_url=portal, viewport={"width": width, "height": height}, reduced_motion="reduce")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose complaints fail the test."""
    page = context.new_page()
    page.set_default_timeout(15_000)
    witness = Witness(page)
    yield page
    assert witness.complaints == []
