"""From nothing to live in a real browser: a warehouse, an eBay cart, Test, OK and Go live, and what a person sees go wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cartrover.connections.models import Cart, Warehouse
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from integrations import registry
from tests.browser.looking import is_accessible
from tests.browser.people import as_user
from tests.browser.windows import window_opened_by
from tests.conftest import make_member, make_merchant
from tests.stage import Stage, World, point_at, world

ALICE = "alice@example.com"


@pytest.fixture
def stage(portal: str) -> Iterator[Stage]:
    """Alice's merchant, new and empty; outside, her eBay account and her TradeGecko account."""
    before, environment = dict(registry._integrations), dict(os.environ)
    with world() as started:
        yield _empty(started, portal)
    registry._integrations.clear()
    registry._integrations.update(before)
    os.environ.clear()
    os.environ.update(environment)


def _empty(started: World, portal: str) -> Stage:
    started.ebay.set(accepted_url=f"{portal}/oauth/callback/ebay/")
    point_at(started.environment)
    started.ebay.control("sellers", username="acme", password="secret")
    account = started.gecko.open_account(name="acme", currencies=["USD", "EUR"], users=[{"email": ALICE, "password": "secret"}])
    merchant = make_merchant()
    make_member(merchant, ALICE)
    return Stage(started, merchant, "acme", account["account_id"], account["location_ids"])


@pytest.fixture
def alices(page: Page, portal: str, stage: Stage) -> Page:
    return as_user(page, portal, User.objects.get())


def _grant_at_tradegecko(page: Page) -> None:
    window = window_opened_by(page, page.get_by_role("button", name="Grant Us API Access"))
    window.get_by_label("Email").fill(ALICE)
    window.get_by_label("Password").fill("secret")
    window.get_by_role("button", name="Log in").click()
    window.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("link", name="acme", exact=True)).to_be_visible()


def _grant_at_ebay(page: Page) -> None:
    window = window_opened_by(page, page.get_by_role("button", name="Grant Us API Access"))
    window.locator("#username").fill("acme")
    window.locator("#password").fill("secret")
    window.locator("#sign-in").click()
    window.locator("#accept").click()
    expect(page.get_by_role("link", name="acme", exact=True)).to_be_visible()


def _looks(page: Page, name: str) -> None:
    """Accessible, and a picture of it in both themes where PICTURES names a folder."""
    is_accessible(page)
    folder = os.environ.get("PICTURES")
    width = (page.viewport_size or {"width": 0})["width"]
    for scheme in ("light", "dark") if folder else ():
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=str(Path(folder or "") / f"{name}-{width}-{scheme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")


def _end_of_test(page: Page) -> None:
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("That is all. Nothing was saved.")).to_be_visible()


def _set_up_warehouse(page: Page, merchant: Merchant) -> None:
    page.goto(f"/m/{merchant.public_id}/warehouses/")
    page.get_by_role("link", name="Set up a warehouse").first.click()
    page.get_by_role("link", name="Set up TradeGecko").click()
    expect(page.get_by_label("Orders are delivered to it")).to_be_checked()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="New TradeGecko Setup")).to_be_visible()
    _grant_at_tradegecko(page)


