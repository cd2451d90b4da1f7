"""What the guides tell a new merchant to do, done click by click in a browser.

The stand-ins' addresses are read from the environment. ``shoot`` is called where a guide has a picture, with the picture's name
and what it is about; a step that can no longer be followed raises.
"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from cartrover.embedded import outside

MERCHANT = "Blue Ridge Supply"
SELLER = {"username": "blue_ridge_supply", "password": "seller-demo"}
SKU, ITEM = "LANTERN-2", "Camping lantern"
OWNER = "owner@blue-ridge.example"
USER = {"email": "warehouse@blue-ridge.example", "password": "warehouse-demo"}

WINDOW = ViewportSize(width=1280, height=800)

Shoot = Callable[..., None]


def a_window(chromium: Browser, address: str, *, density: int) -> Page:
    """A browser that knows nobody. ``density`` is how many pixels of a picture stand for one of the page."""
    context = chromium.new_context(
        base_url=address, viewport=WINDOW, device_scale_factor=density, color_scheme="light", reduced_motion="reduce"
    )
    context.set_default_timeout(20_000)
    return context.new_page()


def everything(page: Page, shoot: Shoot) -> None:
    """All guides, one after the other, by somebody who is logged in and has nothing yet."""
    _accounts()
    _new_merchant(page)
    tradegecko(page, shoot)
    ebay(page, shoot)
    portal(page, shoot)
    tradegecko_cart(page, shoot)


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


def _new_merchant(page: Page) -> None:
    page.goto("/merchants/new/")
    page.get_by_label("Name").fill(MERCHANT)
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def tradegecko(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/tradegecko/guide.md."""
    begin(page, "Warehouses", "Set up a warehouse", "Set up TradeGecko")
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
    begin(page, "Carts", "Add a cart", "Set up TradeGecko")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name=f"Use {MERCHANT}").click()
    shoot("tradegecko-cart-settings", _field(page, "Name"), _field(page, "Location ID"))


def ebay(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/ebay/guide.md."""
    begin(page, "Carts", "Add a cart", "Set up eBay")
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
    begin(page, "Back to its settings", "Test order")
    page.get_by_role("button", name="Send the test order").click()
    expect(page.get_by_text("voided again").first).to_be_visible()
    shoot("ebay-test-order", page.locator("section[aria-labelledby=codes]"))
    shoot("ebay-owner", _owners(page).locator(".entrance-card"))


def portal(page: Page, shoot: Shoot) -> None:
    """The steps of integrations/portal/guide.md, with the orders of the cart that ``ebay`` has set up."""
    begin(page, "Warehouses", "Set up a warehouse", "Set up Packing desk")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Sender on packing slips").fill(f"{MERCHANT}, 12 Mill Road, Asheville NC 28801")
    shoot("portal-setup", _access(page), _settings(page))
    _test(page)
    _ok(page)
    page.get_by_role("button", name="Go live").click()
    begin(page, "Packing", "Shelf stock")
    _send_in(page, f"sku,name,on_hand\n{SKU},{ITEM},60\n")
    page.get_by_role("link", name="Pick list").click()
    begin(page, "Shelf stock")
    shoot("portal-stock", page.locator(".page-head"), page.locator("main .columns"))
    begin(page, "Carts", "eBay United States")
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
    begin(page, "Carts", "TradeGecko")
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
        begin(page, "Packing")
        if page.locator("tbody tr").count() >= 3:
            return
        page.wait_for_timeout(1_000)
    raise LookupError("No order came to the packing desk.")


# -------------------------------------------------------------------------------------------------------------- how it is done


def begin(page: Page, *words: str) -> None:
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
    begin(page, "Carts", "Add a cart", "Set up eBay")
    page.get_by_role("radio", name="Germany").check()
    page.get_by_role("button", name="Continue").click()
    _share(page)
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_label("Setup link").input_value()
    browser = page.context.browser
    if browser is None:
        raise LookupError("The page is in no browser.")
    theirs = a_window(browser, link, density=page.evaluate("devicePixelRatio"))
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
