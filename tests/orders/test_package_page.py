"""The packages on an order's page, and what their buttons do."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.events.models import Event, Problem
from cartrover.events.telling import open_problem
from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.deadlines import tell_late
from cartrover.orders.models import LinePart, Order, Shipment, ShipmentLine, ShipmentPart
from cartrover.orders.shipped import CART_SHOWS_VOID
from cartrover.sync.models import Effect, Stream
from tests.portal.story import Setup, make_order, set_up, ship

TENT = (("TENT", "Tent", 2, "64.40"),)


@pytest.fixture
def setup(merchant: Merchant) -> Setup:
    return set_up(merchant)


@pytest.fixture
def client(bob: User) -> Client:
    client = Client(headers={"host": urlsplit(settings.PORTAL_URL).netloc})
    client.force_login(bob)
    return client


def shown(client: Client, setup: Setup, order: Order) -> str:
    answer = client.get(reverse("order", args=[setup.merchant.public_id, order.ref]))
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def card(client: Client, setup: Setup, problem: Problem) -> str:
    answer = client.get(reverse("problem", args=[setup.merchant.public_id, problem.pk]))
    return " ".join(answer.content.decode().split())


def post(client: Client, setup: Setup, name: str, package: Shipment, **fields: str) -> None:
    answer = client.post(reverse(name, args=[setup.merchant.public_id, package.order.ref, package.pk]), fields)
    assert answer.status_code == 302


def refused(setup: Setup) -> Shipment:
    order = make_order(setup, status="shipped", lines=TENT)
    package = ship(order, state="refused", tracking="TYPO")
    Shipment.objects.filter(pk=package.pk).update(reason="eBay does not accept this tracking number or carrier.")
    open_problem("tracking_refused", "eBay does not take package TYPO.", about=package)
    return package


def test_a_kits_package_shows_the_warehouses_units_and_what_they_make_whole(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = make_order(setup, status="at_wms", lines=(("CAMP-SET", "Camping set", 2, "99.00"),))
        LinePart.objects.filter(line__order=order).delete()
        line = order.lines.get()
        each_of = {"TENT": 1, "PEG": 10}
        tent, peg = (LinePart.objects.create(line=line, sku=sku, each=each, position=each) for sku, each in each_of.items())
        first, second = (ship(order, state="uploaded", tracking=tracking) for tracking in ("TENTS", "PEGS"))
        ShipmentLine.objects.filter(shipment=first).delete()
        ShipmentPart.objects.filter(shipment__in=(first, second)).delete()
        ShipmentPart.objects.create(shipment=first, part=tent, quantity=2)
        ShipmentPart.objects.create(shipment=second, part=peg, quantity=20)
    page = shown(client, setup, order)
    assert '2 × <span class="mono">TENT</span>' in page
    assert 'part of <span class="mono">CAMP-SET</span>' in page
    assert '20 × <span class="mono">PEG</span>' in page
    assert 'makes 2 × <span class="mono">CAMP-SET</span> whole' in page


def test_a_package_of_a_sku_that_is_sent_as_another_by_now_is_no_kit(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = make_order(setup, status="at_wms", lines=TENT)
        line = order.lines.get()
        line.parts.all().delete()
        before = LinePart.objects.create(line=line, sku="TENT", each=0)
        ShipmentPart.objects.create(shipment=ship(order, state="void", tracking="BACK"), part=before, quantity=2)
        LinePart.objects.create(line=line, sku="BIG-TENT")
    page = shown(client, setup, order)
    assert '2 × <span class="mono">TENT</span>' in page
    assert "part of" not in page
    assert "whole" not in page


def test_what_the_cart_shows_otherwise_is_said(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        order = make_order(setup, status="shipped", lines=TENT)
        package = ship(order, tracking="NEW1")
        twin = ship(order, tracking="NEW2")
        told = {"carrier": "Other", "tracking": "OLD1", "lines": []}
        Shipment.objects.filter(pk=package.pk).update(told=told, cart_shipment_id="OLD1")
        Shipment.objects.filter(pk=twin.pk).update(told=told, cart_shipment_id="OLD1", told_with=package)
    page = shown(client, setup, order)
    assert "The cart shows carrier Other." in page
    assert "The cart shows tracking OLD1." in page
    assert "Told together with package NEW1." in page


def test_a_refused_package_is_corrected_in_place_and_pushed_again(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = refused(setup)
    page = shown(client, setup, package.order)
    assert "eBay does not accept this tracking number or carrier." in page
    assert "Push tracking again" in page
    post(client, setup, "push_package", package, carrier="UPS", tracking=" 1Z999 ")
    with acting_for(setup.merchant):
        package = Shipment.objects.select_related("order").get(pk=package.pk)
        assert (package.state, package.carrier, package.tracking, package.tracking_url) == ("waiting", "UPS", "1Z999", "")
        assert package.as_read == {"carrier": "DHL", "tracking": "TYPO", "tracking_url": "https://www.dhl.de/track?id=TYPO"}
        assert not Problem.objects.filter(closed_at__isnull=True).exists()
        stream = Stream.objects.get(connection=setup.ebay, kind=Stream.Kind.CONFIRM_SHIPMENTS)
        assert stream.due_at is not None
        assert stream.due_at <= timezone.now()
        assert Event.objects.filter(kind="retried", actor="bob@example.com").count() == 1
    assert "Push tracking again" not in shown(client, setup, package.order)


def test_what_was_held_in_doubt_is_pushed_as_a_new_revision(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = refused(setup)
        held = Effect.objects.create(
            connection=setup.ebay, kind="shipment", subject=str(package.pk), shipment=package, state="held", digest=b""
        )
    post(client, setup, "push_package", package, carrier="DHL", tracking="OTHER")
    with acting_for(setup.merchant):
        held.refresh_from_db()
    assert held.state == "rejected"


@pytest.mark.parametrize("state", ["uploaded", "confirmed", "void", "kept"])
def test_a_package_that_the_cart_has_is_never_pushed_again(client: Client, setup: Setup, state: str) -> None:
    with acting_for(setup.merchant):
        package = ship(make_order(setup, status="shipped", lines=TENT), state=state, tracking="T1")
    assert "Push tracking again" not in shown(client, setup, package.order)
    post(client, setup, "push_package", package, carrier="X", tracking="Y")
    with acting_for(setup.merchant):
        package.refresh_from_db()
    assert (package.state, package.tracking) == (state, "T1")


def test_a_number_that_no_row_can_hold_changes_nothing(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = refused(setup)
    post(client, setup, "push_package", package, carrier="UPS", tracking="9" * 201)
    with acting_for(setup.merchant):
        package.refresh_from_db()
    assert (package.state, package.tracking) == ("refused", "TYPO")


def test_a_package_that_the_cart_still_shows_is_said_until_a_person_has_seen_to_it(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = ship(make_order(setup, status="at_wms", lines=TENT), state="void", tracking="WRONG")
        open_problem(CART_SHOWS_VOID, "eBay still shows package WRONG.", about=package)
    assert "The cart still shows it" in shown(client, setup, package.order)
    post(client, setup, "leave_package", package)
    assert "The cart still shows it" not in shown(client, setup, package.order)
    with acting_for(setup.merchant):
        assert Event.objects.filter(kind="left_at_cart", actor="bob@example.com").count() == 1


def test_a_package_that_left_although_canceled_is_settled_with_the_buyer_and_never_pushed(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = refused(setup)
        Order.objects.filter(pk=package.order_id).update(cancel="canceled")
        problem = Problem.objects.get()
    for page in (shown(client, setup, package.order), card(client, setup, problem)):
        assert "It is settled with the buyer" in page
        assert "Push tracking again" not in page
    post(client, setup, "push_package", package, carrier="UPS", tracking="1Z1")
    with acting_for(setup.merchant):
        package.refresh_from_db(fields=["state", "due_at"])
        assert package.state == "refused"
    post(client, setup, "settle_package", package)
    post(client, setup, "settle_package", package)
    with acting_for(setup.merchant):
        package.refresh_from_db(fields=["state", "due_at"])
        assert (package.state, package.due_at) == ("kept", None)
        assert not Problem.objects.filter(closed_at__isnull=True).exists()
        assert Event.objects.filter(kind="settled_with_buyer", actor="bob@example.com").count() == 1
    assert "It is settled with the buyer" not in shown(client, setup, package.order)


def test_what_the_cart_refuses_for_another_reason_is_not_settled_so(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package = refused(setup)
    assert "It is settled with the buyer" not in shown(client, setup, package.order)
    post(client, setup, "settle_package", package)
    with acting_for(setup.merchant):
        package.refresh_from_db()
    assert package.state == "refused"


def test_a_package_of_another_order_is_not_found_by_this_ones_address(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        package, other = refused(setup), make_order(setup, status="shipped", lines=TENT)
    answer = client.post(reverse("push_package", args=[setup.merchant.public_id, other.ref, package.pk]))
    assert answer.status_code == 404


def test_the_list_and_the_page_say_what_is_late_and_the_list_finds_it(client: Client, setup: Setup) -> None:
    now = timezone.now()
    with acting_for(setup.merchant):
        past = make_order(setup, status="at_wms", ship_by=now - timedelta(days=3))
        soon = make_order(setup, status="new", ship_by=now + timedelta(minutes=90))
        make_order(setup, status="at_wms", ship_by=now + timedelta(days=4))
    answer = client.get(reverse("orders", args=[setup.merchant.public_id]), {"status": "late"})
    assert {order.ref for order in answer.context["page"].rows} == {past.ref, soon.ref}
    page = " ".join(answer.content.decode().split())
    assert page.count("late since") == 1
    assert page.count("ship by ") == 1
    assert "late since" in shown(client, setup, past)


def test_the_problem_of_late_orders_leads_to_them(client: Client, setup: Setup) -> None:
    with acting_for(setup.merchant):
        past = make_order(setup, status="at_wms", ship_by=timezone.now() - timedelta(days=3))
        tell_late()
    page = client.get(reverse("problems", args=[setup.merchant.public_id])).content.decode()
    assert "1 order is late or due within 24 h at TradeGecko Main" in page
    assert f"?status=late&amp;warehouse={setup.warehouse.public_id}" in page
    answer = client.get(
        reverse("orders", args=[setup.merchant.public_id]), {"status": "late", "warehouse": setup.warehouse.public_id}
    )
    assert [order.ref for order in answer.context["page"].rows] == [past.ref]
