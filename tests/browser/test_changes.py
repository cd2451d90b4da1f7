"""An order that is at the warehouse and is no longer wanted as it was sent, in Chromium, at two widths."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cartrover.events.telling import tell
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import errands
from cartrover.orders.models import Order
from tests.browser.people import enter
from tests.browser.test_portal import acme
from tests.portal.story import make_order, set_up

__all__ = ["acme"]

DIFFERENCES = [
    {
        "what": "shipping address",
        "old": "Familie Köhler, Lindenstr. 4, 10969, Berlin, DE",
        "new": "Familie Köhler, c/o Nordwand GmbH, Oranienstr. 112, 10969, Berlin, DE",
    },
    {"what": "units of TENT-2P-GREEN", "old": "2", "new": "1"},
    {"what": "total", "old": "133.7 EUR", "new": "69.3 EUR"},
]
REFUND = {"id": "1", "amount": "9.30", "at": "2026-11-20T10:00:00+00:00", "reason": "", "goods": False, "done": True}


def refused_change(merchant: Merchant) -> Order:
    with acting_for(merchant):
        order = make_order(set_up(merchant), status="at_wms", remote_id="812904", refunds=[REFUND])
        tell([errands.not_changed(order, "It is packed already in TradeGecko.", DIFFERENCES, {"ref": order.ref}, "")])
    return order


def test_what_the_warehouse_did_not_take_is_read_and_said_to_be_told(page: Page, acme: Merchant) -> None:
    order = refused_change(acme)
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/{order.ref}/")
    expect(page.get_by_text("Oranienstr. 112")).to_be_visible()
    expect(page.get_by_text("Left after refunds")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, "nothing is wider than the page"
    page.get_by_role("button", name="I told the warehouse").click()
    expect(page.get_by_text("It counts as changed at the warehouse from now on.")).to_be_visible()
    expect(page.get_by_text("Oranienstr. 112")).to_have_count(0)


def test_the_same_is_put_right_on_the_problems_card(page: Page, acme: Merchant) -> None:
    refused_change(acme)
    enter(page)
    page.goto(f"/m/{acme.public_id}/problems/")
    expect(page.get_by_text("Oranienstr. 112")).to_be_visible()
    page.get_by_role("button", name="I told the warehouse").click()
    expect(page.get_by_text("It counts as changed at the warehouse from now on.")).to_be_visible()
