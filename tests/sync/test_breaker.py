"""While a provider is away nobody calls it but one probe at a time."""

from __future__ import annotations

import pytest
from django.db import connection as database

from cartrover.sync import breaker
from cartrover.sync.breaker import OPENS_AFTER, Away

NAME = "eBay"
pytestmark = pytest.mark.django_db


def fail(times: int, provider: str = "ebay:test") -> None:
    for _ in range(times):
        breaker.failed(provider)


def let_time_pass(seconds: float) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE sync_breaker SET open_until = open_until - make_interval(secs => %s)", [seconds])


def test_a_few_failures_stop_nobody() -> None:
    fail(OPENS_AFTER - 1)
    breaker.before_call("ebay:test", NAME)
    assert breaker.probe_in("ebay:test") is None


def test_many_in_a_row_stop_every_call_to_this_provider_alone() -> None:
    fail(OPENS_AFTER)
    with pytest.raises(Away, match="not answering") as told:
        breaker.before_call("ebay:test", NAME)
    assert told.value.scope == "provider"
    assert breaker.probe_in("ebay:test") is not None
    breaker.before_call("tradegecko:test", "TradeGecko")


def test_a_success_in_between_begins_the_count_anew() -> None:
    for _ in range(3):
        fail(OPENS_AFTER - 1)
        assert not breaker.worked("ebay:test"), "it was not away"
    breaker.before_call("ebay:test", NAME)


def test_when_the_time_is_up_one_caller_is_the_probe() -> None:
    fail(OPENS_AFTER)
    let_time_pass(60)
    breaker.before_call("ebay:test", NAME)
    with pytest.raises(Away):
        breaker.before_call("ebay:test", NAME)


def test_a_probe_that_works_opens_the_way_and_says_that_it_was_closed() -> None:
    fail(OPENS_AFTER)
    let_time_pass(60)
    breaker.before_call("ebay:test", NAME)
    assert breaker.worked("ebay:test")
    breaker.before_call("ebay:test", NAME)
    assert not breaker.worked("ebay:test")


def test_each_probe_that_fails_makes_the_next_one_wait_longer_up_to_a_bound() -> None:
    waits = []
    fail(OPENS_AFTER - 1)
    for _ in range(8):
        fail(1)
        waits.append(breaker.probe_in("ebay:test") or 0)
        let_time_pass(60)
    assert waits[0] < 5.1
    assert 17 < waits[-1] < 25.1


def test_a_probe_whose_worker_died_is_followed_by_another() -> None:
    fail(OPENS_AFTER)
    let_time_pass(60)
    breaker.before_call("ebay:test", NAME)
    let_time_pass(60)
    breaker.before_call("ebay:test", NAME)
