"""One action on many orders: asked first with their number, done by a job, and told with what was passed over."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Change, Merchant, User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Order
from cartrover.portal.chosen import chosen
from cartrover.sync.jobs import bulk_actions
from cartrover.sync.models import Job
from tests.conftest import make_member, make_merchant
from tests.portal.story import Day, busy_day, make_order, set_up
from tests.sync.test_jobs import go_on, now

Visit = Callable[[User | None], Client]


@pytest.fixture
def day(merchant: Merchant) -> Day:
    return busy_day(merchant, 6)


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# ---------------------------------------------------------------------------------------------------------------- asking first


def test_a_person_is_asked_first_with_the_number_of_what_matches(visit: Visit, alice: User, day: Day) -> None:
    public_id = day.setup.merchant.public_id
    answer = visit(alice).get(
        reverse("bulk", args=[public_id]), {"action": "retry", "which": "all", "query": "?status=error&country=DE"}
    )
    page = text(answer)
    assert "Try again: 3 orders?" in page
    assert "Ships to: DE" in page
    assert 'name="query" value="?status=error&amp;country=DE"' in page
    with acting_for(day.setup.merchant):
        assert not Job.objects.exists(), "nothing is done yet"


def test_those_ticked_are_named_and_nothing_ticked_is_nothing_done(visit: Visit, alice: User, day: Day) -> None:
    client, address = visit(alice), reverse("bulk", args=[day.setup.merchant.public_id])
    page = text(client.get(address, {"action": "hold", "which": "ticked", "order": [day.in_error.ref, day.shipped.ref]}))
    assert "Hold: 2 orders?" in page
    assert day.shipped.number in page
    assert client.get(address, {"action": "hold", "which": "ticked"}).status_code == 302
    assert client.get(address, {"action": "nonsense", "which": "all"}).status_code == 404


def test_the_list_offers_the_actions_to_staff_and_not_to_viewers(visit: Visit, alice: User, day: Day) -> None:
    address = reverse("orders", args=[day.setup.merchant.public_id])
    page = text(visit(alice).get(address, {"status": "error"}))
    assert "all 3 that match" in page
    assert f'value="{day.in_error.ref}"' in page
    vera = make_member(day.setup.merchant, "vera@example.com", "viewer")
    assert "that match" not in text(visit(vera).get(address))


def test_starting_makes_one_job_however_often_it_is_pressed_and_audits_it(visit: Visit, alice: User, day: Day) -> None:
    client, address = visit(alice), reverse("start_bulk", args=[day.setup.merchant.public_id])
    wanted = {"action": "retry", "which": "all", "query": "?status=error&q=K%C3%B6hler"}
    answers = [client.post(address, wanted) for _ in range(2)]
    with acting_for(day.setup.merchant):
        job = Job.objects.get()
        change = Change.objects.latest("pk")
    assert {answer["location"] for answer in answers} == {reverse("job", args=[day.setup.merchant.public_id, job.public_id])}
    assert change.what == "asked for many orders: try again"
    assert "hler" not in str(change.after), "a buyer's name is not kept in the audit"


# -------------------------------------------------------------------------------------------------------------------- the job


def test_a_job_acts_on_all_that_match_in_chunks_and_counts_what_it_passed_over(live: None, monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk_actions, "CHUNK", 2)
    setup = set_up(make_merchant())
    with acting_for(setup.merchant):
        orders = [make_order(setup, status="error", reason="x") for _ in range(5)]
        make_order(setup, status="confirmed")
        make_order(setup, status="held", reason_code="payment", reason="waiting for payment")
        job = bulk_actions.ask("retry", by="alice@example.com", query={}, zone="UTC")
        late = make_order(setup, status="error", reason="it came after the button was pressed")
    go_on()
    after = now(job)
    assert (after.state, after.done, after.total) == ("done", 7, 7)
    assert after.words == "5 orders tried again, 2 passed over."
    assert after.result == {"done": 5, "passed": {"Confirmed": 1, "Held: waiting for payment": 1}}
    with acting_for(setup.merchant):
        assert set(Order.objects.filter(pk__in=[each.pk for each in orders]).values_list("status", flat=True)) == {"new"}
        assert Order.objects.get(pk=late.pk).status == "error"


def test_a_job_whose_step_is_done_twice_changes_nothing_the_second_time(live: None) -> None:
    setup = set_up(make_merchant())
    with acting_for(setup.merchant):
        order = make_order(setup, status="new")
        for _ in range(2):
            job = bulk_actions.ask("hold", by="alice@example.com", refs=[order.ref])
            go_on()
        held = Order.objects.get(pk=order.pk)
    assert (held.status, held.held_by) == ("held", "alice@example.com")
    assert now(job).result["done"] == 0


def test_the_jobs_page_says_what_was_passed_over_and_leads_back_to_the_list(visit: Visit, live: None) -> None:
    merchant = make_merchant()
    alice = make_member(merchant, "alice@example.com")
    setup = set_up(merchant)
    with acting_for(merchant):
        make_order(setup, status="confirmed")
        job = bulk_actions.ask("release", by="alice@example.com", query={"country": "DE"}, zone="UTC")
    go_on()
    page = text(visit(alice).get(reverse("job", args=[merchant.public_id, job.public_id])))
    assert "0 orders released, 1 passed over." in page
    assert "Confirmed" in page
    assert "?country=DE" in page


def test_what_is_neither_ticked_nor_all_means_none() -> None:
    from django.http import QueryDict

    assert chosen(QueryDict(""), "UTC") == {"refs": []}
    assert chosen(QueryDict("which=everything&query=?status=new"), "UTC") == {"refs": []}


# --------------------------------------------------------------------------------------------------------------------- export


def exported(client: Client, merchant: Merchant, **asked: Any) -> list[dict[str, str]]:
    answer: Any = client.post(reverse("export_orders", args=[merchant.public_id]), asked)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))


def test_orders_are_exported_as_the_list_shows_them_in_the_merchants_time(visit: Visit, alice: User, day: Day) -> None:
    cache.clear()
    (row,) = exported(visit(alice), day.setup.merchant, which="all", query="?status=shipped")
    assert (row["order_number"], row["cust_ref"], row["status"], row["total"]) == (
        "12-12910-88211",
        "121291088211",
        "shipped",
        "69.30",
    )
    assert (row["skus"], row["tracking"], row["ship_to_city"]) == ("1 x TENT-2P-GREEN", "00340434161094042557", "Berlin")
    assert row["placed_at"].endswith("+0100") or row["placed_at"].endswith("+0200")
    with acting_for(day.setup.merchant):
        assert Change.objects.latest("pk").what == "exported orders"


def test_what_a_buyer_wrote_is_no_formula_in_the_file(visit: Visit, alice: User, day: Day) -> None:
    cache.clear()
    with acting_for(day.setup.merchant):
        order = make_order(day.setup, buyer='=HYPERLINK("http://evil.example")')
    (row,) = exported(visit(alice), day.setup.merchant, which="ticked", order=[order.ref])
    assert row["buyer"].startswith("'=")


def test_a_long_export_is_read_in_parts_and_has_every_order_once(
    visit: Visit, alice: User, day: Day, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cartrover.portal import exporting

    cache.clear()
    monkeypatch.setattr(exporting, "CHUNK", 4)
    rows = exported(visit(alice), day.setup.merchant, which="all", query="")
    with acting_for(day.setup.merchant):
        assert sorted(row["cust_ref"] for row in rows) == sorted(Order.objects.values_list("ref", flat=True))


def test_exports_are_rationed(visit: Visit, alice: User, day: Day) -> None:
    cache.clear()
    client, address = visit(alice), reverse("export_orders", args=[day.setup.merchant.public_id])
    assert [client.post(address, {"order": "x"}).status_code for _ in range(11)] == [200] * 10 + [429]
    cache.clear()
