"""The portal in a real browser, over a real socket, with rows that are really committed."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    WebError,
    expect,
    sync_playwright,
)
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
    """Remembers what the portal's pages complain of, in whichever window: errors, refused content, and what is asked of others.

    A provider's own pages are not ours. That a page itself says no (403, 404, 500) is for the test to judge that opened it.
    """

    def __init__(self, context: BrowserContext, portal: str) -> None:
        self.complaints: list[str] = []
        self._portal = portal
        self._context = context
        self._heard = {"console": self._console, "weberror": self._error, "request": self._request}
        for event, hear in self._heard.items():
            context.on(event, hear)  # type: ignore[call-overload]

    def leave(self) -> None:
        for event, hear in self._heard.items():
            self._context.remove_listener(event, hear)

    def _ours(self, page: Page | None) -> bool:
        return page is not None and self._is_ours(page.url)

    def _is_ours(self, address: str) -> bool:
        return address.startswith(f"{self._portal}/")

    def _console(self, message: ConsoleMessage) -> None:
        """By where it comes from, too: a late one is heard when its window has gone on to a provider."""
        of_the_page = message.page is not None and message.location["url"] == message.page.url
        said_no = of_the_page and message.text.startswith("Failed to load resource: the server responded with a status of")
        ours = self._ours(message.page) or self._is_ours(message.location["url"])
        if message.type in ("error", "warning") and ours and not said_no:
            self.complaints.append(message.text)

    def _error(self, error: WebError) -> None:
        if self._ours(error.page):
            self.complaints.append(str(error.error))

    def _request(self, request: Request) -> None:
        if request.is_navigation_request() or request.url.startswith((f"{self._portal}/", "data:", "blob:")):
            return
        if self._ours(request.frame.page):
            self.complaints.append(f"asked another host: {request.url}")


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
    """A browser that remembers nobody. What its pages complain of fails the test."""
    keeper = keepers[viewport["width"]]
    witness = Witness(keeper.context, portal)
    yield keeper.context
    witness.leave()
    for page in keeper.context.pages:
        if page is not keeper:
            page.close()
    keeper.context.clear_cookies()
    keeper.context.clear_permissions()
    session = keeper.context.new_cdp_session(keeper)
    session.send("Storage.clearDataForOrigin", {"origin": portal, "storageTypes": "all"})
    session.detach()
    assert witness.complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
