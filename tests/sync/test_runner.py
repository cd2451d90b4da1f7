"""Whatever comes of a run becomes the stream's next due time and words for whoever has to act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import runner, streams
from cartrover.sync.backoff import back_off
from cartrover.sync.models import Stream
from cartrover.sync.work import Done, LeaseLost, Work
from integrations.outcomes import NeedsMerchant, NeedsOperator, RetryLater
from tests.sync.test_streams import let_leases_end, make_streams, stream

Step = Callable[[Work], Done]


@pytest.fixture
def run(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> Callable[[Step], Stream]:
    """Run a step once as a stream of the merchant's, and return the stream afterwards."""
    (connection,) = make_streams(merchant, kinds=[Stream.Kind.PULL_ORDERS])

    def once(step: Step) -> Stream:
        monkeypatch.setitem(runner.STEPS, Stream.Kind.PULL_ORDERS, step)
        with acting_for(merchant):
            streams.wake(connection.pk, Stream.Kind.PULL_ORDERS)
        (claimed,) = streams.claim(1)
        runner.run(claimed)
        return stream(claimed.stream_id)

    return once


def raising(error: Exception) -> Step:
    def step(work: Work) -> Done:
        raise error

    return step


def open_problems(merchant: Merchant) -> list[tuple[str, str]]:
    with acting_for(merchant):
        return list(Problem.objects.filter(closed_at__isnull=True).values_list("kind", "whose"))


def test_a_good_run_is_remembered(run: Callable[[Step], Stream]) -> None:
    row = run(lambda work: Done("3 new orders.", due_in=60, cursor={"watermark": "now"}))
    assert (row.last_note, row.cursor, row.failing_since, row.lease_until) == ("3 new orders.", {"watermark": "now"}, None, None)
    assert row.last_good_at is not None


def test_a_provider_that_is_away_is_nobodys_move(run: Callable[[Step], Stream], merchant: Merchant) -> None:
    row = run(raising(RetryLater("eBay did not answer.")))
    assert (row.failures, row.last_error) == (1, "eBay did not answer.")
    assert row.failing_since is not None
    assert row.due_at is not None, "it never switches itself off"
    assert open_problems(merchant) == []


def test_a_pause_that_the_provider_asked_for_holds_for_the_whole_connection(
    run: Callable[[Step], Stream], merchant: Merchant
) -> None:
    row = run(raising(RetryLater("Wait.", after=120)))
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(seconds=110)
    with acting_for(merchant):
        quiet_until = Connection.objects.get().quiet_until
    assert quiet_until is not None
    assert quiet_until > timezone.now() + timedelta(seconds=110)


def test_an_hour_of_failing_is_told_and_untold_when_it_ends(run: Callable[[Step], Stream], merchant: Merchant) -> None:
    run(raising(RetryLater("eBay did not answer.")))
    with across_merchants("a test passes time"):
        Stream.objects.update(failing_since=timezone.now() - timedelta(hours=2))
    run(raising(RetryLater("eBay did not answer.")))
    assert open_problems(merchant) == [("waiting", "operator")]
    row = run(lambda work: Done("ok", due_in=60))
    assert open_problems(merchant) == []
    assert (row.failures, row.failing_since) == (0, None)


def test_what_the_merchant_has_to_do_is_one_problem_however_often_it_comes(
    run: Callable[[Step], Stream], merchant: Merchant
) -> None:
    for _ in range(3):
        run(raising(NeedsMerchant("The location is gone. Choose another.", fix="location", subject="18")))
    assert open_problems(merchant) == [("location", "merchant")]


@pytest.mark.parametrize("error", [NeedsOperator("Our keys are wrong."), KeyError("orderId"), ZeroDivisionError()])
def test_our_own_faults_are_the_operators_move(run: Callable[[Step], Stream], merchant: Merchant, error: Exception) -> None:
    row = run(raising(error))
    assert [whose for _kind, whose in open_problems(merchant)] == ["operator"]
    assert row.failures == 1


def test_a_worker_that_lost_its_lease_writes_nothing(run: Callable[[Step], Stream]) -> None:
    def overtaken(work: Work) -> Done:
        let_leases_end()
        streams.claim(1)
        raise LeaseLost("taken over")

    row = run(overtaken)
    assert (row.failures, row.last_error, row.last_note) == (0, "", "")
    assert row.running, "it is the other worker's now"


def test_a_stream_that_kills_its_worker_three_times_is_held_and_said(
    run: Callable[[Step], Stream], merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    def poison(work: Work) -> Done:
        ran.append(1)
        return Done("ok", due_in=60)

    monkeypatch.setitem(runner.STEPS, Stream.Kind.PULL_ORDERS, poison)
    for _ in range(3):
        streams.claim(1)  # and the process is gone
        let_leases_end()
    (claimed,) = streams.claim(1)
    runner.run(claimed)
    assert ran == []
    assert open_problems(merchant) == [("crash", "operator")]
    assert stream(claimed.stream_id).due_at is None


def test_back_off_grows_with_jitter_up_to_its_bound() -> None:
    assert all(0.5 <= back_off(0, None) <= 2 for _ in range(50))
    assert all(0.5 <= back_off(50, None) <= 900 for _ in range(50))
    assert max(back_off(50, None) for _ in range(200)) > 450
    assert back_off(3, 120) >= 120
