"""What a person puts right in place, on the card of what orders wait for, at two widths."""

from __future__ import annotations

import re
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from cartrover.events.telling import open_problem
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Effect, Job
from tests.browser.looking import is_accessible
from tests.browser.people import enter
from tests.browser.test_portal import acme
from tests.portal.story import Setup, make_order, set_up

__all__ = ["acme"]


def stuck(setup: Setup, kind: str, words: str, **fields: Any) -> Order:
    """An order that waits for a cause of its own."""
    with acting_for(setup.merchant):
        order = make_order(setup, reason_code=kind, reason=words, **fields)
        Order.objects.filter(pk=order.pk).update(problem=open_problem(kind, words, about=order))
    return order


def test_an_address_is_completed_on_its_card_and_the_order_goes_on(page: Page, acme: Merchant) -> None:
    no_city = {"name": "Ada Lovelace", "line1": "1 Main St", "country": "DE"}
    setup = set_up(acme)
    with acting_for(acme):
        StockLevel.objects.create(
            connection=setup.tradegecko, item_id="7", sku="TENT-2P-GREEN", available={}, read_at=timezone.now()
        )
    order = stuck(setup, "address", "The address has no city.", status="error", ship_to=no_city)
    enter(page)
    page.goto(f"/m/{acme.public_id}/problems/")
    page.get_by_text(f"Edit order {order.number}").click()
    page.get_by_role("textbox", name="City").fill("Berlin")
    is_accessible(page)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("0 of 1 order went on, 1 on its way.")).to_be_visible()
    page.goto(f"/m/{acme.public_id}/orders/{order.ref}/")
    expect(page.get_by_text("Edited here: city. It goes out like this")).to_be_visible()
    page.get_by_text("As the cart tells it", exact=True).click()
    is_accessible(page)
    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_role("textbox", name="City")).to_have_value("Berlin")
    is_accessible(page)


def test_what_may_be_at_the_warehouse_is_settled_after_a_question(page: Page, acme: Merchant) -> None:
    setup = set_up(acme)
    order = stuck(setup, "ambiguous", "The warehouse has an order with our reference that differs from ours.", status="held")
    with acting_for(acme):
        Effect.objects.create(
            connection=setup.tradegecko,
            kind="order",
            subject=order.ref,
            order=order,
            state="held",
            digest=b"x",
            remote_id="812904",
        )
    enter(page)
    page.goto(f"/m/{acme.public_id}/problems/")
    expect(page.get_by_text("do not send it")).to_be_visible()
    is_accessible(page)
    page.get_by_role("link", name="It is there, as 812904").click()
    expect(page.get_by_role("heading", name="It is there, as 812904?")).to_be_visible()
    expect(page.get_by_text("Nothing is sent")).to_be_visible()
    is_accessible(page)
    page.get_by_role("button", name="It is there, as 812904").click()
    expect(page.get_by_role("heading", name=order.number)).to_be_visible()
    with acting_for(acme):
        assert Effect.objects.get().state == "confirmed"
        assert Order.objects.get().status == "new"


def test_orders_are_pulled_again_by_number(page: Page, acme: Merchant) -> None:
    set_up(acme)
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/")
    page.get_by_role("link", name="Pull again").click()
    expect(page.get_by_label("Order numbers")).to_be_visible()
    is_accessible(page)
    page.get_by_label("Order numbers").fill("12-12910-88211")
    page.get_by_role("button", name="Pull these orders").click()
    page.wait_for_url(re.compile("/jobs/"))
    with acting_for(acme):
        assert Job.objects.get().args == {"numbers": ["12-12910-88211"]}


def test_what_the_cart_said_of_an_order_opens_below_its_life(page: Page, acme: Merchant) -> None:
    with acting_for(acme):
        order = make_order(set_up(acme), raw={"orderId": "12-1", "accessToken": "secret"})
    enter(page)
    page.goto(f"/m/{acme.public_id}/orders/{order.ref}/")
    page.get_by_text("The order as the cart tells it").click()
    expect(page.get_by_text('"orderId": "12-1"')).to_be_visible()
    expect(page.get_by_text('"accessToken": "***"')).to_be_visible()
    is_accessible(page)
