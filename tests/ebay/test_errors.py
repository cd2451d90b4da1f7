"""What eBay's refusals mean, in every shape that was seen of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.ebay.errors import budget, errors, judge, token_refused
from integrations.http import Reply
from integrations.outcomes import Ambiguous, NeedsMerchant, NeedsOperator, Outcome, Rejected, RetryLater
from tests.contracts import NEEDS_CONTRACTS
from tests.ebay.samples import EBAY, sample

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # four in the morning where eBay lives


def reply(status: int, body: Any = None, **headers: str) -> Reply:
    text = "" if body is None else json.dumps(body)
    return Reply(status, {"Content-Type": "application/json", **headers}, text.encode(), body, NOON)


def xml(errors: str, ack: str = "Failure") -> Reply:
    body = f'<AnyResponse xmlns="urn:ebay:apis:eBLBaseComponents"><Ack>{ack}</Ack>{errors}</AnyResponse>'
    return Reply(200, {"Content-Type": "text/xml;charset=utf-8"}, body.encode(), None, NOON)


def error(code: int, *, severity: str = "Error") -> str:
    return f"<Errors><ErrorCode>{code}</ErrorCode><LongMessage>No.</LongMessage><SeverityCode>{severity}</SeverityCode></Errors>"


def rest(status: int, error_id: int) -> Reply:
    return reply(status, {"errors": [{"errorId": error_id, "message": "short", "longMessage": "long"}]})


def verdict(answer: Reply, *, write: bool = False) -> Outcome:
    outcome = judge(answer, write)
    assert outcome is not None
    return outcome


# ------------------------------------------------------------------------------------------------------------- as they were seen

SEEN: dict[str, type[Outcome]] = {
    "401_invalid_token": RetryLater,
    "403_scope": NeedsMerchant,
    "429_quota": RetryLater,
    "400_bad_filter_name": NeedsOperator,
    "400_bad_filter_value": NeedsOperator,
    "400_carrier": Rejected,
    "500_system": RetryLater,
    "500_generic_notification": RetryLater,
    "oauth_401_client": RetryLater,
    "wrong_host": Rejected,
}


@NEEDS_CONTRACTS
@pytest.mark.parametrize(("name", "kind"), SEEN.items(), ids=SEEN)
def test_a_recorded_refusal_has_the_meaning_it_should(name: str, kind: type[Outcome]) -> None:
    seen = sample("errors.json")[name]
    outcome = verdict(reply(seen["status"], seen["body"] or None))
    assert type(outcome) is kind
    assert outcome.message.startswith(("eBay", "The access", "We asked eBay"))


@NEEDS_CONTRACTS
def test_every_shape_of_an_error_is_read() -> None:
    shapes = sample("error_shapes_hendt.json")
    assert ("1", "description") in list(errors(reply(400, shapes["restful"])))
    assert "292024" in [code for code, _message in errors(reply(400, shapes["restful"]))]
    assert list(errors(reply(400, shapes["postOrder"]))) == [("1", "Error Message")]
    assert list(errors(reply(400, shapes["oauth"]))) == [("Error Message", "description")]
    assert list(errors(reply(400, shapes["plain"]))) == []


@NEEDS_CONTRACTS
def test_recorded_trading_errors_are_read() -> None:
    text = (EBAY / "samples" / "trading_samples.xml.txt").read_text()
    [failure] = [line for line in text.splitlines() if line.startswith("<ReviseInventoryStatusResponse")]
    answer = Reply(200, {"Content-Type": "text/xml"}, failure.encode(), None, NOON)
    assert list(errors(answer)) == [("21916750", 'You are not allowed to revise an ended item "110136942332".')]
    assert judge(answer, False) is None  # the caller tells items apart


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        [],
        "text",
        {"errors": None},
        {"errors": 7},
        {"errors": [7]},
        {"errors": [{}]},
        {"errors": {}},
        {"error": []},
        {"errorMessage": 7},
        {"errors": [{"errorId": {"a": 1}, "message": 5}]},
    ],
)
@pytest.mark.parametrize("status", [300, 400, 401, 403, 404, 409, 418, 429, 500, 503])
def test_a_refusal_of_no_known_shape_is_judged_by_its_status(status: int, body: Any) -> None:
    assert verdict(reply(status, body)).message


# ---------------------------------------------------------------------------------------------------------------------- by status


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (302, NeedsOperator, ""),
        (400, Rejected, "400"),
        (401, RetryLater, ""),
        (403, NeedsOperator, ""),
        (404, Rejected, "not_found"),
        (405, NeedsOperator, ""),
        (408, RetryLater, ""),
        (409, Rejected, "conflict"),
        (411, NeedsOperator, ""),
        (422, Rejected, "422"),
        (429, RetryLater, ""),
        (500, RetryLater, ""),
        (503, RetryLater, ""),
    ],
)
def test_a_status_alone_has_a_meaning(status: int, kind: type[Outcome], code: str) -> None:
    outcome = verdict(reply(status))
    assert type(outcome) is kind
    assert getattr(outcome, "code", "") == code


@pytest.mark.parametrize("answer", [reply(500), reply(503), rest(500, 30500), rest(500, 25001), rest(500, 2003), reply(408)])
def test_a_server_error_leaves_a_write_in_doubt_and_a_read_for_later(answer: Reply) -> None:
    assert type(verdict(answer, write=True)) is Ambiguous
    read = verdict(answer)
    assert type(read) is RetryLater
    assert read.scope == "provider"


def test_an_outage_is_waited_out_as_long_as_ebay_says() -> None:
    for write in (True, False):
        outcome = verdict(reply(503, None, **{"Retry-After": "120"}), write=write)
        assert isinstance(outcome, RetryLater)
        assert outcome.after == 120


def test_a_burst_is_waited_out_as_long_as_ebay_says() -> None:
    outcome = verdict(reply(429, None, **{"Retry-After": "7"}), write=True)
    assert isinstance(outcome, RetryLater)
    assert not isinstance(outcome, Ambiguous)
    assert (outcome.after, outcome.scope) == (7, "provider")


# -------------------------------------------------------------------------------------------------------------------- by error id


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        (rest(403, 1100), "reconnect"),
        (rest(400, 32400), "suspended"),
        (xml(error(16110)), "reconnect"),
        (xml(error(17470)), "reconnect"),
        (xml(error(932)), "reconnect"),
    ],
)
def test_what_the_merchant_has_to_mend_stops_the_connection(answer: Reply, fix: str) -> None:
    outcome = verdict(answer)
    assert isinstance(outcome, NeedsMerchant)
    assert (outcome.fix, outcome.scope) == (fix, "connection")


@pytest.mark.parametrize("code", [30700, 30800, 30810, 30820, 30830, 30840, 30900, 31000, 31100, 32800])
def test_what_we_asked_wrongly_is_ours_to_mend(code: int) -> None:
    assert isinstance(verdict(rest(400, code)), NeedsOperator)


@pytest.mark.parametrize("code", [32100, 32110, 25702, 25713])
def test_what_is_not_there_is_not_found(code: int) -> None:
    outcome = verdict(rest(400, code))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "not_found"


@pytest.mark.parametrize("code", [32200, 32210, 32300, 32500, 32600, 34100, 34200, 34300, 25002, 25759])
def test_what_ebay_refuses_of_one_record_is_told_in_our_words_with_its_code(code: int) -> None:
    outcome = verdict(rest(400, code), write=True)
    assert isinstance(outcome, Rejected)
    assert outcome.code == str(code)
    assert "long" not in outcome.message
    assert "long" in outcome.detail


def test_what_we_do_not_know_is_told_in_ebays_words() -> None:
    outcome = verdict(rest(400, 99999), write=True)
    assert isinstance(outcome, Rejected)
    assert (outcome.message, outcome.code) == ("eBay refused this: long", "99999")


def test_the_error_we_know_counts_wherever_it_stands() -> None:
    outcome = verdict(reply(403, {"errors": [{"errorId": 99999}, {"errorId": 1100}]}))
    assert isinstance(outcome, NeedsMerchant)


# ------------------------------------------------------------------------------------------------------------------ tokens, quota


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (rest(401, 1001), True),
        (reply(401), True),
        (rest(403, 1100), False),
        (reply(200, {}), False),
        *((xml(error(code)), True) for code in (931, 932, 16110, 17470, 21916984, 21917053)),
        (xml(error(930)), False),
        (xml(error(21916750)), False),
        (xml(error(21917053, severity="Warning"), ack="Success"), False),
    ],
)
def test_a_refused_token_is_known_in_both_apis(answer: Reply, refused: bool) -> None:
    assert token_refused(answer) is refused


UNTIL_MIDNIGHT = 20 * 3600.0  # of NOON's day, in California


@pytest.mark.parametrize(("answer", "scope"), [(rest(429, 2001), "provider"), (xml(error(518)), "connection")])
def test_a_spent_quota_is_waited_out_until_ebays_midnight(answer: Reply, scope: str) -> None:
    outcome = verdict(answer, write=True)
    assert type(outcome) is RetryLater
    assert (outcome.after, outcome.scope) == (UNTIL_MIDNIGHT, scope)
    assert budget(answer) == (0, datetime(2026, 11, 21, 8, 0, tzinfo=UTC))


def test_a_quota_spent_just_before_midnight_is_not_asked_for_at_once() -> None:
    almost = Reply(429, {}, b"", {"errors": [{"errorId": 2001}]}, datetime(2026, 11, 21, 7, 59, 59, tzinfo=UTC))
    outcome = verdict(almost)
    assert isinstance(outcome, RetryLater)
    assert outcome.after == 15 * 60


@pytest.mark.parametrize(
    "now", [datetime(2026, 3, 8, 12, tzinfo=UTC), datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2028, 2, 29, 23, tzinfo=UTC)]
)
def test_the_midnight_is_right_on_days_that_are_shorter_or_longer(now: datetime) -> None:
    told = budget(Reply(429, {}, b"", {"errors": [{"errorId": 2001}]}, now))
    assert told is not None
    assert told[1].astimezone(UTC).hour in (7, 8)
    assert 0 < (told[1] - now).total_seconds() <= 25 * 3600


@pytest.mark.parametrize("answer", [reply(200, {}), reply(429), rest(403, 2001), xml("", ack="Success")])
def test_ebay_tells_of_no_budget_but_a_spent_one(answer: Reply) -> None:
    assert budget(answer) is None


def test_half_a_failure_tells_of_no_budget() -> None:
    half = Reply(200, {"Content-Type": "text/xml"}, b"<a><Ack>Failure</Ack><Err", None, NOON)
    assert budget(half) is None
