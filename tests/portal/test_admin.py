"""The operator's admin: who enters, what is never shown, and what happens when a button is pressed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.models import Credential, GrantAttempt
from cartrover.events.models import Event
from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.orders.models import Order
from cartrover.sync.models import Stream
from tests.portal.story import busy_day, set_up

Visit = Callable[[User | None], Client]
SECRET = b"sealed: do not show"


@pytest.fixture
def olga(db: None) -> User:
    """An operator with a second factor."""
    user = User.objects.create_superuser("olga@example.com", "correct horse battery")
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "TOTPSECRET"})
    return user


def test_nobody_enters_without_logging_in_at_the_portals_own_door(visit: Visit, db: None) -> None:
    answer = visit(None).get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_a_member_who_is_no_operator_is_refused(visit: Visit, alice: User) -> None:
    assert visit(alice).get(reverse("admin:index"), follow=True).status_code == 403


def test_an_operator_without_a_second_factor_is_sent_to_set_it_up(visit: Visit, db: None) -> None:
    user = User.objects.create_superuser("otto@example.com", "correct horse battery")
    answer = visit(user).get(reverse("admin:orders_order_changelist"), follow=True)
    chain = [url for url, _ in answer.redirect_chain]
    assert reverse("mfa_activate_totp") in chain


def test_logging_in_leads_to_no_other_site(visit: Visit, olga: User) -> None:
    answer = visit(olga).get(reverse("admin:login"), {"next": "https://evil.example/"})
    assert answer["location"] == reverse("admin:index")


def test_every_list_and_every_row_opens_for_an_operator(visit: Visit, olga: User, merchant: Merchant) -> None:
    busy_day(merchant, 6)
    client = visit(olga)
    opened = 0
    for model, its_admin in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        query = {"q": "12"} if its_admin.search_fields else {}
        page = client.get(reverse(f"{name}_changelist"), query)
        assert page.status_code == 200, name
        for row in client.get(reverse(f"{name}_changelist")).context["cl"].result_list[:1]:
            assert client.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200, name
            opened += 1
    assert opened >= 12


FEW = {"merchants", "account", "mfa", "connections"}  # rooms whose rows grow with merchants and people, not with orders


def test_what_grows_with_orders_is_searched_by_an_index(merchant: Merchant) -> None:
    asked = [
        (model, field)
        for model, its_admin in admin.site._registry.items()
        for field in its_admin.search_fields
        if model._meta.app_label not in FEW and model is not Order  # whose search knows every number
    ]
    with across_merchants("a test asks how rows would be found"):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")  # small tables are read whole, however they are indexed
        plans = {
            f"{model.__name__}.{field}": model._default_manager.filter(**{field: "x"}).order_by().explain()
            for model, field in asked
        }
    assert [field for field, plan in plans.items() if "Index Cond" not in plan or "Seq Scan" in plan] == []
    assert len(plans) > 15


def test_a_time_zone_that_is_none_is_not_kept(visit: Visit, olga: User, merchant: Merchant) -> None:
    address = reverse("admin:merchants_merchant_change", args=[merchant.pk])
    assert "Mars/Olympus" in visit(olga).post(address, {"name": "Acme", "time_zone": "Mars/Olympus"}).content.decode()
    visit(olga).post(address, {"name": "Acme", "time_zone": "Europe/Paris"})
    with acting_for(merchant):
        told = Change.objects.filter(what="changed as the operator").values_list("after", flat=True)
        assert list(told) == [{"name": "Acme", "time_zone": "Europe/Paris"}]


def test_no_page_of_the_admin_shows_a_secret(visit: Visit, olga: User, merchant: Merchant) -> None:
    setup = set_up(merchant)
    soon = timezone.now() + timedelta(hours=1)
    with acting_for(merchant):
        credential = Credential.objects.create(
            connection=setup.ebay, sealed_access=SECRET, sealed_refresh=SECRET, minted_at=soon, expires_at=soon, version=3
        )
        attempt = GrantAttempt.objects.create(
            integration="ebay", state_hash=SECRET, browser_hash=SECRET, ends_at=soon, sealed_tokens=SECRET
        )
    client = visit(olga)
    for name, row in (
        ("connections_credential", credential.pk),
        ("connections_grantattempt", attempt.pk),
        ("mfa_authenticator", Authenticator.objects.get().pk),
        ("merchants_user", olga.pk),
    ):
        text = client.get(reverse(f"admin:{name}_change", args=[row])).content.decode()
        for secret in ("sealed: do", str(SECRET.hex()), "TOTPSECRET", olga.password, "sealed_"):
            assert secret not in text, name


def test_nothing_in_the_admin_can_be_deleted_or_added(visit: Visit, olga: User, merchant: Merchant) -> None:
    busy_day(merchant, 1)
    client = visit(olga)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert client.get(reverse(f"{name}_add")).status_code == 403, name
        assert client.get(reverse(f"{name}_delete", args=[1])).status_code in (302, 403, 404), name


def test_a_list_never_counts_a_whole_table(visit: Visit, olga: User, merchant: Merchant) -> None:
    busy_day(merchant, 60)
    client = visit(olga)
    with CaptureQueriesContext(connection) as queries:
        client.get(reverse("admin:orders_order_changelist"))
    asked = [each["sql"] for each in queries.captured_queries if 'FROM "orders_order"' in each["sql"]]
    assert asked
    assert [sql for sql in asked if "LIMIT" not in sql] == []
    assert len(queries) < 30


@pytest.mark.parametrize(("action", "runs"), [("run_now", True), ("pause", False)])
def test_a_stream_is_run_or_paused_only_after_asking_and_the_merchant_can_read_it(
    visit: Visit, olga: User, merchant: Merchant, action: str, runs: bool
) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        stream = Stream.objects.get(connection=setup.ebay, kind="pull_orders")
        before = stream.due_at
    client = visit(olga)
    pressed = {"action": action, "_selected_action": [stream.pk]}
    asked = client.post(reverse("admin:sync_stream_changelist"), pressed)
    assert b"sure" in asked.content
    with acting_for(merchant):
        assert Stream.objects.get(pk=stream.pk).due_at == before
    client.post(reverse("admin:sync_stream_changelist"), {**pressed, "sure": "yes"})
    with acting_for(merchant):
        due = Stream.objects.get(pk=stream.pk).due_at
        assert (due is not None and due <= timezone.now()) if runs else due is None
        told = Event.objects.get(about="connection", about_id=setup.ebay.pk)
    assert "An operator" in told.words
    assert LogEntry.objects.get().user == olga


def test_times_name_the_zone_that_they_are_in(visit: Visit, olga: User, merchant: Merchant) -> None:
    busy_day(merchant, 1)
    text = visit(olga).get(reverse("admin:orders_order_changelist")).content.decode()
    assert re.search(r"\d\d:\d\d:\d\d\xa0UTC", text)


def test_a_viewer_among_operators_without_permission_sees_nothing(visit: Visit, db: None) -> None:
    """``is_staff`` opens the door; what lies behind needs permission by Django's own rules."""
    user = User.objects.create_user("stan@example.com", "correct horse battery", is_staff=True)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert visit(user).get(reverse("admin:orders_order_changelist")).status_code == 403
