"""Whatever comes of a run becomes the stream's next due time and words for whoever has to act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from cartrover.connections.models import Cart, Connection, Warehouse
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


def _carts(merchant: Merchant, *every: int | None) -> Connection:
    """Live carts on the merchant's connection, with these frequencies of order download."""
    with acting_for(merchant):
        connection = Connection.objects.get()
        for each in every:
            services = {"order_download": {"on": True, "every": each}}
            Cart.objects.create(integration="ebay", name="cart", state="live", services=services, connection=connection)
        return connection


@pytest.mark.parametrize(
    ("every", "automatic", "expected"),
    [
        ([1800], 60.0, 1800),
        ([1800, 300], 60.0, 300),
        ([300], 900.0, 300),
        ([1800], 0.0, 0),
        ([1800, None], 60.0, 60),
        ([None], 60.0, 60),
    ],
    ids=["chosen", "the most frequent", "more often than automatic", "more to do at once", "one is automatic", "automatic"],
)
def test_a_step_runs_as_often_as_the_merchant_chose(
    run: Callable[[Step], Stream], merchant: Merchant, every: list[int | None], automatic: float, expected: float
) -> None:
    _carts(merchant, *every)
    row = run(lambda work: Done("", due_in=automatic))
    assert row.due_at is not None
    assert row.last_good_at is not None
    assert abs((row.due_at - row.last_good_at).total_seconds() - expected) < 5


def test_a_cart_that_is_paused_or_switched_off_sets_no_pace(merchant: Merchant, run: Callable[[Step], Stream]) -> None:
    connection = _carts(merchant, 300, 600, 1800)
    with acting_for(merchant):
        paused, off, _live = Cart.objects.order_by("pk")
        Cart.objects.filter(pk=paused.pk).update(state="paused")
        Cart.objects.filter(pk=off.pk).update(services={"order_download": {"on": False, "every": 600}})
        assert streams.pause_of(connection, Stream.Kind.PULL_ORDERS, 60) == 1800


def test_work_that_becomes_ready_waits_for_the_chosen_turn_and_a_person_does_not(merchant: Merchant) -> None:
    (connection,) = make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS])
    services = {"order_delivery": {"on": True, "every": 3600}}
    with acting_for(merchant):
        Warehouse.objects.create(integration="ebay", name="house", state="live", services=services, connection=connection)
        in_an_hour = timezone.now() + timedelta(hours=1)
        Stream.objects.update(due_at=in_an_hour)
        streams.ready(connection.pk, Stream.Kind.DELIVER_ORDERS)
        assert Stream.objects.get().due_at == in_an_hour
        assert streams.pause_of(connection, Stream.Kind.DELIVER_ORDERS, 2.0) == 2.0, "a record waits for its own retry"
        streams.wake(connection.pk, Stream.Kind.DELIVER_ORDERS)
        assert Stream.objects.get().due_at < in_an_hour


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
