"""Takes the pictures of the guides and of the README, by doing in a demo of its own what the guides tell: `make pictures`.

So a guide's picture shows what its reader will see, and a step that can no longer be followed ends this with an error.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from cartrover.embedded import demo, outside
from cartrover.embedded.place import CHECKOUT, held_throwaway
from cartrover.embedded.services import serving
from cartrover.embedded.supervisor import Supervisor, end_on_signals
from cartrover.embedded.wholesale import WHOLESALE
from cartrover.guides.pictures import DENSITY
from tests.guides.following import Shoot, a_window, begin, everything

GUIDES = CHECKOUT / "static" / "guides"
README = CHECKOUT / "docs" / "pictures" / "dashboard.png"
ROUNDS = 14  # of packing at the warehouse, until orders are at every stage
AROUND = 14  # how much of the page shows round what a picture is about


def main() -> None:
    end_on_signals()
    with (
        held_throwaway() as place,
        serving(place, durable=False) as services,
        Supervisor(place, os.environ | services, quiet=True) as supervisor,
        browser() as chromium,
    ):
        shown = demo.start(supervisor, place, port=place.ports.take("portal"))
        os.environ.update(supervisor.environment)
        email, _, password = shown["Member"].partition(" / ")
        page = a_window(chromium, shown["Portal"], density=1)
        _log_in(page, email, password)
        _dashboard(page)
        page = a_window(chromium, shown["Portal"], density=DENSITY)
        _log_in(page, email, password)
        in_use(page, _shot)
        everything(page, _shot)


@contextmanager
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--font-render-hinting=none"])
        yield chromium
        chromium.close()


# ---------------------------------------------------------------------------------------------------------- what is pictured


def _dashboard(page: Page) -> None:
    """The demo's merchant, when some orders have gone all the way."""
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    for round_ in range(ROUNDS):
        outside.tradegecko().post("ship", {"count": 20, "share_partial": 0.1, "only": "unshipped", "seed": round_})
        page.wait_for_timeout(5_000)
    page.reload()
    README.parent.mkdir(parents=True, exist_ok=True)
    _save(page.screenshot(), README)


def in_use(page: Page, shoot: Shoot) -> None:
    """Pages that tell something only when orders have come: those of the demo's merchant."""
    card = page.locator("main .card").first
    begin(page, "SKUs")
    shoot("ebay-skus", page.locator(".page-head"), card)
    begin(page, "Rules 4")
    shoot("tradegecko-skus", page.locator(".page-head"), card)
    begin(page, "Shipping methods")
    methods = page.locator("section").filter(has=page.get_by_role("heading", name="eBay United States"))
    shoot("ebay-methods", methods, page.locator("section[aria-labelledby=carriers]"))
    begin(page, "Stock")
    page.get_by_label("Cart").select_option(label="eBay United States")
    page.get_by_role("button", name="Search").click()
    _in_step(page)
    shoot("ebay-stock", page.locator(".page-head"), card)
    begin(page, "CAMP-SET-2P")
    shoot("tradegecko-stock", page.locator("section").filter(has=page.locator(".table-sum")))
    begin(page, "Carts", WHOLESALE, "Test order")
    page.get_by_role("button", name="Send the test order").click()
    expect(page.get_by_text("voided again").first).to_be_visible()
    shoot("tradegecko-test-order", page.locator("section[aria-labelledby=codes]"))


def _in_step(page: Page) -> None:
    """Look at the stock until most listings show what they ought to: a figure waits until what was sold before it is known."""
    for _ in range(60):
        if page.locator("tbody").get_by_text("In step").count() > 7:
            return
        page.wait_for_timeout(2_000)
        page.reload()
    raise LookupError("The listings did not come to show what they ought to.")


# -------------------------------------------------------------------------------------------------------------- how it is done


def _log_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def _shot(name: str, *about: Locator) -> None:
    """What it is about, with a little of the page round it; whole, however long it is."""
    for each in about:
        expect(each).to_be_visible()
    page = about[0].page
    page.mouse.move(0, 0)
    left, top, right, bottom = _hull([box for each in about if (box := each.bounding_box())])
    x, y = max(left - AROUND, 0), max(top + page.evaluate("window.scrollY") - AROUND, 0)
    clip = FloatRect(x=x, y=y, width=right + AROUND - x, height=bottom - top + 2 * AROUND)
    _save(page.screenshot(clip=clip, full_page=True), GUIDES / f"{name}.webp")


def _hull(boxes: list[FloatRect]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all of them together."""
    return (
        min(box["x"] for box in boxes),
        min(box["y"] for box in boxes),
        max(box["x"] + box["width"] for box in boxes),
        max(box["y"] + box["height"] for box in boxes),
    )


def _save(picture: bytes, path: Path) -> None:
    """As it was seen: without loss, and without the pixels' transparency."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    if path.suffix == ".webp":
        image.save(path, lossless=True, quality=60, method=4)
    else:
        image.save(path, optimize=True)
    print(f"{path.relative_to(CHECKOUT)}  {path.stat().st_size // 1000} kB", flush=True)


if __name__ == "__main__":
    main()
