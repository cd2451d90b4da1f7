"""Before going live, in a real browser: rehearse, send a test order, go live, and ask whether anything is missing."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from cartrover.connections.models import Cart
from cartrover.merchants.models import User
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import durations
from cartrover.sync.models import Stream
from integrations import registry
from tests.browser.people import as_user
from tests.browser.test_setup import ALICE, _looks
from tests.conftest import make_member
from tests.stage import Stage, set_up, world


@pytest.fixture
def stage(portal: str) -> Iterator[Stage]:
    """A cart that is tested and not live, with orders waiting at eBay."""
    before, environment = dict(registry._integrations), dict(os.environ)
    with world() as started, durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0):
        stage = set_up(started)
        make_member(stage.merchant, ALICE)
        with acting_for(stage.merchant):
            Cart.objects.update(state=Cart.State.CHECKED, pull_from=None, went_live_at=None)
            Stream.objects.filter(kind=Stream.Kind.PULL_ORDERS).update(due_at=None)
        yield stage
    registry._integrations.clear()
    registry._integrations.update(before)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def carts_page(page: Page, portal: str, stage: Stage) -> Page:
    as_user(page, portal, User.objects.get())
    with acting_for(stage.merchant):
        cart = Cart.objects.get()
    page.goto(f"/m/{stage.merchant.public_id}/carts/{cart.public_id}/")
    return page


def test_rehearse_test_go_live_and_ask_whether_anything_is_missing(carts_page: Page, stage: Stage) -> None:
    page = carts_page
    stage.stock("TENT-2P")
    number, unknown = stage.sell("TENT-2P"), stage.sell("MYSTERY")

    page.get_by_role("link", name="Rehearse").click()
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_text("You can close this page")).to_be_visible()
    stage.settle("pull_stock")
    expect(page.get_by_role("heading", name="1 order would be sent")).to_be_visible()
    expect(page.get_by_text("SKU MYSTERY is not in TradeGecko")).to_be_visible()
    assert stage.at_warehouse() == []
    _looks(page, "rehearsal")
    page.get_by_role("link", name="Show order").last.click()
    expect(page.get_by_text(unknown)).to_be_visible()
    _looks(page, "rehearsed-orders")
    page.get_by_role("link", name="Back to the rehearsal").click()

    page.get_by_role("link", name="Go live…").click()
    expect(page.get_by_label("Open orders of the last 30 days")).to_be_checked()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_text("is live.").first).to_be_visible()
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]

    page.get_by_role("link", name="Test order").click()
    page.get_by_role("button", name="Send the test order").click()
    stage.settle("pull_stock")
    expect(page.get_by_text("As it should", exact=True)).to_be_visible()
    expect(page.get_by_text("The test order is voided again.").first).to_be_visible()
    _looks(page, "test-order")
    page.get_by_role("link", name="Back to its settings").click()

    page.get_by_role("link", name="Is anything missing?").click()
    page.get_by_role("button", name="Check now").click()
    stage.settle("pull_stock")
    expect(page.get_by_text("Nothing is missing")).to_be_visible()
    _looks(page, "proof")
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]
