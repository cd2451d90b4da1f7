"""Takes the pictures of the guides and of the README, by doing in a demo of its own what the guides tell: `make pictures`.

So a guide's picture shows what its reader will see, and a step that can no longer be followed ends this with an error.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, FloatRect, Locator, Page, ViewportSize, expect, sync_playwright

from cartrover.embedded import demo, outside
from cartrover.embedded.place import CHECKOUT, held_throwaway
from cartrover.embedded.services import serving
from cartrover.embedded.supervisor import Supervisor, end_on_signals
from cartrover.embedded.wholesale import WHOLESALE
from cartrover.guides.pictures import DENSITY

GUIDES = CHECKOUT / "static" / "guides"
README = CHECKOUT / "docs" / "pictures" / "dashboard.png"
WINDOW = ViewportSize(width=1280, height=800)
ROUNDS = 14  # of packing at the warehouse, until orders are at every stage
AROUND = 14  # how much of the page shows round what a picture is about

MERCHANT = "Blue Ridge Supply"
SELLER = {"username": "blue_ridge_supply", "password": "seller-demo"}
SKU, ITEM = "LANTERN-2", "Camping lantern"
OWNER = "owner@blue-ridge.example"
USER = {"email": "warehouse@blue-ridge.example", "password": "warehouse-demo"}

Shoot = Callable[..., None]


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
        _accounts()
        email, _, password = shown["Member"].partition(" / ")
        page = _page(chromium, shown["Portal"], density=1)
        _log_in(page, email, password)
        _dashboard(page)
        page = _page(chromium, shown["Portal"], density=DENSITY)
        _log_in(page, email, password)
        in_use(page, _shot)
        _new_merchant(page)
        tradegecko(page, _shot)
        ebay(page, _shot)
        portal(page, _shot)
        tradegecko_cart(page, _shot)


@contextmanager
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--font-render-hinting=none"])
        yield chromium
        chromium.close()


def _page(chromium: Browser, address: str, *, density: int) -> Page:
    context = chromium.new_context(
        base_url=address, viewport=WINDOW, device_scale_factor=density, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def _accounts() -> None:
    """What a new merchant has outside before it comes to us: a seller with listings and orders, an account with stock."""
    ebay, tradegecko = outside.ebay(), outside.tradegecko()
    ebay.post("sellers", {**SELLER, "marketplace": "EBAY_US"})
    listing = {
        "seller": SELLER["username"],
        "marketplace": "EBAY_US",
        "sku": "LANTERN-2",
        "title": "Camping lantern",
        "price": "24.00",
    }
    ebay.post("listings", {**listing, "quantity": 40})
    ebay.post("orders/generate", {"seller": SELLER["username"], "count": 6, "marketplaces": ["EBAY_US"], "seed": 3, "hours": 40})
    account = {
        "name": MERCHANT,
        "time_zone": "America/New_York",
        "currencies": ["USD", "EUR"],
        "locations": ["Asheville", "Reno"],
    }
    made = tradegecko.post("accounts", {**account, "users": [USER]})
    stock = {str(location): 60 for location in made["location_ids"]}
    tradegecko.post("variants", [{"account": made["account_id"], "stock": stock, "sku": "LANTERN-2", "name": "Camping lantern"}])


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
    _begin(page, "SKUs")
    shoot("ebay-skus", page.locator(".page-head"), card)
    _begin(page, "Rules 4")
    shoot("tradegecko-skus", page.locator(".page-head"), card)
    _begin(page, "Shipping methods")
    methods = page.locator("section").filter(has=page.get_by_role("heading", name="eBay United States"))
    shoot("ebay-methods", methods, page.locator("section[aria-labelledby=carriers]"))
    _begin(page, "Stock")
    page.get_by_label("Cart").select_option(label="eBay United States")
    page.get_by_role("button", name="Search").click()
    _in_step(page)
    shoot("ebay-stock", page.locator(".page-head"), card)
    _begin(page, "CAMP-SET-2P")
    shoot("tradegecko-stock", page.locator("section").filter(has=page.locator(".table-sum")))
    _begin(page, "Carts", WHOLESALE, "Test order")
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


def _new_merchant(page: Page) -> None:
    page.goto("/merchants/new/")
    page.get_by_label("Name").fill(MERCHANT)
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def tradegecko(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/tradegecko/guide.md."""
    _begin(page, "Warehouses", "Set up a warehouse", "Set up TradeGecko")
    shoot("tradegecko-setup", *_setup(page))
    page.get_by_role("button", name="Continue").click()
    shoot("tradegecko-grant", _access(page))
    _share(page)
    shoot("tradegecko-share", _access(page))
    page.get_by_label("Share Setup Link").uncheck()
    _grant(page, {"Email": USER["email"], "Password": USER["password"]}, log_in="Log in", agree="Authorize")
    shoot("tradegecko-connected", _access(page))
    shoot("tradegecko-settings", _settings(page))
    _test(page)
    shoot("tradegecko-test", _found(page))
    _ok(page)
    page.get_by_role("button", name="Go live").click()
    _begin(page, "Carts", "Add a cart", "Set up TradeGecko")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name=f"Use {MERCHANT}").click()
    shoot("tradegecko-cart-settings", _field(page, "Name"), _field(page, "Location ID"))


