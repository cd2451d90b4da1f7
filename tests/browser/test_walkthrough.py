"""The guides followed step by step on a whole installation: the portal, its worker, its ticker, the mail and the stand-ins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from cartrover.embedded import demo
from cartrover.embedded.place import held_throwaway
from cartrover.embedded.services import serving
from cartrover.embedded.supervisor import Supervisor
from cartrover.guides.reading import all_guides
from tests.guides.following import a_window, everything
from tests.waiting import wait_until

# Taken of pages that tell something only when orders have come.
OF_A_SHOP_IN_USE = {f"ebay-{each}" for each in ("skus", "methods", "stock")} | {
    f"tradegecko-{each}" for each in ("skus", "stock", "test-order")
}
NAMES_A_SERVER = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Addresses by label. Nobody has signed up yet."""
    for name in NAMES_A_SERVER:
        monkeypatch.delenv(name, raising=False)
    with (
        held_throwaway() as place,
        serving(place, durable=False) as services,
        Supervisor(place, os.environ | services, quiet=True) as supervisor,
    ):
        shown = demo.start_empty(supervisor, place, port=place.ports.take("portal"))
        for name in ("EBAY_API_URL", "TRADEGECKO_API_URL"):
            monkeypatch.setenv(name, supervisor.environment[name])
        yield shown


def test_a_new_merchant_follows_every_guide_to_its_end(chromium: Browser, installation: dict[str, str]) -> None:
    page = a_window(chromium, installation["Portal"], density=1)
    _sign_up(page, installation["Mail"])
    seen: list[str] = []

    def look(name: str, *about: Locator) -> None:
        for each in about:
            expect(each).to_be_visible()
        seen.append(name)

    everything(page, look)
    pictured = {name.removesuffix(".webp") for guide in all_guides() for name in guide.pictures}
    assert set(seen) == pictured - OF_A_SHOP_IN_USE


def _sign_up(page: Page, mail: str) -> None:
    page.goto("/accounts/signup/")
    page.get_by_label("Email").fill("noor@blue-ridge.example")
    page.get_by_label("Password", exact=True).fill("north face of the eiger")
    page.get_by_label("Password (again)").fill("north face of the eiger")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()
    arrived: list[str] = []

    def confirmation() -> bool:
        told = requests.get(f"{mail}/messages", timeout=60).text
        arrived.extend(re.findall(r"http://localhost[^\s\"\\]+confirm-email/[^\s\"\\<]+", told))
        return bool(arrived)

    wait_until(confirmation)
    page.goto(arrived[0])
    page.get_by_role("button", name="Yes, confirm").click()
    page.get_by_label("Email").fill("noor@blue-ridge.example")
    page.get_by_label("Password", exact=True).fill("north face of the eiger")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_label("Name")).to_be_visible()
