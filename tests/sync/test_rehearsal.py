"""A rehearsal says what going live would do, and does nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from cartrover.connections.models import Cart
from cartrover.merchants.models import Role, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.jobs import Running, ask, both_sides, rehearsal, rehearsed
from cartrover.sync.jobs.rehearsed import Found
from cartrover.sync.models import Job, Rehearsed, Stream
from integrations.contract import Cancel, MalformedRecord, Payment
from tests.conftest import make_member
from tests.sync.fake_cart import Shop, line_record, order_record


@pytest.fixture
def draft(shop: Shop) -> Shop:
    """The shop as it is before it goes live, with three orders that would be sent and one of each trouble."""
    with acting_for(shop.merchant):
        Cart.objects.update(state=Cart.State.CHECKED, pull_from=None)
        Stream.objects.filter(kind=Stream.Kind.PULL_STOCK).update(last_good_at=None)
    at = shop.fake.now()
    for number in range(3):
        shop.fake.put(order_record(f"1-{number}"), at - timedelta(days=number + 1))
    shop.fake.put(order_record("2-0", lines=(line_record(sku="GREEN-01"),)), at - timedelta(days=2))
    shop.fake.put(order_record("2-1", lines=(line_record(sku="GREEN-01"),)), at - timedelta(days=3))
    shop.fake.put(order_record("3-0", payment=Payment.PENDING), at - timedelta(days=2))
    shop.fake.put(order_record("4-0", cancel=Cancel.CANCELED), at - timedelta(days=2))
    shop.fake.put(order_record("5-0", lines=(line_record(marketplace="EBAY_FR"),), marketplace="EBAY_FR"), at - timedelta(days=2))
    shop.fake.put(MalformedRecord("6-0", "pricingSummary.total", "is no amount"), at - timedelta(days=2))
    return shop


@pytest.fixture
def rehearse(draft: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[Job, Found]]:
    monkeypatch.setattr(both_sides, "read_catalogue", lambda work, client: (1, 2))
    monkeypatch.setattr("cartrover.sync.work.Work.warehouse", lambda work, settings: None)

    def run() -> tuple[Job, Found]:
        with acting_for(draft.merchant):
            job = ask("rehearsal", by="alice@example.com", subject=f"cart-{draft.cart.pk}", cart=draft.cart, days=30)
        words = [step.words for step in rehearsal.run(Running(job, draft.lease, lambda connection: draft.work()))]
        assert words[-1] == "9 orders read."
        with acting_for(draft.merchant):
            return job, rehearsed.found(job)

    return run


def test_each_order_is_told_with_what_would_become_of_it_and_nothing_is_stored(
    draft: Shop, rehearse: Callable[[], tuple[Job, Found]]
) -> None:
    _job, found = rehearse()
    assert found.ready is not None
    assert (found.ready.count, found.ready.value) == (3, {"EUR": Decimal("44.9700")})
    assert {(group.status, group.code, group.subject, group.count) for group in found.stuck} == {
        ("error", "unknown_sku", "GREEN-01", 2),
        ("held", "payment", "", 1),
        ("held", "malformed", "", 1),
    }
    assert {(group.status, group.code, group.count) for group in found.left} == {
        ("canceled", "canceled", 1),
        ("skipped", "no_cart", 1),
    }
    with acting_for(draft.merchant):
        assert (Order.objects.count(), Cart.objects.get().state, Cart.objects.get().pull_from) == (0, "checked", None)


def test_a_step_that_is_repeated_tells_no_order_twice(draft: Shop, rehearse: Callable[[], tuple[Job, Found]]) -> None:
    job, _found = rehearse()
    list(rehearsal.run(Running(job, draft.lease, lambda connection: draft.work())))
    with acting_for(draft.merchant):
        assert Rehearsed.objects.filter(job=job).count() == 9


def test_the_page_shows_the_numbers_the_reasons_and_whose_move_it_is(
    draft: Shop, rehearse: Callable[[], tuple[Job, Found]], visit: Callable[[User], Client]
) -> None:
    job, _found = rehearse()
    alice = make_member(draft.merchant, "alice@example.com", Role.OWNER)
    with acting_for(draft.merchant):
        Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, ended_at=job.asked_at)
    client = visit(alice)
    page = client.get(reverse("rehearsal", args=[draft.merchant.public_id, draft.cart.public_id])).content.decode()
    assert "3 orders would be sent to Main warehouse" in page
    assert "SKU GREEN-01 is not in Main warehouse" in page
    assert "2 orders, €29.98" in page
    listed = reverse("rehearsed_orders", args=[draft.merchant.public_id, draft.cart.public_id])
    orders = client.get(f"{listed}?status=error&code=unknown_sku&subject=GREEN-01").content.decode()
    assert ">2-0<" in orders
    assert ">2-1<" in orders
    assert ">1-0<" not in orders


def test_rehearsing_is_a_managers_button_and_asks_once(draft: Shop, visit: Callable[[User], Client]) -> None:
    mary = make_member(draft.merchant, "mary@example.com", Role.MANAGER)
    start = reverse("rehearse", args=[draft.merchant.public_id, draft.cart.public_id])
    for days in ("7", "7", "8"):
        visit(mary).post(start, {"days": days})
    with acting_for(draft.merchant):
        assert list(Job.objects.values_list("kind", "args", "asked_by")) == [("rehearsal", {"days": 7}, "mary@example.com")]
