"""What an operator presses in the admin: it asks first, does what it says, and the merchant can read it, before and after."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Cart, Warehouse
from cartrover.events.models import Event
from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Job, Stream
from tests.portal.story import Day, busy_day

Visit = Callable[[User | None], Client]


@pytest.fixture
def day(merchant: Merchant) -> Day:
    return busy_day(merchant, 6)


@pytest.fixture
def olgas(visit: Visit, db: None) -> Client:
    """The browser of an operator with a second factor."""
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return visit(olga)


def _press(client: Client, row: Model, action: str, *, sure: bool) -> Any:
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist")
    return client.post(address, {"action": action, "_selected_action": [row.pk], **({"sure": "yes"} if sure else {})})


def _audited(merchant: Merchant, what: str) -> list[tuple[str, str, Any, Any]]:
    with acting_for(merchant):
        rows = Change.objects.filter(what=f"as the operator: {what}").order_by("id")
        return list(rows.values_list("actor", "name", "before", "after"))


def _rows(day: Day) -> dict[str, Model]:
    with acting_for(day.setup.merchant):
        stream = Stream.objects.get(connection=day.setup.ebay, kind="pull_orders")
    return {
        "orders.retry": day.in_error,
        "connections.pull_again": day.setup.ebay,
        "carts.pull_again": day.setup.carts["EBAY_US"],
        "carts.pause": day.setup.carts["EBAY_US"],
        "warehouses.pause": day.setup.warehouse,
        "streams.run_now": stream,
        "streams.pause": stream,
    }


@pytest.mark.parametrize(
    "name", ["orders.retry", "connections.pull_again", "carts.pull_again", "carts.pause", "warehouses.pause"]
)
def test_nothing_happens_before_the_operator_is_sure(olgas: Client, merchant: Merchant, day: Day, name: str) -> None:
    row, action = _rows(day)[name], name.partition(".")[2]
    before = _everything(merchant)
    asked = _press(olgas, row, action, sure=False).content.decode()
    assert 'name="sure"' in asked
    assert re.search(r"<h1[^>]*>\s*(Try|Read|Pause) [^<]+\?", asked)
    assert str(row) in asked
    assert _everything(merchant) == before


def _everything(merchant: Merchant) -> list[Any]:
    with acting_for(merchant):
        return [list(model.objects.order_by("pk").values()) for model in (Order, Cart, Warehouse, Stream, Job, Event, Change)]


def test_every_action_of_the_admin_asks_first(olgas: Client, merchant: Merchant, day: Day) -> None:
    asked = 0
    for model, its_admin in admin.site._registry.items():
        for action in its_admin.actions or ():
            rows = model._default_manager
            with acting_for(merchant):
                row = rows.first()
            if row is not None:
                asked += 1
                assert 'name="sure"' in _press(olgas, row, str(action), sure=False).content.decode(), (model, action)
    assert asked >= 7


def test_an_order_that_stopped_is_tried_again(olgas: Client, merchant: Merchant, day: Day) -> None:
    _press(olgas, day.in_error, "retry", sure=True)
    with acting_for(merchant):
        order = Order.objects.get(pk=day.in_error.pk)
        assert (order.status, order.due_at is not None) == ("new", True)
        assert Event.objects.get(about="order", about_id=order.pk, kind="retried").actor == "Operator"
    ((actor, _name, before, after),) = _audited(merchant, "retry")
    assert actor == "olga@example.com"
    assert (before["status"], after["status"]) == ("error", "new")


def test_no_buyer_is_in_what_the_audit_keeps_of_an_order(olgas: Client, merchant: Merchant, day: Day) -> None:
    _press(olgas, day.in_error, "retry", sure=True)
    ((_actor, _name, before, after),) = _audited(merchant, "retry")
    assert not {name for name in {**before, **after} if name.startswith(("buyer", "ship_to", "bill_to", "raw"))}


def test_an_order_that_has_not_stopped_is_left_alone(olgas: Client, merchant: Merchant, day: Day) -> None:
    _press(olgas, day.shipped, "retry", sure=True)
    with acting_for(merchant):
        assert Order.objects.get(pk=day.shipped.pk).status == "shipped"
    assert _audited(merchant, "retry") == []


@pytest.mark.parametrize("name", ["connections.pull_again", "carts.pull_again"])
def test_the_last_day_is_asked_for_once(olgas: Client, merchant: Merchant, day: Day, name: str) -> None:
    for _ in range(2):
        _press(olgas, _rows(day)[name], "pull_again", sure=True)
    with acting_for(merchant):
        job = Job.objects.get()
        assert job.cart in day.setup.carts.values()
        assert Stream.objects.get(kind="jobs").due_at <= timezone.now()
        told = Event.objects.filter(about="connection", about_id=day.setup.ebay.pk, kind="pull_again")
        assert {line.words.partition(" has ")[0] for line in told} == {"An operator"}
    start, end = (datetime.fromisoformat(job.args[each]) for each in ("start", "end"))
    assert start < timezone.now() - timedelta(hours=23) < timezone.now() < end
    actor, _name, _before, after = _audited(merchant, "pull again")[0]
    assert (actor, after["orders read again from"]) == ("olga@example.com", job.args["start"])
    assert LogEntry.objects.filter(user__email="olga@example.com").exists()


def test_a_cart_that_is_not_live_is_not_read(olgas: Client, merchant: Merchant, day: Day) -> None:
    with acting_for(merchant):
        Cart.objects.update(state="paused")
    _press(olgas, day.setup.carts["EBAY_US"], "pull_again", sure=True)
    with acting_for(merchant):
        assert not Job.objects.exists()


@pytest.mark.parametrize("name", ["carts.pause", "warehouses.pause"])
def test_a_cart_or_warehouse_is_paused(olgas: Client, merchant: Merchant, day: Day, name: str) -> None:
    row = _rows(day)[name]
    _press(olgas, row, "pause", sure=True)
    with acting_for(merchant):
        row.refresh_from_db()
        assert vars(row)["state"] == "paused"
    ((actor, _name, before, after),) = _audited(merchant, "pause")
    assert (actor, before["state"], after["state"]) == ("olga@example.com", "live", "paused")


def test_what_is_done_to_a_stream_is_audited_with_before_and_after(olgas: Client, merchant: Merchant, day: Day) -> None:
    _press(olgas, _rows(day)["streams.pause"], "pause", sure=True)
    ((actor, _name, before, after),) = _audited(merchant, "pause")
    assert actor == "olga@example.com"
    assert (before["due_at"] is not None, after["due_at"]) == (True, None)
