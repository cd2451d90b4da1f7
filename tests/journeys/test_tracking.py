"""Tracking numbers: late, doubled, refused, or none; judged by what eBay was told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import QuerySet

from cartrover.events.models import Event, Problem
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.models import Carrier, Order, Shipment
from cartrover.sync.models import Effect, Stream
from cartrover.sync.push_again import push_again
from tests.journeys.packages import change, lines_at_warehouse, number_of_calls, pull_news, units_told
from tests.stage import Stage


@pytest.fixture
def number(stage: Stage) -> str:
    """An order of three units that is at the warehouse."""
    stage.world.ebay.set(refused_tracking=[], refused_carriers=[], duplicate_tracking="refuse")
    stage.stock("TENT-2P")
    sold = stage.sell("TENT-2P", quantity=3)
    stage.settle()
    return sold


def told(stage: Stage, kind: str) -> list[str]:
    with acting_for(stage.merchant):
        return list(Event.objects.filter(kind=kind).order_by("id").values_list("words", flat=True))


def problems(stage: Stage) -> list[str]:
    with acting_for(stage.merchant):
        return list(Problem.objects.filter(closed_at__isnull=True).values_list("kind", flat=True))


def the_package(stage: Stage) -> QuerySet[Shipment]:
    return Shipment.objects.filter(pk=Shipment.objects.get().pk)


# ----------------------------------------------------------------------------------------------------------------- later


def test_tracking_that_comes_after_the_package_was_told_is_shown_and_not_told_twice(stage: Stage, number: str) -> None:
    package = stage.ship(number, tracking_number=None, tracking_company=None)
    stage.settle()
    change(stage, package, tracking_number="LATE", tracking_company="UPS")
    for _ in range(3):
        stage.settle()
    assert units_told(stage) == [("", [3])]
    (words,) = told(stage, "tracking_differs")
    assert words.startswith("eBay shows this package without a tracking number and takes no other. The warehouse says LATE now")
    assert stage.order(number).status == "confirmed"


def test_tracking_that_comes_while_an_answer_is_lost_changes_nothing_of_what_was_sent(stage: Stage, number: str) -> None:
    stage.world.ebay.control("faults", kind="status", status=503, method="POST", path="/shipping_fulfillment$")
    package = stage.ship(number, tracking_number=None, tracking_company=None)
    stage.settle("pull_shipments", "confirm_shipments")
    change(stage, package, tracking_number="SOON", tracking_company="UPS")
    for _ in range(4):
        stage.settle()
        stage.pass_time(3600)
    assert units_told(stage) == [("", [3])], "what may have been sent is sent as it was, and looked for as it was"


# --------------------------------------------------------------------------------------------------------------- doubled


def test_two_packages_under_one_number_are_one_at_ebay_with_the_units_of_both(stage: Stage, number: str) -> None:
    line = lines_at_warehouse(stage)["TENT-2P"]
    stage.ship(number, lines={line: 1}, tracking_number="TWIN")
    stage.ship(number, lines={line: 2}, tracking_number="TWIN")
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("TWIN", [3])]
    assert stage.order(number).status == "confirmed"
    with acting_for(stage.merchant):
        assert set(Shipment.objects.values_list("state", "cart_shipment_id")) == {("confirmed", "TWIN")}


def test_a_second_package_under_a_number_that_ebay_has_is_told_by_its_units(stage: Stage, number: str) -> None:
    line = lines_at_warehouse(stage)["TENT-2P"]
    stage.ship(number, lines={line: 1}, tracking_number="TWIN")
    stage.settle()
    stage.ship(number, lines={line: 2}, tracking_number="TWIN")
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("TWIN", [1]), ("", [2])]
    assert stage.order(number).status == "confirmed"


def test_a_package_that_is_read_again_and_again_is_told_once(stage: Stage, number: str) -> None:
    package = stage.ship(number, tracking_number="ONCE")
    for at in range(4):
        change(stage, package, notes=f"touched {at}")
        stage.settle()
    assert units_told(stage) == [("ONCE", [3])]


# --------------------------------------------------------------------------------------------------------------- refused


def test_a_carrier_that_ebay_refuses_is_told_as_other_and_the_order_says_so(stage: Stage, number: str) -> None:
    stage.world.ebay.set(refused_carriers=["UPS"])
    stage.ship(number, tracking_number="1Z1", tracking_company="UPS Ground")
    stage.settle()
    entries = [each for each in stage.world.ebay.ledger("shipping_fulfillment") if each["seller"] == stage.seller]
    assert [(each["tracking"], each["carrier"]) for each in entries] == [("1Z1", "Other")]
    assert told(stage, "tracking_sent") == ["Sent package 1Z1 to eBay under carrier Other (the warehouse says UPS Ground)."]
    with acting_for(stage.merchant):
        assert Carrier.objects.get().name == "UPS Ground"


def test_a_number_that_ebay_refuses_waits_for_a_person_who_corrects_it_in_place(stage: Stage, number: str) -> None:
    stage.world.ebay.set(refused_tracking=["TYPO"])
    stage.ship(number, tracking_number="TYPO")
    for _ in range(3):
        stage.settle()
        stage.pass_time(3600)
    assert units_told(stage) == []
    assert problems(stage) == ["tracking_refused"]
    assert number_of_calls(stage, number, "POST") == 2, "under its carrier, and once as Other"
    with acting_for(stage.merchant):
        assert push_again(the_package(stage), "bob@example.com", carrier="DHL", tracking="RIGHT") == 1
    stage.settle()
    pull_news(stage)
    assert units_told(stage) == [("RIGHT", [3])]
    assert problems(stage) == []
    assert stage.order(number).status == "confirmed"
    with acting_for(stage.merchant):
        revisions = Effect.objects.filter(kind="shipment").order_by("revision").values_list("revision", "state")
        assert list(revisions) == [(1, "rejected"), (2, "confirmed")]
        assert push_again(the_package(stage), "bob@example.com") == 0, "never one that the cart has"


def test_what_a_person_corrected_is_not_undone_by_reading_the_package_again(stage: Stage, number: str) -> None:
    stage.world.ebay.set(refused_tracking=["TYPO"])
    package = stage.ship(number, tracking_number="TYPO")
    stage.settle()
    with acting_for(stage.merchant):
        push_again(the_package(stage), "bob@example.com", tracking="RIGHT")
    change(stage, package, notes="touched")
    stage.settle()
    stage.settle()
    assert units_told(stage) == [("RIGHT", [3])]
    assert told(stage, "tracking_differs") == []


def test_a_number_that_the_warehouse_corrects_goes_on_by_itself(stage: Stage, number: str) -> None:
    stage.world.ebay.set(refused_tracking=["TYPO"])
    package = stage.ship(number, tracking_number="TYPO")
    stage.settle()
    change(stage, package, tracking_number="RIGHT")
    stage.settle()
    assert units_told(stage) == [("RIGHT", [3])]
    assert problems(stage) == []


def test_a_package_that_somebody_put_in_by_hand_after_the_refusal_is_found_and_not_doubled(stage: Stage, number: str) -> None:
    stage.world.ebay.set(refused_tracking=["TYPO"])
    stage.ship(number, tracking_number="TYPO")
    stage.settle()
    stage.world.ebay.control(f"orders/{number}/ship", tracking="TYPO")
    with acting_for(stage.merchant):
        push_again(the_package(stage), "bob@example.com")
    stage.settle()
    stage.pass_time(3600)
    stage.settle()
    assert units_told(stage) == []
    assert stage.order(number).status == "confirmed"


# ------------------------------------------------------------------------------------------------------------- confirmed


def test_the_orders_next_version_confirms_it_without_a_call_of_its_own(stage: Stage, number: str) -> None:
    stage.ship(number, tracking_number="SEEN")
    stage.settle()
    pull_news(stage)
    assert stage.order(number).status == "confirmed"
    assert number_of_calls(stage, number, "GET") == 0


def test_only_after_fifteen_minutes_the_cart_is_asked_by_a_call_of_its_own(stage: Stage, number: str) -> None:
    stage.ship(number, tracking_number="SEEN")
    with acting_for(stage.merchant):  # as if no newer version of the order were listed
        Stream.objects.filter(kind=Stream.Kind.PULL_ORDERS).update(due_at=None)
    stage.settle("pull_shipments", "confirm_shipments")
    stage.pass_time(14 * 60)
    stage.settle("confirm_shipments")
    assert (stage.order(number).status, number_of_calls(stage, number, "GET")) == ("shipped", 0)
    stage.pass_time(60)
    stage.settle("confirm_shipments")
    assert (stage.order(number).status, number_of_calls(stage, number, "GET")) == ("confirmed", 1)


# ------------------------------------------------------------------------------------------------- before the order is known


def test_what_left_before_we_knew_that_the_order_is_ours_is_read_once_we_do(stage: Stage) -> None:
    """It is at the warehouse and held for a person: what leaves of it meanwhile belongs to nobody we know, for days."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    with acting_for(stage.merchant):
        order = Order.objects.get(external_id=number)
        remote_id, delivered_at = order.remote_id, order.delivered_at
        Order.objects.update(status="held", remote_id="", delivered_at=None)
        Effect.objects.filter(kind="order").update(state=Effect.State.HELD)
    stage.ship(number, tracking_number="EARLY")
    for _ in range(3):
        stage.world.let_pass(3600)
        stage.settle()
    assert units_told(stage) == []
    with acting_for(stage.merchant):
        assert delivered_at is not None
        later = delivered_at + timedelta(days=3)
        Order.objects.update(status="at_wms", remote_id=remote_id, delivered_at=later)
        Effect.objects.filter(kind="order").update(state=Effect.State.CONFIRMED)
    stage.settle()
    stage.settle()
    assert units_told(stage) == [("EARLY", [1])]
    assert stage.order(number).status == "confirmed"
