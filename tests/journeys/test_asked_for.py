"""What a person asks for on a page, over the stand-ins: a rehearsal, the proof, and orders pulled again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from cartrover.connections import holders
from cartrover.connections.models import Cart
from cartrover.events.models import Event, Problem
from cartrover.inventory.models import SkuPart, SkuRule
from cartrover.merchants.models import User
from cartrover.merchants.tenancy import acting_for
from cartrover.orders import canceling
from cartrover.orders.models import Order
from cartrover.sync import jobs
from cartrover.sync.jobs import rehearsed
from cartrover.sync.models import Job, Stream
from tests.conftest import make_member
from tests.journeys.packages import pull_news
from tests.stage import Stage

Visit = Callable[[User | None], Client]


def ask(stage: Stage, kind: str, **args: Any) -> Job:
    """Ask for it, let the engine do it, and return the job as it ended."""
    stage.world.let_pass()
    with acting_for(stage.merchant):
        cart = Cart.objects.get()
        job = jobs.ask(kind, by="alice@example.com", subject=f"cart-{cart.pk}", cart=cart, **args)
    stage.settle("pull_shipments")
    with acting_for(stage.merchant):
        return Job.objects.get(pk=job.pk)


def lose(stage: Stage) -> None:
    """What is sold now falls through: the download believes that it has read beyond it."""
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    with acting_for(stage.merchant):
        stream = Stream.objects.get(kind=Stream.Kind.PULL_ORDERS)
        Stream.objects.filter(pk=stream.pk).update(cursor={**stream.cursor, "until": ahead, "resume_at": ahead}, due_at=None)


def test_what_fell_through_is_loaded_by_the_check_and_then_nothing_is_missing(stage: Stage) -> None:
    stage.stock("TENT-2P")
    kept = stage.sell("TENT-2P")
    stage.settle()
    lose(stage)
    lost = [stage.sell("TENT-2P") for _ in range(3)]
    first = ask(stage, "reconcile", days=2)
    assert (first.state, sorted(first.result["missing"])) == ("done", sorted(lost))
    second = ask(stage, "reconcile", days=2)
    assert (second.result["missing"], second.result["orders"]) == ([], 4)
    stage.settle("deliver_orders")
    assert sorted(order["order_number"] for order in stage.at_warehouse()) == sorted([kept, *lost])
    third = ask(stage, "reconcile", days=2)
    assert (third.result["delivered"], third.result["not_at_warehouse"], third.result["twice_at_warehouse"]) == (4, [], [])
    with acting_for(stage.merchant):
        assert not Problem.objects.filter(kind="reconcile", closed_at=None).exists()
        assert Event.objects.filter(kind="reconcile", about="cart").count() == 3


def test_what_the_proof_says_to_do_about_an_order_that_the_warehouse_lost_brings_it_there_once(stage: Stage) -> None:
    """Its record is gone there, and nothing told us: the check finds it, a person cancels its sending and sends it again."""
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    (lost,) = stage.at_warehouse()
    stage.world.gecko.control("DELETE", f"orders/{lost['id']}")
    pull_news(stage)  # a check goes no further than the download has come
    assert ask(stage, "reconcile", days=2).result["not_at_warehouse"] == [number]
    with acting_for(stage.merchant):
        assert canceling.cancel_sending(Order.objects.all(), "bob@example.com")[0] == 1
    stage.settle()
    assert stage.order(number).status == "canceled"
    with acting_for(stage.merchant):
        assert canceling.send_again(Order.objects.all(), "bob@example.com")[0] == 1
    stage.settle()
    (made,) = stage.at_warehouse()
    assert (made["order_number"], stage.order(number).remote_id) == (number, str(made["id"]))
    pull_news(stage)
    assert ask(stage, "reconcile", days=2).result["not_at_warehouse"] == []


def test_orders_that_change_while_they_are_checked_are_all_found(stage: Stage) -> None:
    stage.stock("TENT-2P")
    lose(stage)
    numbers = [stage.sell("TENT-2P") for _ in range(8)]
    stage.world.ebay.set(drift_per_page=2)
    ask(stage, "reconcile", days=2)
    stage.world.ebay.set(drift_per_page=0)
    ask(stage, "reconcile", days=2)  # what changed during the first one lies beyond its window
    assert sorted(stage.statuses()) == sorted(numbers)
    assert ask(stage, "reconcile", days=2).result["missing"] == []


def test_a_rehearsal_sends_nothing_and_going_live_sends_what_it_said(stage: Stage) -> None:
    stage.stock("TENT-2P")
    with acting_for(stage.merchant):
        Cart.objects.update(state=Cart.State.CHECKED, pull_from=None, went_live_at=None)
        Stream.objects.filter(kind=Stream.Kind.PULL_ORDERS).update(due_at=None)
    good, unknown = stage.sell("TENT-2P", quantity=2), stage.sell("MYSTERY")
    job = ask(stage, "rehearsal", days=30)
    assert (job.state, stage.at_warehouse(), stage.statuses()) == ("done", [], {})
    with acting_for(stage.merchant):
        found = rehearsed.found(job)
    assert found.ready is not None
    assert (found.ready.count, [(group.code, group.subject) for group in found.stuck]) == (1, [("unknown_sku", "MYSTERY")])
    with acting_for(stage.merchant):
        holders.go_live(Cart.objects.get(), actor="alice@example.com")
    stage.settle()
    assert [order["order_number"] for order in stage.at_warehouse()] == [good]
    assert stage.statuses()[unknown] == "error"


def test_a_window_pulled_again_changes_nothing_that_is_as_it_was(stage: Stage) -> None:
    stage.stock("TENT-2P")
    first = stage.sell("TENT-2P")
    stage.settle()
    lose(stage)
    second = stage.sell("TENT-2P")
    now = datetime.now(UTC) + timedelta(minutes=5)
    span = {"start": (now - timedelta(days=1)).isoformat(), "end": now.isoformat()}
    assert ask(stage, "pull_again", **span).words == "2 orders read: 1 new, 0 changed, 1 as they were."
    assert ask(stage, "pull_again", external_ids=[first, second]).words == "2 orders read, 0 of them new."
    stage.settle("deliver_orders")
    assert sorted(order["order_number"] for order in stage.at_warehouse()) == sorted([first, second])
    with acting_for(stage.merchant):
        assert Order.objects.count() == 2


def test_a_test_order_is_a_marked_draft_that_is_read_back_and_voided(stage: Stage) -> None:
    stage.stock("TENT-2P", "PEG")
    for sku in ("CAMP-SET", "COUPON", "MYSTERY", "PEG"):
        stage.world.ebay.control("listings", seller=stage.seller, sku=sku, quantity=9)
    with acting_for(stage.merchant):
        kit = SkuRule.objects.create(sku="CAMP-SET")
        SkuPart.objects.create(rule=kit, sku="TENT-2P")
        SkuPart.objects.create(rule=kit, sku="PEG", units=8, position=1)
        SkuRule.objects.create(sku="COUPON", action="leave_out", promotional=True)
    job = ask(stage, "test_order", method="Express")
    rows = {row["code"]: row for row in job.result["rows"]}
    assert (job.state, job.words) == (
        "done",
        "2 codes were sent, and all arrived as they should. Kept back, as your rules say: COUPON. "
        "Could not be sent, see the table: MYSTERY. The test order is voided again.",
    )
    assert rows["CAMP-SET"]["sent"] == [["TENT-2P", 1], ["PEG", 8]]
    assert rows["CAMP-SET"]["back"] == [1, 9]
    assert rows["COUPON"]["trouble"].startswith("Left out")
    assert rows["MYSTERY"]["trouble"].startswith("MYSTERY is not in")
    told = stage.world.gecko.control("GET", f"summary?account={stage.account}")
    (order,) = told["orders"]
    assert order["order_number"] == f"TEST-{job.public_id}".upper()
    assert order["status"] in ("void", "deleted")
    assert stage.at_warehouse() == []
    shown, to = as_its_staff_see_it(stage, order["id"])
    assert "TEST" in shown["tags"]
    assert "TEST" in shown["notes"]
    assert f"{to['first_name']} {to['last_name']}" == "TEST ORDER, DO NOT SHIP"


def as_its_staff_see_it(stage: Stage, order_id: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order at the warehouse, and the address that it goes to."""
    granted = {"email": f"{stage.seller}@example.com", "privileged": True}
    token = stage.world.gecko.control("POST", "grant", granted)["access_token"]

    def read(path: str) -> Any:
        answer = requests.get(f"{stage.world.gecko.url}/{path}", headers={"Authorization": f"Bearer {token}"}, timeout=60)
        answer.raise_for_status()
        return answer.json()

    order = read(f"orders/{order_id}")["order"]
    return order, read(f"addresses/{order['shipping_address_id']}")["address"]


