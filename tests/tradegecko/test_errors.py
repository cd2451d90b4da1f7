"""Whose move each refusal of TradeGecko is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from requests.structures import CaseInsensitiveDict

from integrations.http import Reply
from integrations.outcomes import Ambiguous, NeedsMerchant, NeedsOperator, Outcome, Rejected, RetryLater
from integrations.tradegecko.errors import budget, judge

NOW = datetime(2014, 9, 2, 4, 45, 0, tzinfo=UTC)


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    named = CaseInsensitiveDict({name.replace("_", "-"): value for name, value in headers.items()})
    return Reply(status, named, json.dumps(body).encode(), body, NOW)


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_success_means_nothing_more(status: int) -> None:
    assert judge(reply(status), True) is None


@pytest.mark.parametrize(
    ("status", "kind", "what"),
    [
        (401, NeedsMerchant, "reconnect"),
        (402, NeedsMerchant, "subscription"),
        (403, NeedsMerchant, "permission"),
        (404, Rejected, "not_found"),
        (400, Rejected, "400"),
        (409, Rejected, "409"),
        (422, Rejected, "422"),
        (414, NeedsOperator, ""),
        (302, NeedsOperator, ""),
        (429, RetryLater, ""),
        (500, RetryLater, ""),
        (503, RetryLater, ""),
    ],
)
@pytest.mark.parametrize("body", [None, {}, {"message": "Words"}, {"error": "Words"}, {"errors": {"base": ["Words"]}}])
def test_the_status_decides_whatever_the_body(status: int, kind: type[Outcome], what: str, body: Any) -> None:
    verdict = judge(reply(status, body), False)
    assert type(verdict) is kind
    assert what in (getattr(verdict, "fix", ""), getattr(verdict, "code", ""))


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_write_that_was_answered_by_a_failure_is_in_doubt(status: int) -> None:
    verdict = judge(reply(status), True)
    assert type(verdict) is Ambiguous
    assert not verdict.key_spent


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_key_that_was_used_before_is_in_doubt_under_whatever_status(status: int) -> None:
    verdict = judge(reply(status, {"message": "Duplicate Idempotency-Key: abc"}), True)
    assert isinstance(verdict, Ambiguous)
    assert verdict.key_spent


def test_the_messages_of_all_fields_are_in_the_words() -> None:
    verdict = judge(reply(422, {"errors": {"company_id": ["can't be blank"], "base": ["Too late"], "reason": "no"}}), True)
    assert verdict is not None
    assert verdict.message == "TradeGecko refused this: company id can't be blank; Too late; reason no"


def test_a_spent_budget_waits_until_the_window_ends_by_the_providers_clock() -> None:
    verdict = judge(reply(429, X_Rate_Limit_Remaining="0", X_Rate_Limit_Reset="1409633400"), True)
    assert type(verdict) is RetryLater
    assert verdict.after == 301  # 04:50:00, and a second


def test_a_spent_budget_without_headers_waits_as_long_as_it_is_told() -> None:
    with_header, without = judge(reply(429, Retry_After="17"), False), judge(reply(429), False)
    assert isinstance(with_header, RetryLater)
    assert isinstance(without, RetryLater)
    assert (with_header.after, without.after) == (17, None)


def test_the_budget_is_read_from_the_headers() -> None:
    told = reply(200, {}, X_Rate_Limit_Limit="300", X_Rate_Limit_Remaining="298", X_Rate_Limit_Reset="1409633400")
    assert budget(told) == (298, datetime(2014, 9, 2, 4, 50, tzinfo=UTC))
    assert budget(reply(200, {})) is None
    assert budget(reply(200, {}, X_Rate_Limit_Remaining="many", X_Rate_Limit_Reset="later")) is None
