"""The pages on which people say what is sent, as what, and what waits: what each button changes, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Problem
from cartrover.events.telling import open_problem
from cartrover.inventory.models import StockLevel
from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Carrier, Order, OrderRule, ShippingMethod
from cartrover.sync.models import Stream
from tests.portal.story import Setup, make_order, set_up

Visit = Callable[[User | None], Client]


@pytest.fixture
def acme(merchant: Merchant) -> Setup:
    setup = set_up(merchant)
    with acting_for(merchant):
        Cart.objects.update(services={"order_download": {"on": True}})
        levels = {"connection": setup.tradegecko, "sku": "TENT-2P-GREEN", "item_id": "1"}
        StockLevel.objects.create(**levels, read_at=timezone.now())
    return setup


@pytest.fixture
def alice_at(visit: Visit, alice: User) -> Client:
    return visit(alice)


def press(client: Client, setup: Setup, name: str, *parts: Any, **data: Any) -> Any:
    return client.post(reverse(name, args=[setup.merchant.public_id, *parts]), data, follow=True)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(str(answer.content.decode()).split())


def delivery_is_due(setup: Setup) -> bool:
    """Whether the warehouse's order delivery was woken."""
    with acting_for(setup.merchant):
        stream = Stream.objects.get(connection=setup.tradegecko, kind=Stream.Kind.DELIVER_ORDERS)
    return stream.due_at is not None and stream.due_at <= timezone.now()


def changes(setup: Setup) -> list[str]:
    with acting_for(setup.merchant):
        return list(Change.objects.order_by("pk").values_list("what", flat=True))


# --------------------------------------------------------------------------------------------------------------- hold and release


