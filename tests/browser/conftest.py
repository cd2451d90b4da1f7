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
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from pytest_django import Settings


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Only the browser's own log is looked at."""


@pytest.fixture(scope="session")
def server() -> Iterator[ThreadedWSGIServer]:
    """One for the whole run: what a browser has loaded from it once, it keeps."""
    server = ThreadedWSGIServer(("localhost", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def portal(live: None, settings: Settings, server: ThreadedWSGIServer) -> str:
    """The portal's address. It answers to no other."""
    cache.clear()  # its table is no model's, so what throttles log-ins would outlive the test
    settings.PORTAL_URL = f"http://localhost:{server.server_port}"
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.CSRF_TRUSTED_ORIGINS = [settings.PORTAL_URL]
    settings.WHITENOISE_AUTOREFRESH = False  # as it is served: read once, and kept by the browser
    if server.get_app() is None:
        server.set_app(get_wsgi_application())
    return str(settings.PORTAL_URL)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path and not os.environ.get("CARTROVER_REQUIRE_BROWSER"):
        pytest.skip("no Chromium here: set CHROMIUM_PATH")
    # Playwright keeps an event loop in this thread, in which Django would refuse to ask the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=30_000)  # as long as an action waits: a busy machine is slow, not wrong
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


DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=360, height=740)


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def viewport(request: pytest.FixtureRequest) -> ViewportSize:
    size: ViewportSize = request.param
    return size


@pytest.fixture(scope="session")
def keepers(chromium: Browser, server: ThreadedWSGIServer) -> dict[int, Page]:
    """A blank page by the width of its browser, which keeps that browser's window open: to open one takes longer than a test."""
    portal = f"http://localhost:{server.server_port}"
    sizes = {size["width"]: size for size in (DESKTOP, PHONE)}
    return {
        width: chromium.new_context(base_url=portal, viewport=size, reduced_motion="reduce").new_page()
        for width, size in sizes.items()
    }


@pytest.fixture
def context(viewport: ViewportSize, portal: str, keepers: dict[int, Page]) -> Iterator[BrowserContext]:
    """A browser that remembers nobody."""
    keeper = keepers[viewport["width"]]
    yield keeper.context
    for page in keeper.context.pages:
        if page is not keeper:
            page.close()
    keeper.context.clear_cookies()
    keeper.context.clear_permissions()
    session = keeper.context.new_cdp_session(keeper)
    session.send("Storage.clearDataForOrigin", {"origin": portal, "storageTypes": "all"})
    session.detach()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose complaints fail the test."""
    page = context.new_page()
    witness = Witness(page)
    yield page
    assert witness.complaints == []