def ebay(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/ebay/guide.md."""
    _begin(page, "Carts", "Add a cart", "Set up eBay")
    page.get_by_role("radio", name="United States USD").check()
    shoot("ebay-setup", *_setup(page))
    page.get_by_role("button", name="Continue").click()
    shoot("ebay-grant", _access(page))
    _share(page)
    shoot("ebay-share", _access(page))
    page.get_by_label("Share Setup Link").uncheck()
    _grant(page, {"Username": SELLER["username"], "Password": SELLER["password"]}, log_in="Sign in", agree="Agree and Continue")
    shoot("ebay-connected", _access(page))
    page.get_by_label("Orders go to").select_option(index=1)
    shoot("ebay-settings", _settings(page))
    _test(page)
    shoot("ebay-test", _found(page))
    _ok(page)
    expect(page.get_by_text("would be sent").first).to_be_visible()
    shoot("ebay-live", page.locator("section[aria-labelledby=live]"))
    page.get_by_role("link", name="Rehearse first").click()
    page.get_by_role("button", name="Rehearse").click()
    expect(page.locator("section[aria-labelledby=ready]")).to_be_visible()
    shoot("ebay-rehearsal", page.locator(".page-head"), page.locator("section[aria-labelledby=ready]"))
    _begin(page, "Back to its settings", "Test order")
    page.get_by_role("button", name="Send the test order").click()
    expect(page.get_by_text("voided again").first).to_be_visible()
    shoot("ebay-test-order", page.locator("section[aria-labelledby=codes]"))
    shoot("ebay-owner", _owners(page).locator(".entrance-card"))


def portal(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/portal/guide.md, with the orders of the cart that ``ebay`` has set up."""
    _begin(page, "Warehouses", "Set up a warehouse", "Set up Packing desk")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Sender on packing slips").fill(f"{MERCHANT}, 12 Mill Road, Asheville NC 28801")
    shoot("portal-setup", _access(page), _settings(page))
    _test(page)
    _ok(page)
    page.get_by_role("button", name="Go live").click()
    _begin(page, "Packing", "Shelf stock")
    _send_in(page, f"sku,name,on_hand\n{SKU},{ITEM},60\n")
    page.get_by_role("link", name="Pick list").click()
    _begin(page, "Shelf stock")
    shoot("portal-stock", page.locator(".page-head"), page.locator("main .columns"))
    _begin(page, "Carts", "eBay United States")
    page.get_by_label("Orders go to").select_option(label="Packing desk")
    page.get_by_role("button", name="OK", exact=True).click()
    page.get_by_role("button", name="Go live").click()
    _orders_arrive(page)
    shoot("portal-list", page.locator(".page-head"), page.locator("main .card").first)
    page.locator("tbody a").first.click()
    page.get_by_label("Scan or type a SKU").fill(SKU)
    page.get_by_label("Scan or type a SKU").press("Enter")
    shoot("portal-order", page.locator(".page-head"), page.locator("main .columns"))


def tradegecko_cart(page: Page, shoot: Shoot) -> None:
    """What comes before a TradeGecko cart goes live: its orders go to the packing desk that ``portal`` has set up."""
    _wholesale()
    _begin(page, "Carts", "TradeGecko")
    page.get_by_label("Orders go to").select_option(label="Packing desk")
    _test(page)
    _ok(page)
    page.get_by_role("link", name="Rehearse first").click()
    page.get_by_role("button", name="Rehearse").click()
    expect(page.locator("section[aria-labelledby=ready]")).to_be_visible()
    shoot("tradegecko-rehearsal", page.locator(".page-head"), page.locator("section[aria-labelledby=ready]"))


def _wholesale() -> None:
    """Orders in the TradeGecko account itself."""
    tradegecko = outside.tradegecko()
    level = next(each for each in tradegecko.get("summary")["stock"] if each["sku"] == SKU)
    where = {"address1": "4 Summit Road", "zip_code": "28801", "city": "Asheville", "country": "US", "country_code": "US"}
    to = {**where, "first_name": "", "last_name": "", "company_name": "Camp Ridgeline"}
    line = {"sku": SKU, "quantity": 12, "price": "18.00"}
    for _ in range(4):
        wanted = {"account": level["account"], "company": "Camp Ridgeline", "paid": True, "lines": [line], "shipping_address": to}
        tradegecko.post("orders", {**wanted, "stock_location_id": int(next(iter(level["locations"])))})


def _send_in(page: Page, text: str) -> None:
    page.get_by_label("CSV file").set_input_files({"name": "stock.csv", "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Show what changes").click()
    page.get_by_role("button", name="Apply").click()


def _orders_arrive(page: Page) -> None:
    """Look at the pick list until a cart's first download has come to it."""
    for _ in range(60):
        _begin(page, "Packing")
        if page.locator("tbody tr").count() >= 3:
            return
        page.wait_for_timeout(1_000)
    raise LookupError("No order came to the packing desk.")


# -------------------------------------------------------------------------------------------------------------- how it is done


def _log_in(page: Page, email: str, password: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def _begin(page: Page, *words: str) -> None:
    """Press one link after the other, from the navigation on."""
    for name in words:
        page.get_by_role("link", name=name).first.click()


def _grant(page: Page, log_in_fields: dict[str, str], *, log_in: str, agree: str) -> None:
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Grant Us API Access").click()
    window = opened.value
    for label, value in log_in_fields.items():
        window.get_by_label(label).fill(value)
    window.get_by_role("button", name=log_in).click()
    window.get_by_role("button", name=agree).click()
    expect(_access(page).locator(".state")).to_be_visible()


def _share(page: Page) -> None:
    page.get_by_label("Share Setup Link").check()
    page.get_by_label("E-mail address of the account's owner").fill(OWNER)


def _owners(page: Page) -> Page:
    """What the owner sees behind the link for another cart, in a browser of their own."""
    _begin(page, "Carts", "Add a cart", "Set up eBay")
    page.get_by_role("radio", name="Germany").check()
    page.get_by_role("button", name="Continue").click()
    _share(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_label("Setup link").input_value()
    browser = page.context.browser
    if browser is None:
        raise LookupError("The page is in no browser.")
    theirs = _page(browser, link, density=DENSITY)
    theirs.goto(link)
    return theirs


def _test(page: Page) -> None:
    """Press Test, and wait until the last line has come."""
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.locator("#test-lines .test-line").first).to_be_visible()
    expect(page.get_by_text("Testing the next step")).to_have_count(0)


def _ok(page: Page) -> None:
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_role("button", name="Go live")).to_be_visible()


def _found(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=test]")


def _setup(page: Page) -> tuple[Locator, Locator]:
    return page.locator(".page-head"), page.locator("main form").first


def _access(page: Page) -> Locator:
    return page.locator("section[aria-labelledby=access]")


def _field(page: Page, label: str) -> Locator:
    """A field with its label and help."""
    return page.locator(".field").filter(has=page.get_by_label(label))


def _settings(page: Page) -> Locator:
    return page.locator("form[data-settings]")


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