def test_a_new_merchant_goes_from_nothing_to_orders_that_flow(alices: Page, stage: Stage) -> None:
    page, merchant = alices, stage.merchant
    stage.stock("MUG")
    stage.world.ebay.control("listings", seller="acme", sku="MUG", quantity=9)
    number = stage.sell("MUG", marketplace="EBAY_DE", quantity=1)

    _set_up_warehouse(page, merchant)
    page.get_by_label("Name", exact=True).fill("The house")
    _end_of_test(page)
    expect(page.get_by_text("Access granted by acme")).to_be_visible()
    expect(page.get_by_text("Clocks agree")).to_be_visible()
    _looks(page, "warehouse-tested")
    with acting_for(merchant):
        assert Warehouse.objects.get().name == "TradeGecko", "Test saves nothing"
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_role("heading", name="You're done")).to_be_visible()
    _looks(page, "warehouse-go-live")
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("The house is live.")).to_be_visible()

    page.goto(f"/m/{merchant.public_id}/carts/")
    page.get_by_role("link", name="Add a cart").first.click()
    page.get_by_role("link", name="Set up eBay").click()
    expect(page.get_by_role("radio")).to_have_count(20)
    _looks(page, "marketplaces")
    page.get_by_label("Germany EUR · Deutsch").check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("eBay · Germany · EUR · Deutsch")).to_be_visible()
    _looks(page, "cart-begun")
    _grant_at_ebay(page)
    _end_of_test(page)
    expect(page.get_by_text("No warehouse is chosen")).to_be_visible()
    page.get_by_label("Orders go to").select_option("The house")
    page.get_by_label("How often: order download").select_option("Every 5 minutes")
    _end_of_test(page)
    expect(page.get_by_text("1 open order would load, of 1")).to_be_visible()
    expect(page.get_by_text("SKUs match")).to_be_visible()
    expect(page.get_by_text("TradeGecko knows EUR")).to_be_visible()
    _looks(page, "cart-tested")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("1 open order would be sent").first).to_be_visible()
    _looks(page, "cart-go-live")
    page.get_by_label("Open orders of the last 7 days").check()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("eBay Germany is live.")).to_be_visible()
    _looks(page, "cart-live")

    with acting_for(merchant):
        assert Cart.objects.get().services["order_download"] == {"on": True, "every": 300}
    stage.settle()
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]


def test_what_is_wrong_keeps_the_form_open_with_what_was_typed(alices: Page, stage: Stage) -> None:
    page, merchant = alices, stage.merchant
    page.goto(f"/m/{merchant.public_id}/setup/tradegecko/?for=cart")
    page.get_by_label("Orders come from it").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("Saved as a draft")).to_be_visible()
    expect(page.get_by_text("We have no access yet.")).to_be_visible()
    _grant_at_tradegecko(page)

    page.get_by_label("Location ID").fill("999999")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("Location ID: TradeGecko has no location 999999.")).to_be_visible()
    expect(page.get_by_label("Location ID")).to_have_value("999999")
    _looks(page, "cart-failed")
    with acting_for(merchant):
        assert Cart.objects.get().state == "draft"

    page.get_by_label("Location ID").fill("Main warehouse")
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("The Location ID is the number alone")).to_be_visible()

    page.get_by_label("Location ID").fill(str(stage.locations[0]))
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_text("passed the test and is saved")).to_be_visible()
    expect(page.get_by_text("Choose where its orders go.")).to_be_visible()
    with acting_for(merchant):
        assert (Cart.objects.get().state, Cart.objects.get().settings["location_id"]) == ("checked", str(stage.locations[0]))


def test_a_provider_that_goes_away_is_told_on_the_page_and_the_test_can_be_repeated(alices: Page, stage: Stage) -> None:
    page = alices
    _set_up_warehouse(page, stage.merchant)
    stage.world.gecko.fault("status", status=503, times=20)
    _end_of_test(page)
    expect(page.get_by_text("TradeGecko could not answer.")).to_be_visible()
    stage.world.gecko.control("DELETE", "faults")
    _end_of_test(page)
    expect(page.get_by_text("Access granted by acme")).to_be_visible()


def test_without_a_script_test_and_ok_still_work(alices: Page, stage: Stage) -> None:
    _set_up_warehouse(alices, stage.merchant)
    browser = alices.context.browser
    assert browser is not None
    plain = browser.new_context(
        java_script_enabled=False, storage_state=alices.context.storage_state(), viewport=alices.viewport_size
    )
    page = plain.new_page()
    page.goto(alices.url)
    page.get_by_label("Name", exact=True).fill("Typed")
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page.get_by_text("Access granted by acme")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Typed")
    with acting_for(stage.merchant):
        assert Warehouse.objects.get().name == "TradeGecko"
    page.get_by_role("button", name="OK", exact=True).click()
    expect(page.get_by_role("heading", name="You're done")).to_be_visible()
    plain.close()
