"""What is kept for a while only, and what stays however old it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from cartrover.events.models import Problem
from cartrover.events.telling import open_problem
from cartrover.mail.models import OutboxMail, SealedMail
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Status
from cartrover.sync import clearing
from cartrover.sync.models import Job, Rehearsed
from tests.portal.story import set_up

OLD, NEW = timedelta(days=91), timedelta(days=89)


def clear(merchant: Merchant) -> dict[str, str]:
    return clearing.clear_nightly(merchant.pk, {})


def mail(kind: str, state: str, ago: timedelta) -> OutboxMail:
    row: OutboxMail = OutboxMail.objects.create(kind=kind, to="alice@example.com", state=state)
    at = timezone.now() - ago
    OutboxMail.objects.filter(pk=row.pk).update(created_at=at, sent_at=at if state == "sent" else None)
    return row


def job(kind: str, ago: timedelta, state: str = "done", **more: Any) -> Job:
    made: Job = Job.objects.create(kind=kind, asked_by="alice@example.com", state=state, subject=str(Job.objects.count()), **more)
    Job.objects.filter(pk=made.pk).update(ended_at=None if state == "open" else timezone.now() - ago)
    return made


def rehearsed(of: Job) -> None:
    at, status = timezone.now(), Status.NEW
    Rehearsed.objects.create(job=of, external_id="1", number="1", placed_at=at, total=1, status=status)


def test_mail_goes_so_many_days_after_it_was_sent_or_refused_and_never_while_it_waits(merchant: Merchant) -> None:
    with acting_for(merchant):
        mail("sent_long_ago", "sent", OLD)
        mail("refused_long_ago", "failed", OLD)
        mail("sent_lately", "sent", NEW)
        mail("waits", "waiting", OLD)
        asks = mail("asks_for_somebody", "failed", OLD)
        open_problem("mail", "It was refused.", about=asks, whose=Problem.Whose.OPERATOR)
    SealedMail.objects.create(kind="password_reset", to="alice@example.com", state="failed")
    SealedMail.objects.update(created_at=timezone.now() - OLD)
    clear(merchant)
    with acting_for(merchant):
        assert set(OutboxMail.objects.values_list("kind", flat=True)) == {"sent_lately", "waits", "asks_for_somebody"}
    assert not SealedMail.objects.exists()


def test_a_job_goes_so_many_days_after_it_ended_but_not_the_last_ones_that_pages_show(merchant: Merchant) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        old = [job("test_order", OLD, cart=setup.carts["EBAY_DE"]) for _ in range(4)]
        others = job("test_order", OLD, cart=setup.carts["EBAY_US"])
        fresh = [job("bulk", NEW) for _ in range(5)]
        under_way = job("bulk", OLD, "open")
    clear(merchant)
    with acting_for(merchant):
        assert set(Job.objects.all()) == {*old[1:], others, *fresh, under_way}


def test_of_rehearsals_a_carts_newest_keep_their_orders(merchant: Merchant) -> None:
    setup = set_up(merchant)
    with acting_for(merchant):
        made = [job("rehearsal", timedelta(), cart=setup.carts["EBAY_DE"]) for _ in range(5)]
        for each in made:
            rehearsed(each)
    clear(merchant)
    with acting_for(merchant):
        assert list(Rehearsed.objects.order_by("pk").values_list("job", flat=True)) == [each.pk for each in made[2:]]
        assert Job.objects.count() == 5


def test_it_is_done_once_a_night_and_at_once_again_where_more_is_left(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "BATCH", 2)
    with acting_for(merchant):
        for _ in range(3):
            mail("old", "sent", OLD)
    assert clear(merchant) == {}
    remembered = clear(merchant)
    with acting_for(merchant):
        assert not OutboxMail.objects.exists()
        mail("old", "sent", OLD)
    assert clearing.clear_nightly(merchant.pk, remembered) == remembered
    with acting_for(merchant):
        assert OutboxMail.objects.exists()
    last_night = (datetime.fromisoformat(remembered["cleared_at"]) - timedelta(days=1)).isoformat()
    clearing.clear_nightly(merchant.pk, {"cleared_at": last_night})
    with acting_for(merchant):
        assert not OutboxMail.objects.exists()


def test_another_merchants_rows_are_left_alone(merchant: Merchant, other_merchant: Merchant) -> None:
    with acting_for(other_merchant):
        mail("old", "sent", OLD)
    clear(merchant)
    with acting_for(other_merchant):
        assert OutboxMail.objects.exists()
