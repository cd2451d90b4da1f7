"""What stands between a client and the socket: permission, pauses, budgets, and the trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cartrover.connections import credentials
from cartrover.connections.models import Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import breaker, streams
from cartrover.sync.leases import HeldLease
from cartrover.sync.models import Call, QuotaDay, Stream
from cartrover.sync.streams import Claim
from cartrover.sync.wire import LEFT_FOR_OTHERS, LiveWire, ScopeOpen
from cartrover.sync.work import LeaseLost
from integrations import registry
from integrations.contract import Exchange
from integrations.outcomes import NeedsMerchant, RetryLater
from tests.sync.test_streams import let_leases_end, make_streams, stream

Kind = Stream.Kind


@pytest.fixture
def claimed(merchant: Merchant) -> Claim:
    make_streams(merchant, kinds=[Kind.PULL_ORDERS])
    return streams.claim(1)[0]


def wire(claimed: Claim, kind: str = Kind.PULL_ORDERS, slug: str = "ebay") -> LiveWire:
    with acting_for(claimed.merchant_id or 0):
        connection = Connection.objects.get(pk=claimed.connection_id)
    return LiveWire(connection, registry.get(slug), kind=kind, lease=HeldLease(claimed))


def exchange(status: int | None = 200, **more: Any) -> Exchange:
    told = {"method": "GET", "url": "https://x/order", "resource": "order", "status": status, "request_id": "r1"}
    return Exchange(**{**told, "sent_at": datetime.now(UTC), "seconds": 0.1, **more})


def calls(claimed: Claim) -> list[Call]:
    with acting_for(claimed.merchant_id or 0):
        return list(Call.objects.order_by("pk"))


def row(claimed: Claim) -> Connection:
    with acting_for(claimed.merchant_id or 0):
        found: Connection = Connection.objects.get(pk=claimed.connection_id)
        return found


def test_no_call_is_made_while_rows_are_open(claimed: Claim, merchant: Merchant) -> None:
    with acting_for(merchant), pytest.raises(ScopeOpen):
        wire(claimed).before_call("order", write=False)


def test_no_call_is_made_without_the_lease(claimed: Claim) -> None:
    let_leases_end()
    streams.claim(1)
    with pytest.raises(LeaseLost):
        wire(claimed).before_call("order", write=True)


def test_no_call_is_made_for_a_connection_that_was_disconnected_after_its_token_was_handed_out(
    claimed: Claim, merchant: Merchant
) -> None:
    mine = wire(claimed)
    mine.before_call("order", write=False)
    with acting_for(merchant):
        Connection.objects.update(state=Connection.State.DISCONNECTED)
    with pytest.raises(NeedsMerchant):
        mine.before_call("order", write=False)


def test_only_a_call_that_was_let_out_is_counted(claimed: Claim) -> None:
    mine = wire(claimed)
    mine.before_call("order", write=False)
    mine.heed(RetryLater("Wait.", after=120))
    with pytest.raises(RetryLater, match="asked us to wait"):
        mine.before_call("order", write=False)
    assert mine.calls == 1


def test_a_token_is_kept_until_it_is_refused(claimed: Claim, monkeypatch: pytest.MonkeyPatch) -> None:
    minted = iter(["t1", "t2"])
    monkeypatch.setattr(credentials, "access_token", lambda *args, instead_of: next(minted))
    mine = wire(claimed)
    assert [mine.token(), mine.token(), mine.token(instead_of="t1"), mine.token()] == ["t1", "t1", "t2", "t2"]


def test_a_pause_holds_for_every_step_of_the_connection(claimed: Claim) -> None:
    wire(claimed).heed(RetryLater("Wait.", after=120))
    for kind in (Kind.CONFIRM_SHIPMENTS, Kind.PULL_ORDERS):
        with pytest.raises(RetryLater, match="asked us to wait") as told:
            wire(claimed, kind).before_call("order", write=False)
        assert 115 < (told.value.after or 0) <= 120


@pytest.mark.parametrize(
    "outcome",
    [RetryLater("Later."), RetryLater("Only this order.", after=60, scope="record"), breaker.Away("Away.", after=60)],
    ids=["names no time", "one record", "nobody called"],
)
def test_what_asks_for_no_pause_makes_none(claimed: Claim, outcome: RetryLater) -> None:
    wire(claimed).heed(outcome)
    assert row(claimed).quiet_until is None


def test_what_is_left_of_a_short_budget_is_kept_for_what_matters_more(claimed: Claim) -> None:
    full_at = datetime.now(UTC) + timedelta(minutes=5)
    wire(claimed, slug="tradegecko").after_call(exchange(resource="orders", budget=(20, full_at)))
    assert row(claimed).budget_left == 20
    wire(claimed, Kind.DELIVER_ORDERS, "tradegecko").before_call("orders", write=True)
    wire(claimed, Kind.PULL_SHIPMENTS, "tradegecko").before_call("fulfillments", write=False)
    for kind in (Kind.PULL_ORDERS, Kind.PULL_STOCK):
        assert LEFT_FOR_OTHERS[kind] >= 20
        with pytest.raises(RetryLater, match="no more calls just now"):
            wire(claimed, kind, "tradegecko").before_call("orders", write=False)


def test_a_budget_that_is_full_again_by_the_providers_clock_is_full_by_ours(claimed: Claim) -> None:
    ahead = datetime.now(UTC) + timedelta(minutes=10)
    told = exchange(resource="orders", budget=(0, ahead + timedelta(seconds=30)), server_time=ahead)
    wire(claimed, slug="tradegecko").after_call(told)
    full_at = row(claimed).budget_full_at
    assert full_at is not None
    assert timedelta(seconds=20) < full_at - datetime.now(UTC) < timedelta(seconds=40)


def test_a_daily_quota_that_is_spent_stops_its_resource_and_no_other(claimed: Claim) -> None:
    spent = wire(claimed)
    spent.after_call(exchange(429, budget=(0, datetime.now(UTC) + timedelta(hours=3))))
    assert spent.resource_spent
    spent.heed(RetryLater("Used up.", after=3 * 3600, scope="provider"))
    assert row(claimed).quiet_until is None
    with pytest.raises(RetryLater, match="used up"):
        wire(claimed).before_call("order", write=False)
    wire(claimed, Kind.PUSH_STOCK).before_call("inventory", write=True)
    assert QuotaDay.objects.get(resource="order").spent_until is not None


def test_each_call_leaves_a_line_and_a_read_that_went_well_a_short_one(claimed: Claim) -> None:
    mine = wire(claimed)
    long = "x" * 10_000
    for status, method in ((200, "GET"), (500, "GET"), (200, "POST")):
        mine.after_call(exchange(status, method=method, response_body=long))
    assert [(call.status, call.method, len(call.response_body)) for call in calls(claimed)] == [
        (200, "GET", 2_000),
        (500, "GET", 10_000),
        (200, "POST", 10_000),
    ]
    assert {call.stream_kind for call in calls(claimed)} == {"pull_orders"}


def test_no_answer_and_a_providers_own_errors_open_the_breaker_and_refusals_do_not(claimed: Claim) -> None:
    mine = wire(claimed)
    for _ in range(breaker.OPENS_AFTER):
        mine.after_call(exchange(404))
    mine.before_call("order", write=False)
    for status in (None, 500, 502, 503, None):
        mine.after_call(exchange(status))
    with pytest.raises(breaker.Away):
        mine.before_call("order", write=False)
    assert mine.probe_in() < 60


def test_when_the_provider_is_back_what_failed_meanwhile_is_due(claimed: Claim) -> None:
    streams.settle(claimed, due_in=900, failures=1, failing_since=datetime.now(UTC))
    with acting_for(claimed.merchant_id or 0):
        Connection.objects.update(environment=registry.get("ebay").environment)
    mine = wire(claimed)
    for _ in range(breaker.OPENS_AFTER):
        mine.after_call(exchange(None))
    mine.after_call(exchange(200))
    due_at = stream(claimed.stream_id).due_at
    assert due_at is not None
    assert due_at <= datetime.now(UTC) + timedelta(seconds=1)
