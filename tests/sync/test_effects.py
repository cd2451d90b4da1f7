"""A write that must not happen twice, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest
from django.db.models import F

from cartrover.connections.models import Connection
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.sync import streams
from cartrover.sync.effects import Found, HeldForPerson, NoLongerWanted, Plan, carry_out
from cartrover.sync.leases import HeldLease
from cartrover.sync.models import Effect, Stream
from cartrover.sync.streams import Claim
from cartrover.sync.work import LeaseLost, Work
from integrations.contract import Integration
from integrations.outcomes import Ambiguous, NeedsMerchant, Rejected, RetryLater
from tests.sync.test_streams import let_leases_end, make_streams


@dataclass
class Outside:
    """An outside system that counts what was really done to it."""

    made: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    visible: bool = True
    answers: Callable[[str], None] = lambda key: None

    def send(self, key: str) -> str:
        self.keys.append(key)
        self.made.append("SO1")
        self.answers(key)
        return "SO1"

    def look(self, key: str) -> Found | None:
        return Found(self.made[0]) if self.made and self.visible else None


def run_of(claimed: Claim) -> Work:
    """A run whose effects call nobody: it has no wire."""
    assert claimed.merchant_id is not None
    assert claimed.connection_id is not None
    wire = cast(Any, None)
    outside = Integration("outside", "Outside", "simulator", grant=None, account=None)
    return Work(
        claimed.stream_id, claimed.merchant_id, claimed.connection_id, claimed.kind, {}, HeldLease(claimed), wire, outside
    )


@pytest.fixture
def claimed(merchant: Merchant) -> Claim:
    make_streams(merchant, kinds=[Stream.Kind.DELIVER_ORDERS])
    return streams.claim(1)[0]


def plan(outside: Outside, **changes: Any) -> Plan:
    made = Plan("order", "ABC1", {"lines": 1}, look=outside.look, send=outside.send)
    return replace(made, **changes)


def effect(claimed: Claim) -> Effect:
    with acting_for(claimed.merchant_id or 0):
        return Effect.objects.latest("revision")


def pass_time(claimed: Claim, seconds: float = 3600) -> None:
    with acting_for(claimed.merchant_id or 0):
        Effect.objects.update(sent_at=F("sent_at") - timedelta(seconds=seconds))


def no_answer(key: str) -> None:
    raise Ambiguous("The warehouse did not answer.")


def test_an_effect_is_carried_out_once_however_often_it_is_asked_for(claimed: Claim) -> None:
    outside = Outside()
    assert [carry_out(run_of(claimed), plan(outside)) for _ in range(3)] == ["SO1"] * 3
    assert outside.made == ["SO1"]
    assert effect(claimed).state == Effect.State.CONFIRMED


def sent_again(claimed: Claim, **changes: Any) -> None:
    """A person says that what the last revision made is gone."""
    with acting_for(claimed.merchant_id or 0):
        Effect.objects.update(state=Effect.State.REJECTED, **changes)


def test_what_is_said_to_be_gone_is_looked_for_before_it_is_sent_again(claimed: Claim) -> None:
    outside = Outside()
    carry_out(run_of(claimed), plan(outside))
    sent_again(claimed)
    assert carry_out(run_of(claimed), plan(outside, looks_first=True)) == "SO1"
    assert outside.made == ["SO1"], "it was there all the time"
    sent_again(claimed)
    outside.visible = False
    carry_out(run_of(claimed), plan(outside, looks_first=True))
    assert outside.made == ["SO1", "SO1"]
    assert len(set(outside.keys)) == 2


def test_what_a_person_says_of_a_lost_answer_is_believed_when_nothing_can_be_on_its_way_any_more(claimed: Claim) -> None:
    outside = Outside(answers=no_answer)
    other = plan(outside, look=lambda key: Found("SO9", ours=False, remark="It differs."))
    for raised in (RetryLater, HeldForPerson):
        with pytest.raises(raised):
            carry_out(run_of(claimed), other)
    sent_again(claimed)
    outside.answers, outside.visible = (lambda key: None), False
    again = plan(outside, looks_first=True)
    with pytest.raises(RetryLater):
        carry_out(run_of(claimed), again)
    assert outside.made == ["SO1"]
    pass_time(claimed)
    assert carry_out(run_of(claimed), again) == "SO1"
    assert outside.made == ["SO1", "SO1"]


def test_a_lost_answer_is_looked_up_before_anything_is_sent_again(claimed: Claim) -> None:
    outside = Outside(answers=no_answer)
    with pytest.raises(RetryLater):
        carry_out(run_of(claimed), plan(outside))
    assert effect(claimed).state == Effect.State.AMBIGUOUS
    assert carry_out(run_of(claimed), plan(outside)) == "SO1"
    assert outside.made == ["SO1"]


def test_what_shows_late_is_found_by_the_second_look(claimed: Claim) -> None:
    outside = Outside(answers=no_answer, visible=False)
    for _ in range(2):
        with pytest.raises(RetryLater):
            carry_out(run_of(claimed), plan(outside))
    outside.visible = True
    with pytest.raises(RetryLater):
        carry_out(run_of(claimed), plan(outside))  # too early for the second look
    pass_time(claimed)
    assert carry_out(run_of(claimed), plan(outside)) == "SO1"
    assert outside.made == ["SO1"]


def test_what_never_arrived_is_sent_again_with_the_same_key_after_two_looks(claimed: Claim) -> None:
    outside = Outside(answers=no_answer, visible=False)
    for _ in range(2):
        with pytest.raises(RetryLater):
            carry_out(run_of(claimed), plan(outside))
    pass_time(claimed)
    outside.made.clear()
    outside.answers = lambda key: None
    assert carry_out(run_of(claimed), plan(outside)) == "SO1"
    assert outside.made == ["SO1"]
    assert len(set(outside.keys)) == 1


def test_a_spent_key_is_replaced_after_two_looks(claimed: Claim) -> None:
    def spent(key: str) -> None:
        raise Ambiguous("Seen before.", key_spent=True)

    outside = Outside(answers=spent, visible=False)
    for _ in range(2):
        with pytest.raises(RetryLater):
            carry_out(run_of(claimed), plan(outside))
    pass_time(claimed)
    outside.answers = lambda key: None
    carry_out(run_of(claimed), plan(outside))
    assert len(set(outside.keys)) == 2


def test_a_worker_that_died_with_an_open_intent_left_something_to_look_for(claimed: Claim) -> None:
    outside = Outside()

    def die(key: str) -> str:
        outside.made.append("SO1")
        raise LeaseLost("as good as dead")

    with pytest.raises(LeaseLost):
        carry_out(run_of(claimed), plan(outside, send=die))
    assert effect(claimed).state == Effect.State.INTENT
    let_leases_end()
    (successor,) = streams.claim(1)
    assert carry_out(run_of(successor), plan(outside)) == "SO1"
    assert outside.made == ["SO1"]


def test_a_worker_that_lost_its_lease_sends_nothing(claimed: Claim) -> None:
    outside = Outside()
    let_leases_end()
    streams.claim(1)
    with pytest.raises(LeaseLost):
        carry_out(run_of(claimed), plan(outside))
    assert outside.made == []


def test_a_late_answer_does_not_overwrite_what_the_successor_did(claimed: Claim) -> None:
    outside = Outside()

    def slow(key: str) -> str:
        let_leases_end()
        (successor,) = streams.claim(1)
        with pytest.raises(RetryLater):
            carry_out(run_of(successor), plan(outside))  # looks: nothing there yet
        pass_time(claimed)
        carry_out(run_of(successor), plan(outside, send=lambda key: "SO2"))
        return "SO1"

    with pytest.raises(LeaseLost):
        carry_out(run_of(claimed), plan(outside, send=slow))
    assert effect(claimed).remote_id == "SO2"


def test_a_refusal_is_final_for_its_revision_and_the_next_try_has_a_new_key(claimed: Claim) -> None:
    def refuse(key: str) -> None:
        outside.made.clear()
        raise Rejected("No such currency.")

    outside = Outside(answers=refuse)
    with pytest.raises(Rejected):
        carry_out(run_of(claimed), plan(outside))
    outside.answers = lambda key: None
    carry_out(run_of(claimed), plan(outside))
    assert len(set(outside.keys)) == 2
    assert outside.made == ["SO1"]


@pytest.mark.parametrize("outcome", [RetryLater("away", after=5), NeedsMerchant("Map it.", fix="unknown_sku")])
def test_what_was_never_sent_needs_no_look(claimed: Claim, outcome: Exception) -> None:
    looked: list[str] = []

    def refuse(key: str) -> str:
        raise outcome

    def look(key: str) -> Found | None:
        looked.append(key)
        return None

    outside = Outside()
    with pytest.raises(type(outcome)):
        carry_out(run_of(claimed), plan(outside, send=refuse, look=look))
    assert carry_out(run_of(claimed), plan(outside, look=look)) == "SO1"
    assert looked == []


def test_a_hit_that_is_not_quite_ours_is_held_for_a_person(claimed: Claim) -> None:
    outside = Outside(answers=no_answer)
    with pytest.raises(RetryLater):
        carry_out(run_of(claimed), plan(outside))
    stranger = plan(outside, look=lambda key: Found("SO9", ours=False, remark="It has other lines."))
    for _ in range(2):
        with pytest.raises(HeldForPerson, match="other lines"):
            carry_out(run_of(claimed), stranger)
    assert outside.made == ["SO1"]


def test_two_effects_of_one_subject_cannot_exist(claimed: Claim, merchant: Merchant) -> None:
    carry_out(run_of(claimed), plan(Outside()))
    with acting_for(merchant):
        connection = Connection.objects.get()
        row = Effect(connection=connection, kind="order", subject="ABC1", digest=b"x")
        Effect.objects.bulk_create([row], ignore_conflicts=True)
        assert Effect.objects.count() == 1


def test_who_stops_a_write_before_its_intent_has_stopped_it(claimed: Claim) -> None:
    outside = Outside()
    with pytest.raises(NoLongerWanted):
        carry_out(run_of(claimed), plan(outside, wanted=lambda: False))
    assert (outside.made, effect(claimed).state) == ([], Effect.State.PLANNED)
    assert carry_out(run_of(claimed), plan(outside)) == "SO1"
