"""A lease lasts while its process lives, and no longer."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db.models import F

from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import durations, streams
from cartrover.sync.leases import Heartbeat, HeldLease
from cartrover.sync.models import Stream
from cartrover.sync.streams import Claim
from cartrover.sync.work import LeaseLost, Work
from tests.conftest import make_merchant
from tests.sync.test_effects import run_of
from tests.sync.test_streams import let_leases_end, make_streams, stream
from tests.waiting import wait_until


@pytest.fixture
def claimed(merchant: Merchant) -> Claim:
    make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS])
    return streams.claim(1)[0]


def time_passes(seconds: float) -> None:
    with across_merchants("a test passes time"):
        Stream.objects.update(lease_until=F("lease_until") - timedelta(seconds=seconds))


def lasts(claimed: Claim, seconds: float) -> bool:
    """Whether its lease, of fifteen seconds, has as many left."""
    try:
        HeldLease(claimed).check(seconds)
    except LeaseLost:
        return False
    return True


def test_who_needs_more_time_than_is_left_is_told(claimed: Claim) -> None:
    lease = HeldLease(claimed)
    lease.check(5)
    time_passes(12)
    lease.check()
    with pytest.raises(LeaseLost):
        lease.check(5)


def test_a_lease_that_has_ended_is_not_renewed_even_if_nobody_took_it(claimed: Claim) -> None:
    let_leases_end()
    assert streams.renew([(claimed.stream_id, claimed.token)]) == set()


def test_writing_without_the_lease_changes_nothing(claimed: Claim, merchant: Merchant) -> None:
    work: Work = run_of(claimed)
    let_leases_end()
    streams.claim(1)
    with pytest.raises(LeaseLost), work.writing():
        Stream.objects.filter(pk=claimed.stream_id).update(last_note="late")
    assert stream(claimed.stream_id).last_note == ""


def test_writing_with_the_lease_changes_what_it_says(claimed: Claim) -> None:
    with run_of(claimed).writing():
        Stream.objects.filter(pk=claimed.stream_id).update(last_note="in time")
    assert stream(claimed.stream_id).last_note == "in time"


@pytest.mark.usefixtures("live")
def test_the_heartbeat_keeps_every_lease_and_lets_go_of_what_has_ended() -> None:
    merchant = make_merchant()
    make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS, Stream.Kind.PULL_ORDERS])
    with durations.changed(heartbeat=0.1):
        kept, dropped = streams.claim(2)
        beat = Heartbeat()
        beat.add(kept)
        beat.add(dropped)
        beat.remove(dropped)
        time_passes(5)
        wait_until(lambda: lasts(kept, 12))
        assert not lasts(dropped, 12)
        beat.remove(kept)
        wait_until(lambda: not any(thread.name == "heartbeat" for thread in threading.enumerate()))
    with acting_for(merchant):
        assert Stream.objects.filter(running=True).count() == 2