def test_an_order_is_held_and_released_from_its_page(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        order = make_order(acme)
    held = text(press(alice_at, acme, "order_do", order.ref, "hold"))
    assert "Held by alice@example.com." in held
    assert "It is not sent until somebody of you releases it." in held
    released = text(press(alice_at, acme, "order_do", order.ref, "release"))
    assert "It may go on." in released
    with acting_for(acme.merchant):
        assert Order.objects.get(pk=order.pk).status == "new"
    assert delivery_is_due(acme)


def test_an_order_at_the_warehouse_offers_no_hold_and_takes_none(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        order = make_order(acme, status="at_wms")
    page = text(alice_at.get(reverse("order", args=[acme.merchant.public_id, order.ref])))
    assert "/do/hold/" not in page
    assert "the order is past that by now" in text(press(alice_at, acme, "order_do", order.ref, "hold"))


def test_releasing_a_card_releases_all_its_orders(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        rule = OrderRule.objects.create(field="total", test="at_least", values=["1"], action="hold")
        problem = open_problem("rule_hold", "Held by your rule.", about=rule)
        stopped: dict[str, Any] = {"status": "held", "reason_code": "rule_hold", "reason": "your rule", "problem": problem}
        orders = [make_order(acme, **stopped) for _ in range(2)]
    assert "2 orders are released." in text(press(alice_at, acme, "release_problem", problem.pk))
    with acting_for(acme.merchant):
        assert set(Order.objects.filter(pk__in=[order.pk for order in orders]).values_list("status", flat=True)) == {"new"}
        assert Problem.objects.get(pk=problem.pk).closed_at is not None


# ------------------------------------------------------------------------------------------------------------- shipping methods


def test_the_page_shows_each_carts_methods_and_what_they_are_sent_as(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        cart = acme.carts["EBAY_DE"]
        ShippingMethod.objects.create(cart=cart, code="DE_DHLPaket2kg", sent_as="DHL Parcel")
        make_order(acme)
    page = text(alice_at.get(reverse("shipping", args=[acme.merchant.public_id])))
    assert "DE_DHLPaket2kg" in page
    assert 'value="DHL Parcel"' in page
    assert "1<span" in page
    assert "No order has named a shipping method yet" in page


def test_mapping_a_method_frees_what_waited_and_is_in_the_audit(acme: Setup, alice_at: Client) -> None:
    cart = acme.carts["EBAY_DE"]
    with acting_for(acme.merchant):
        row = ShippingMethod.objects.create(cart=cart, code="DE_DHLPaket2kg", hold=True)
        order = make_order(acme, status="error", reason_code="unmapped_method", reason="x")
    data = {f"sent_as-{row.pk}": " DHL Parcel ", f"hold-{row.pk}": "on"}
    assert "Saved." in text(press(alice_at, acme, "save_methods", cart.public_id, **data))
    with acting_for(acme.merchant):
        assert ShippingMethod.objects.get(pk=row.pk).sent_as == "DHL Parcel"
        assert Order.objects.get(pk=order.pk).status == "new"
    assert changes(acme) == ["mapped a shipping method"]
    assert delivery_is_due(acme)


def test_one_switch_holds_every_method_that_nobody_has_mapped(acme: Setup, alice_at: Client) -> None:
    cart = acme.carts["EBAY_DE"]
    with acting_for(acme.merchant):
        row = ShippingMethod.objects.create(cart=cart, code="DE_Hermes")
    press(alice_at, acme, "save_methods", cart.public_id, **{"holds_unmapped": "on", f"sent_as-{row.pk}": ""})
    with acting_for(acme.merchant):
        assert (Cart.objects.get(pk=cart.pk).holds_unmapped, ShippingMethod.objects.get(pk=row.pk).hold) == (True, True)
    press(alice_at, acme, "save_methods", cart.public_id, **{f"sent_as-{row.pk}": "", f"hold-{row.pk}": "on"})
    with acting_for(acme.merchant):
        assert (Cart.objects.get(pk=cart.pk).holds_unmapped, ShippingMethod.objects.get(pk=row.pk).hold) == (False, False)


@pytest.mark.parametrize(("typed", "sent_as", "hold"), [("DHL Parcel", "DHL Parcel", True), ("", "", False)])
def test_a_card_maps_its_method_in_place(acme: Setup, alice_at: Client, typed: str, sent_as: str, hold: bool) -> None:
    cart = acme.carts["EBAY_DE"]
    with acting_for(acme.merchant):
        row = ShippingMethod.objects.create(cart=cart, code="DE_DHLPaket2kg", hold=True)
        data = {"cart": cart.pk, "method": row.code}
        problem = open_problem("unmapped_method", "Nobody has said.", subject=row.code, about=cart, data=data)
        make_order(acme, status="error", reason_code="unmapped_method", reason="x", problem=problem)
    press(alice_at, acme, "map_from_problem", problem.pk, sent_as=typed)
    with acting_for(acme.merchant):
        row.refresh_from_db()
        assert (row.sent_as, row.hold) == (sent_as, hold)
        assert Problem.objects.get(pk=problem.pk).closed_at is not None


def test_a_carrier_is_told_as_chosen_and_only_as_the_cart_knows_it(acme: Setup, alice_at: Client) -> None:
    from cartrover.orders.carriers import code_for

    cart = acme.carts["EBAY_DE"]
    with acting_for(acme.merchant):
        row = Carrier.objects.create(cart=cart, name="Kurier 24")
        Carrier.objects.create(cart=acme.carts["EBAY_US"], name="Kurier 24")
    page = text(alice_at.get(reverse("shipping", args=[acme.merchant.public_id])))
    assert "Automatic: Other" in page
    assert 'Other <span class="muted">at eBay Germany, eBay United States</span>' in page
    wrong = text(press(alice_at, acme, "save_carriers", **{f"code-{row.pk}": "Owl"}))
    assert "eBay Germany knows no carrier Owl." in wrong
    saved = text(press(alice_at, acme, "save_carriers", **{f"code-{row.pk}": "Hermes"}))
    assert 'Hermes <span class="muted">at eBay Germany</span>' in saved
    with acting_for(acme.merchant):
        assert code_for(cart.pk, "Kurier 24") == "Hermes"
        assert code_for(cart.pk, "DHL") == "DHL"
        assert code_for(acme.carts["EBAY_US"].pk, "Kurier 24") == "Kurier 24"
    assert changes(acme) == ["mapped a carrier"]


# ------------------------------------------------------------------------------------------------------------------------ rules


def test_a_rule_says_before_it_is_saved_how_many_orders_it_would_touch(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        for _ in range(3):
            make_order(acme)
        make_order(acme, variant="EBAY_US")
        make_order(acme, placed=timedelta(days=40))
    asked = {"action": "hold", "cart": "all", "about": "country:any_of", "values": "de"}
    url = reverse("preview_rule", args=[acme.merchant.public_id])
    assert "It would touch <strong>3</strong> of the 4 orders" in text(alice_at.post(url, asked, headers={"HX-Request": "true"}))
    assert "It would touch <strong>3</strong> of the 4 orders" in text(alice_at.post(url, asked))
    own = {**asked, "cart": acme.carts["EBAY_US"].public_id}
    assert "It would touch <strong>0</strong> of the 1 order " in text(alice_at.post(url, own))
    with acting_for(acme.merchant):
        assert not OrderRule.objects.exists()


def test_a_new_rule_stops_what_is_not_sent_yet_and_switching_it_off_lets_it_go(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        order, sent = make_order(acme), make_order(acme, status="at_wms")
    press(alice_at, acme, "add_rule", action="skip", cart="all", about="country:none_of", values="AT, CH")
    with acting_for(acme.merchant):
        rule = OrderRule.objects.get()
        assert (rule.field, rule.test, rule.values, rule.action, rule.cart) == ("country", "none_of", ["AT", "CH"], "skip", None)
        assert Order.objects.get(pk=order.pk).reason == "your rule: Country is none of AT, CH"
        assert Order.objects.get(pk=sent.pk).status == "at_wms"
    page = text(alice_at.get(reverse("rules", args=[acme.merchant.public_id])))
    assert "Country is none of AT, CH" in page
    assert "1 order stopped by them now" in page
    press(alice_at, acme, "switch_rule", rule.pk)
    with acting_for(acme.merchant):
        assert Order.objects.get(pk=order.pk).status == "new"
    press(alice_at, acme, "switch_rule", rule.pk)
    press(alice_at, acme, "delete_rule", rule.pk)
    with acting_for(acme.merchant):
        assert Order.objects.get(pk=order.pk).status == "new"
        assert not OrderRule.objects.exists()
    assert changes(acme) == ["added a rule", "switched a rule", "switched a rule", "deleted a rule"]


def test_an_order_that_was_released_stays_released_when_rules_change(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        order = make_order(acme)
    asked = {"action": "hold", "cart": "all", "about": "total:at_least", "values": "10"}
    press(alice_at, acme, "add_rule", **asked)
    press(alice_at, acme, "order_do", order.ref, "release")
    press(alice_at, acme, "add_rule", **{**asked, "values": "11"})
    with acting_for(acme.merchant):
        assert Order.objects.get(pk=order.pk).status == "new"


@pytest.mark.parametrize(
    ("about", "values", "words"),
    [
        ("total:at_least", "much", "Type one number"),
        ("total:at_least", "1, 2", "Type one number"),
        ("country:any_of", "Germany", "two letters"),
        ("sku:any_of", " , ", "Say which."),
        ("payment:any_of", "pending", "A payment is paid or partially_refunded."),
    ],
)
def test_a_rule_that_makes_no_sense_is_not_saved(acme: Setup, alice_at: Client, about: str, values: str, words: str) -> None:
    url = reverse("add_rule", args=[acme.merchant.public_id])
    answer = alice_at.post(url, {"action": "hold", "cart": "all", "about": about, "values": values})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    with acting_for(acme.merchant):
        assert not OrderRule.objects.exists()


# ---------------------------------------------------------------------------------------------------------- limits and the date


def test_limits_are_saved_audited_and_judge_what_is_not_sent(acme: Setup, alice_at: Client) -> None:
    with acting_for(acme.merchant):
        order = make_order(acme, number="12-12910-88211")
    data = {
        "limits-number_length": "10",
        "limits-countries": "de, at",
        "limits-address_line1": "35",
        "limits-holds_po_boxes": "on",
    }
    page = text(press(alice_at, acme, "save_limits", acme.warehouse.public_id, **data))
    assert 'value="AT, DE"' in page
    with acting_for(acme.merchant):
        limits = {"number_length": 10, "countries": ["AT", "DE"], "holds_po_boxes": True, "address": {"line1": 35}}
        assert Warehouse.objects.get(pk=acme.warehouse.pk).limits == limits
        stopped = Order.objects.get(pk=order.pk)
        assert stopped.reason_code == "number_too_long"
    card = text(alice_at.get(reverse("problem", args=[acme.merchant.public_id, stopped.problem_id])))
    assert "Send the short number" in card
    assert f"Limits of {acme.warehouse.name}" in card
    press(alice_at, acme, "save_limits", acme.warehouse.public_id)
    with acting_for(acme.merchant):
        assert Warehouse.objects.get(pk=acme.warehouse.pk).limits == {}
        assert Order.objects.get(pk=order.pk).status == "new"
    assert changes(acme) == ["changed limits", "changed limits"]


def test_a_limit_that_makes_no_sense_changes_nothing(acme: Setup, alice_at: Client) -> None:
    page = text(press(alice_at, acme, "save_limits", acme.warehouse.public_id, **{"limits-countries": "Germany"}))
    assert "Ships to: GERMANY is no country." in page
    assert changes(acme) == []


def test_a_later_earliest_date_skips_what_is_not_sent_and_an_earlier_one_takes_it_back(acme: Setup, alice_at: Client) -> None:
    cart = acme.carts["EBAY_DE"]
    now = timezone.now()
    with acting_for(acme.merchant):
        Cart.objects.filter(pk=cart.pk).update(pull_from=now - timedelta(days=30))
        old, sent = make_order(acme, placed=timedelta(days=9)), make_order(acme, placed=timedelta(days=9), status="at_wms")
        new = make_order(acme)
    later = (now - timedelta(days=2)).date().isoformat()
    page = text(press(alice_at, acme, "save_earliest", cart.public_id, earliest=later))
    assert f"Orders of eBay Germany count from {later} on." in page
    assert f'value="{later}"' in page
    with acting_for(acme.merchant):
        reason = f"placed before {Cart.objects.get(pk=cart.pk).pull_from:%Y-%m-%d}, the cart's earliest order date"
        assert Order.objects.get(pk=old.pk).reason == reason
        assert {Order.objects.get(pk=each.pk).status for each in (sent, new)} == {"at_wms", "new"}
        pull = Stream.objects.get(connection=acme.ebay, kind=Stream.Kind.PULL_ORDERS)
    assert pull.due_at is not None
    assert pull.due_at <= timezone.now()
    assert changes(acme) == ["chose the earliest order date"]


@pytest.mark.parametrize("typed", ["", "soon", "2999-01-01", "0001-01-01"])
def test_a_date_that_is_none_or_has_not_begun_is_refused(acme: Setup, alice_at: Client, typed: str) -> None:
    cart = acme.carts["EBAY_DE"]
    with acting_for(acme.merchant):
        Cart.objects.filter(pk=cart.pk).update(pull_from=timezone.now() - timedelta(days=30))
    assert "Choose a day that has begun." in text(press(alice_at, acme, "save_earliest", cart.public_id, earliest=typed))
    assert changes(acme) == []
