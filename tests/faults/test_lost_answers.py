"""A write whose answer gets lost, in every way that one can: in the end there is one effect, and the order goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from cartrover.sync import durations
from integrations import http
from tests.faults.outcome import companies, created, delivered, drain, problems, recover
from tests.stage import Stage

LATE = 2.5  # seconds after which a cut call takes effect all the same
WAYS: list[dict[str, Any]] = [
    {"kind": "effect_then_status", "status": 500},
    {"kind": "effect_then_reset"},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "html"},
    {"kind": "malformed"},
    {"kind": "effect_then_delay", "seconds": 2.5},
    {"kind": "late_effect", "seconds": LATE},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 503, "headers": {"Retry-After": "1"}},
]


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Calls are cut soon, and a provider that is away is asked again soon."""
    real = http.deadline
    monkeypatch.setattr(http, "deadline", lambda seconds: real(min(seconds, 1.5)))
    with durations.changed(breaker_first=0.1, breaker_most=0.2):
        yield


def look_once_and_let_the_late_one_arrive(stage: Stage) -> None:
    """Every answer has got lost; the first look of what was sent late finds nothing yet."""
    for _ in range(2):
        stage.pass_time(60)
        drain()
    time.sleep(LATE)


def test_an_order_is_created_once_in_whatever_way_the_answer_gets_lost(stage: Stage) -> None:
    delivered(stage)
    numbers = [stage.sell("TENT-2P") for _ in WAYS]
    for way in WAYS:
        stage.world.gecko.fault(method="POST", path="/orders$", **way)
    stage.settle()
    look_once_and_let_the_late_one_arrive(stage)
    recover(stage)
    assert stage.world.gecko.control("GET", "faults")["waiting"] == []
    assert {number: created(stage, number) for number in numbers} == dict.fromkeys(numbers, 1)
    assert {stage.order(number).status for number in numbers} == {"at_wms"}
    assert problems(stage) == []


def test_a_package_is_told_once_in_whatever_way_the_answer_gets_lost(stage: Stage) -> None:
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P") for _ in WAYS]
    stage.settle()
    for at, number in enumerate(numbers):
        stage.ship(number, tracking_number=f"T{at}")
    for way in WAYS:
        stage.world.ebay.control("faults", method="POST", path="/shipping_fulfillment$", **way)
    stage.settle()
    look_once_and_let_the_late_one_arrive(stage)
    recover(stage)
    assert stage.world.ebay.told("faults")["waiting"] == []
    assert sorted(stage.packages_at_ebay()) == sorted((number, f"T{at}") for at, number in enumerate(numbers))
    assert {stage.order(number).status for number in numbers} == {"confirmed"}
    assert problems(stage) == []


@pytest.mark.parametrize("way", [WAYS[0], WAYS[2], WAYS[7]], ids=["took effect", "never arrived", "arrived late"])
def test_the_carts_customer_is_made_once(stage: Stage, way: dict[str, Any]) -> None:
    stage.stock("TENT-2P")
    numbers = [stage.sell("TENT-2P") for _ in range(2)]
    stage.world.gecko.fault(method="POST", path="/companies$", **way)
    stage.settle()
    if way["kind"] == "late_effect":
        look_once_and_let_the_late_one_arrive(stage)
    recover(stage)
    assert len(companies(stage)) == 1
    assert [created(stage, number) for number in numbers] == [1, 1]


def settle_until_it_is_met(stage: Stage) -> None:
    """A push waits for a pull of orders that ends after the stock was read, which may be the next one."""
    for _ in range(5):
        stage.settle()
        if stage.world.ebay.told("faults")["waiting"] == []:
            return
    raise AssertionError("no push met the fault")


@pytest.mark.parametrize("way", [WAYS[0], WAYS[1], WAYS[2]], ids=["a failure", "no answer", "never arrived"])
def test_a_listing_shows_the_figure_of_before_although_the_answer_to_another_got_lost(stage: Stage, way: dict[str, Any]) -> None:
    stage.stock("TENT-2P", on_hand=5)
    stage.world.ebay.control("listings", marketplace="EBAY_US", seller=stage.seller, sku="TENT-2P", quantity=1)
    stage.settle()
    assert stage.shown("TENT-2P") == 5
    stage.count("TENT-2P", 7)
    stage.world.ebay.control("faults", method="POST", path="/ws/api.dll$", **way)
    settle_until_it_is_met(stage)
    assert stage.shown("TENT-2P") == (7 if way["kind"] != "reset" else 5)
    stage.count("TENT-2P", 5)
    stage.settle()
    recover(stage)
    assert stage.shown("TENT-2P") == 5


def test_while_nobody_can_look_nothing_is_sent_again(stage: Stage) -> None:
    delivered(stage)
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.world.gecko.fault("status", method="GET", path="/orders$", status=500, times=1000)
    stage.settle()
    for _ in range(3):
        stage.pass_time()
        drain()
    assert stage.order(number).status == "new"
    stage.world.gecko.control("DELETE", "faults")
    time.sleep(0.3)  # the breaker lets a probe through
    recover(stage)
    assert (created(stage, number), stage.order(number).status) == (1, "at_wms")


def test_what_carries_our_reference_and_is_not_ours_is_left_to_a_person(stage: Stage) -> None:
    delivered(stage)
    number = stage.sell("TENT-2P")
    stage.world.gecko.fault("reset", method="POST", path="/orders$")
    stage.settle()
    lookalike = {"reference_number": number.replace("-", ""), "lines": [{"sku": "TENT-2P", "quantity": 5, "price": "1"}]}
    stage.world.gecko.control("POST", "orders", {"account": stage.account, **lookalike})
    recover(stage)
    assert (created(stage, number), stage.order(number).status) == (1, "held")
    assert [kind for kind, _subject, _whose in problems(stage)] == ["ambiguous"]


def test_two_lines_of_one_sku_are_told_apart_even_after_a_lost_answer(stage: Stage) -> None:
    delivered(stage)
    number = stage.sell("TENT-2P", lines=[{"sku": "TENT-2P"}, {"sku": "TENT-2P", "quantity": 2}])
    stage.world.gecko.fault("effect_then_reset", method="POST", path="/orders$")
    stage.settle()
    recover(stage)
    stage.ship(number)
    stage.settle()
    recover(stage)
    assert stage.packages_at_ebay() == [(number, "1Z999AA1")]
    (package,) = [each for each in stage.world.ebay.ledger("shipping_fulfillment") if each["order"] == number]
    assert sorted(line["quantity"] for line in package["lines"]) == [1, 2]
    assert stage.order(number).status == "confirmed"
