"""What the demo's merchant has when somebody looks, made against stand-ins; with fewer orders than in the demo."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from cartrover.connections.models import Cart
from cartrover.embedded import seeding, staff, story
from cartrover.embedded.catalogue import BUFFERS, MARKETPLACES, SELLER, SKU_RULES
from cartrover.embedded.people import MEMBER, MERCHANT, OPERATOR, PASSWORD, STAFF
from cartrover.embedded.wholesale import DESK_GOODS, FIRST_ORDERS, WHOLESALE
from cartrover.inventory.models import SkuRule
from cartrover.merchants.models import Member, Merchant, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.orders.models import Order, SavedView
from cartrover.packing.models import Item, Parcel
from cartrover.sync import durations
from cartrover.sync.models import Job
from tests.stage import Stage, World, point_at, world


@pytest.fixture
def outside() -> Iterator[World]:
    """Stand-ins that nobody else has used: the demo's people are there once."""
    with world() as started:
        yield started


@pytest.fixture
def acme(outside: World, live: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Merchant:
    """Seeded twice, as where a demo is started again."""
    monkeypatch.setattr(seeding, "HISTORY", 2)
    monkeypatch.setattr(seeding, "ORDERS", 6)
    point_at(outside.environment)
    callback = f"{settings.PORTAL_URL}/oauth/callback/ebay/"
    outside.ebay.set(accepted_url=callback, declined_url=callback)
    for _ in range(2):
        seeding.main([])
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
    with across_merchants("a test looks for the demo's merchant"):
        return Merchant.objects.get(name=MERCHANT)


def test_the_demos_merchant_has_people_carts_rules_kits_and_a_stocked_desk(acme: Merchant) -> None:
    assert User.objects.get(email=OPERATOR).is_superuser
    with acting_for(acme):
        assert dict(Member.objects.values_list("user__email", "role")) == {MEMBER: "owner", STAFF: "staff"}
        carts = list(Cart.objects.order_by("pk").values_list("name", "variant", "state", "warehouse__name"))
        assert [variant for _name, variant, _state, house in carts if house == "TradeGecko"] == list(MARKETPLACES)
        assert carts[-1] == (WHOLESALE, "", "live", "Packing desk Hamburg")
        assert {state for _name, _variant, state, _house in carts} == {"live"}
        assert dict(Cart.objects.exclude(stock_rules={}).values_list("variant", "stock_rules__buffer")) == BUFFERS
        rules = {rule.sku: {(part.sku, part.units) for part in rule.parts.all()} for rule in SkuRule.objects.all()}
        assert rules == {code: set(parts) for code, (parts, _promotional) in SKU_RULES.items()}
        assert dict(Item.objects.values_list("sku", "on_hand")) == {sku: on_hand for sku, _name, on_hand in DESK_GOODS}


def test_when_it_has_settled_every_page_shows_something_and_buyers_and_staff_go_on(acme: Merchant, outside: World) -> None:
    stage = Stage(outside, acme, SELLER, account=0, locations=[])
    _settle(stage)
    with acting_for(acme):
        assert dict(Job.objects.values_list("kind", "state")) == {"rehearsal": "done", "test_order": "done"}
        stuck = {"rule_hold", "cancel_asked", "unmapped_method", "unknown_sku"}
        assert stuck <= set(Order.objects.values_list("reason_code", flat=True)), "problems to solve"
        view = SavedView.objects.get()
    member = Client(headers={"host": urlsplit(settings.PORTAL_URL).netloc})
    assert member.login(email=MEMBER, password=PASSWORD)
    page = member.get(reverse("orders", args=[acme.public_id]) + view.query)
    assert {order.status for order in page.context["page"].rows} == {"held"}, "the saved view leads somewhere"
    staff._merchant.cache_clear()
    staff.pack_next(random.Random(1), keep=FIRST_ORDERS - 1)
    staff.pack_next(random.Random(1), keep=FIRST_ORDERS - 1)
    with acting_for(acme):
        assert Parcel.objects.filter(state="shipped").values("order").distinct().count() == 1, "the others are kept to be seen"
    for _ in range(2):  # who cancels too late has the order packed first
        story.go_on(_of_acme(outside), outside.gecko.control("GET", "summary")["orders"], random.Random(1))
    _settle(stage)
    assert story.to_come(_of_acme(outside)) == 0
    assert len(story.numbers(_of_acme(outside))) == story.PLACED - 1


def _settle(stage: Stage) -> None:
    with durations.changed(safety=0.0, watermark_lag=5.0, stock_spacing=-3600.0):
        stage.settle()


def _of_acme(outside: World) -> list[dict[str, Any]]:
    return [order for order in outside.ebay.told("orders") if order["sellerId"] == SELLER]
