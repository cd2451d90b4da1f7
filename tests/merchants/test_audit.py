"""Who changed what: complete, for owners and managers only, and never altered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from django.db import ProgrammingError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cartrover.connections import holders
from cartrover.merchants import audit
from cartrover.merchants.models import Change, Member, Merchant, SignIn, User
from cartrover.merchants.notices import ACCESS, ORDERS, PACKAGES, SUBJECTS, Often, often, subject
from cartrover.merchants.tenancy import acting_for
from tests.portal.story import set_up

Visit = Callable[[User | None], Client]


def lines(merchant: Merchant) -> list[tuple[object, ...]]:
    with acting_for(merchant):
        return list(Change.objects.order_by("id").values_list("actor", "what", "name", "before", "after"))


def test_the_audit_and_the_sign_ins_can_be_added_to_and_never_changed(merchant: Merchant, alice: User) -> None:
    SignIn.objects.create(user=alice, at=timezone.now(), words="Logged in")
    with acting_for(merchant):
        audit.record("alice@example.com", "changed settings", merchant, {"name": "A"}, {"name": "B"})
        for rows in (Change.objects.all(), SignIn.objects.all()):
            for change in (lambda rows=rows: rows.update(at=timezone.now()), rows.delete):
                with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                    change()
            assert rows.count() == 1


def test_only_what_differs_is_kept(merchant: Merchant) -> None:
    with acting_for(merchant):
        before = {"settings": {"location_id": "1", "status": ["paid"]}, "name": "eBay"}
        after = {"settings": {"location_id": "2", "status": ["paid"]}, "name": "eBay"}
        audit.record("alice@example.com", "changed settings", merchant, before, after)
    assert lines(merchant)[0][3:] == ({"settings.location_id": "1"}, {"settings.location_id": "2"})


def test_settings_of_the_merchant_leave_their_old_and_new_value(visit: Visit, merchant: Merchant, alice: User) -> None:
    address = reverse("save_settings", args=[merchant.public_id])
    same = {"name": merchant.name, "time_zone": merchant.time_zone}
    visit(alice).post(address, {**same, "support_contact": "help@acme.example"})
    visit(alice).post(address, {**same, "support_contact": "help@acme.example"})
    visit(alice).post(address, {**same, "time_zone": "Mars/Olympus"})
    expected = ("alice@example.com", "changed settings", merchant.name)
    assert lines(merchant) == [(*expected, {"support_contact": ""}, {"support_contact": "help@acme.example"})]


def test_what_is_done_to_carts_warehouses_and_connections_is_in_it(merchant: Merchant) -> None:
    setup = set_up(merchant)
    cart = setup.carts["EBAY_US"]
    with acting_for(merchant):
        holders.save_settings(cart, actor="bob@example.com", services={"order_download": {"on": False}})
        holders.send_orders_to(cart, None, actor="bob@example.com")
        holders.pause(cart, actor="bob@example.com")
        holders.disconnect(setup.ebay, actor="bob@example.com")
    told = [(what, before, after) for who, what, _, before, after in lines(merchant) if who == "bob@example.com"]
    assert told == [
        ("changed settings", {}, {"services.order_download.on": False}),
        ("chose where orders go", {"warehouse": "TradeGecko Main"}, {"warehouse": None}),
        ("paused", {"state": "live"}, {"state": "paused"}),
        ("disconnected", {"state": "active"}, {"state": "disconnected"}),
    ]


def test_what_an_operator_changes_is_in_the_merchants_audit(visit: Visit, merchant: Merchant) -> None:
    olga = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=olga, type=Authenticator.Type.TOTP, data={"secret": "x"})
    address = reverse("admin:merchants_merchant_change", args=[merchant.pk])
    visit(olga).post(address, {"name": "Acme Renamed", "time_zone": merchant.time_zone})
    told = ("olga@example.com", "changed as the operator", "Acme Renamed", {"name": "Acme Outdoor"}, {"name": "Acme Renamed"})
    assert lines(merchant) == [told]


def test_the_page_shows_old_and_new_and_pages_back(visit: Visit, merchant: Merchant, alice: User) -> None:
    with acting_for(merchant):
        for number in range(60):
            audit.record("bob@example.com", "changed settings", merchant, {"name": f"old {number}"}, {"name": f"new {number}"})
    client, address = visit(alice), reverse("audit", args=[merchant.public_id])
    first = client.get(address)
    assert "old 59" in first.content.decode()
    second = client.get(address + first.context["page"].older)
    assert [row.after["name"] for row in second.context["page"].rows] == [f"new {number}" for number in range(9, -1, -1)]


def test_another_merchants_audit_shows_nothing_of_it(
    visit: Visit, merchant: Merchant, other_merchant: Merchant, charlie: User
) -> None:
    with acting_for(merchant):
        audit.record("bob@example.com", "changed settings", merchant, {"name": "secret plan"}, {"name": "x"})
    answer = visit(charlie).get(reverse("audit", args=[other_merchant.public_id]))
    assert answer.status_code == 200
    assert "secret plan" not in answer.content.decode()


# --------------------------------------------------------------------------------------------------------------------- notices


def test_each_member_chooses_what_to_hear_of(visit: Visit, merchant: Merchant, alice: User, bob: User) -> None:
    choices = {f"notices-{name}": "daily" for name in SUBJECTS} | {f"notices-{PACKAGES}": "never"}
    visit(bob).post(reverse("save_notices", args=[merchant.public_id]), choices)
    with acting_for(merchant):
        theirs, hers = Member.objects.get(user=bob), Member.objects.get(user=alice)
    assert [often(theirs, name) for name in (ACCESS, ORDERS, PACKAGES)] == [Often.DAILY, Often.DAILY, Often.NEVER]
    assert often(hers, PACKAGES) == Often.AT_ONCE


def test_who_chose_nothing_hears_of_what_they_may_solve() -> None:
    assert [often(Member(merchant_id=1, role=role), ORDERS) for role in ("viewer", "staff", "owner")] == [
        Often.NEVER,
        Often.AT_ONCE,
        Often.AT_ONCE,
    ]


def test_every_problem_falls_under_a_choice() -> None:
    assert subject("reconnect", "connection") == ACCESS
    assert subject("unknown_sku", "connection") == ORDERS
    assert subject("refused", "shipment") == PACKAGES
    assert subject("whatever") == ORDERS
