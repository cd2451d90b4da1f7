"""Due, leased, fair: which stream runs when."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import streams
from cartrover.sync.leases import HeldLease
from cartrover.sync.models import Stream
from cartrover.sync.work import LeaseLost
from tests.conftest import make_merchant

KINDS = [Stream.Kind.PULL_ORDERS, Stream.Kind.DELIVER_ORDERS, Stream.Kind.PULL_SHIPMENTS, Stream.Kind.PULL_STOCK]


def make_streams(merchant: Merchant, accounts: int = 1, kinds: list[str] | None = None) -> list[Connection]:
    made = []
    with acting_for(merchant):
        for number in range(accounts):
            connection = Connection.objects.create(
                integration="ebay",
                environment="simulator",
                account_id=f"{merchant.pk}-{number}",
                account_name="seller",
                authorised_at=timezone.now(),
            )
            for kind in kinds or KINDS:
                Stream.objects.create(connection=connection, merchant=merchant, kind=kind, due_at=Now())
            made.append(connection)
    return made


def stream(pk: int) -> Stream:
    with across_merchants("a test looks"):
        found: Stream = Stream.objects.get(pk=pk)
        return found


def let_leases_end() -> None:
    with across_merchants("a test passes time"):
        Stream.objects.filter(lease_until__isnull=False).update(lease_until=Now())


def test_a_due_stream_is_claimed_once(merchant: Merchant) -> None:
    make_streams(merchant, kinds=[Stream.Kind.PULL_ORDERS])
    assert len(streams.claim(10)) == 1
    assert streams.claim(10) == []


def test_what_is_not_due_is_not_claimed(merchant: Merchant) -> None:
    make_streams(merchant)
    with acting_for(merchant):
        Stream.objects.update(due_at=None)
    assert streams.claim(10) == []
    assert streams.due_count(10) == 0


def test_nobody_comes_second_before_everybody_came_first(merchant: Merchant, other_merchant: Merchant) -> None:
    make_streams(merchant, accounts=5)
    make_streams(other_merchant, accounts=1)
    with acting_for(merchant):
        Stream.objects.update(due_at=F("due_at") - timedelta(hours=1))
    first_two = streams.claim(2)
    assert Counter(claimed.merchant_id for claimed in first_two) == {merchant.pk: 1, other_merchant.pk: 1}
    third = streams.claim(2)
    assert Counter(claimed.merchant_id for claimed in third) == {merchant.pk: 1, other_merchant.pk: 1}


def test_a_connection_runs_only_so_many_at_once(merchant: Merchant) -> None:
    make_streams(merchant, accounts=1)
    assert len(streams.claim(10)) == streams.PER_CONNECTION


def test_a_lost_lease_is_claimed_by_another_and_fences_the_first(merchant: Merchant) -> None:
    make_streams(merchant, kinds=[Stream.Kind.PULL_ORDERS])
    (first,) = streams.claim(1)
    HeldLease(first).check()
    let_leases_end()
    (second,) = streams.claim(1)
    assert (second.stream_id, second.token) == (first.stream_id, first.token + 1)
    with pytest.raises(LeaseLost):
        HeldLease(first).check()
    with pytest.raises(LeaseLost):
        streams.settle(first, due_in=60, last_note="late")
    assert streams.renew([(first.stream_id, first.token)]) == set()
    assert streams.renew([(second.stream_id, second.token)]) == {second.stream_id}
    assert stream(first.stream_id).last_note == ""


def test_a_run_that_ends_is_due_when_it_says(merchant: Merchant) -> None:
    make_streams(merchant, kinds=[Stream.Kind.PULL_ORDERS])
    (claimed,) = streams.claim(1)
    streams.settle(claimed, due_in=600, cursor={"watermark": "x"}, last_note="3 new orders.")
    row = stream(claimed.stream_id)
    assert row.lease_until is None
    assert not row.running
    assert row.cursor == {"watermark": "x"}
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(minutes=9)


def test_a_wake_during_a_run_is_not_lost(merchant: Merchant) -> None:
    (connection,) = make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS])
    (claimed,) = streams.claim(1)
    with acting_for(merchant):
        streams.wake(connection.pk, Stream.Kind.DELIVER_ORDERS)
    assert streams.claim(1) == [], "it is running"
    streams.settle(claimed, due_in=600)
    assert [again.stream_id for again in streams.claim(1)] == [claimed.stream_id]


def test_waking_does_not_start_what_is_switched_off(merchant: Merchant) -> None:
    (connection,) = make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS])
    with acting_for(merchant):
        streams.stop(connection)
        streams.wake(connection.pk, Stream.Kind.DELIVER_ORDERS)
    assert streams.claim(1) == []


def test_a_stream_that_died_with_its_process_counts_the_crash(merchant: Merchant) -> None:
    make_streams(merchant, kinds=[Stream.Kind.PULL_ORDERS])
    crashes = []
    for _ in range(3):
        (claimed,) = streams.claim(1)
        crashes.append(claimed.crashes)
        let_leases_end()
    assert crashes == [0, 1, 2]


def test_streams_under_suspicion_run_one_at_a_time(merchant: Merchant) -> None:
    make_streams(merchant, accounts=3, kinds=[Stream.Kind.PULL_ORDERS])
    assert len(streams.claim(10)) == 3
    let_leases_end()  # the process died with all three
    (suspect,) = streams.claim(10)
    assert streams.claim(10) == []
    streams.settle(suspect, due_in=600, crashes=0)
    assert len(streams.claim(10)) == 1


@pytest.mark.usefixtures("live")
def test_many_workers_claim_each_stream_once() -> None:
    merchants = [make_merchant(f"Merchant {number}") for number in range(10)]
    for each in merchants:
        make_streams(each, accounts=1, kinds=[Stream.Kind.PULL_ORDERS, Stream.Kind.PULL_STOCK])
    claimed: list[int] = []

    def work() -> None:
        while found := streams.claim(3):
            claimed.extend(each.stream_id for each in found)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 20