@pytest.mark.parametrize("by_hand", [True, False], ids=["voided there", "voided by another try"])
def test_a_test_order_that_cannot_be_voided_is_a_problem_until_somebody_has(stage: Stage, visit: Visit, by_hand: bool) -> None:
    client = visit(make_member(stage.merchant, "alice@example.com"))
    stage.stock("TENT-2P")
    stage.world.ebay.control("listings", seller=stage.seller, sku="TENT-2P", quantity=9)
    refused = {"kind": "status", "status": 422, "times": 9}
    stage.world.gecko.control("POST", "faults", {**refused, "method": "POST", "path": "/actions/void$"})
    stage.world.gecko.control("POST", "faults", {**refused, "method": "DELETE", "path": "/orders/"})
    job = ask(stage, "test_order", method="")
    assert job.result["voided"] is False
    with acting_for(stage.merchant):
        problem = Problem.objects.get(kind="test_order", closed_at=None)
    assert "Void it at the warehouse yourself" in problem.words
    assert "Void it at the warehouse yourself" in page_of_the_test_order(stage, client)
    stage.world.gecko.control("DELETE", "faults")
    if by_hand:
        (order,) = stage.at_warehouse()
        stage.world.gecko.control("POST", f"orders/{order['id']}/void")
    ask(stage, "test_order", ref=job.result["ref"])
    assert stage.at_warehouse() == []
    with acting_for(stage.merchant):
        assert not Problem.objects.filter(kind="test_order", closed_at=None).exists()
    page = page_of_the_test_order(stage, client)
    assert "1 code was sent, and arrived as it should. The test order is voided again." in page
    assert "Void it at the warehouse yourself" not in page


def page_of_the_test_order(stage: Stage, client: Client) -> str:
    with acting_for(stage.merchant):
        cart = Cart.objects.get()
    return client.get(reverse("test_order", args=[stage.merchant.public_id, cart.public_id])).content.decode()


def test_no_order_of_a_buyer_is_voided_as_if_it_were_a_test_order(stage: Stage) -> None:
    stage.stock("TENT-2P")
    number = stage.sell("TENT-2P")
    stage.settle()
    job = ask(stage, "test_order", ref=stage.order(number).ref)
    assert (job.state, job.words) == ("failed", "This cart has had no test order under that reference.")
    assert [order["order_number"] for order in stage.at_warehouse()] == [number]
