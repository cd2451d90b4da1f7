"""What people ask for goes on by itself, is never asked twice at once, and says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from cartrover.merchants.models import Merchant, User
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import jobs, streams
from cartrover.sync.jobs import Running, Step, kinds
from cartrover.sync.models import Job, Stream
from cartrover.sync.runner import run
from integrations.outcomes import Rejected, RetryLater
from tests.conftest import make_merchant

Play = Callable[[Callable[[Running], Iterator[Step]]], None]


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Makes ``count`` mean what a test says."""

    def play(generator: Callable[[Running], Iterator[Step]]) -> None:
        monkeypatch.setattr(kinds, "KINDS", {"count": generator})

    return play


def ask(merchant: Merchant, **args: Any) -> Job:
    with acting_for(merchant):
        return jobs.ask("count", by="alice@example.com", **args)


def go_on() -> None:
    """Run what is due, once."""
    with across_merchants("a test makes jobs due"):
        Stream.objects.filter(kind=Stream.Kind.JOBS).update(due_at=Now())
        Job.objects.filter(state=Job.State.OPEN).update(due_at=Now())
    for claimed in streams.claim(10):
        run(claimed)


def now(job: Job) -> Job:
    with acting_for(job.merchant_id):
        return Job.objects.get(pk=job.pk)


def to_three(running: Running) -> Iterator[Step]:
    for number in range(int(running.cursor.get("at", 0)) + 1, 4):
        yield Step(done=number, total=3, words=f"{number} of 3", cursor={"at": number})


def test_a_job_runs_to_its_end_and_keeps_what_came_of_it(live: None, kind: Play) -> None:
    kind(to_three)
    job = ask(make_merchant())
    go_on()
    after = now(job)
    assert (after.state, after.done, after.total, after.words, after.due_at) == ("done", 3, 3, "3 of 3", None)


def test_one_that_was_cut_off_goes_on_where_it_was(live: None, kind: Play) -> None:
    seen: list[int] = []

    def dies_once(running: Running) -> Iterator[Step]:
        for step in to_three(running):
            seen.append(step.done or 0)
            yield step
            if seen == [1]:
                raise RetryLater("eBay does not answer.", after=0)

    kind(dies_once)
    job = ask(make_merchant())
    go_on()
    assert (now(job).state, now(job).words) == ("open", "eBay does not answer.")
    go_on()
    assert (now(job).state, seen) == ("done", [1, 2, 3])


def test_what_is_asked_twice_is_one_job_and_can_be_asked_again_when_it_has_ended(live: None, kind: Play) -> None:
    kind(to_three)
    merchant = make_merchant()
    first, second = ask(merchant, subject="1"), ask(merchant, subject="1")
    assert first.pk == second.pk != ask(merchant, subject="2").pk
    go_on()
    assert ask(merchant, subject="1").pk != first.pk


@pytest.mark.parametrize(
    ("trouble", "words"), [(Rejected("There is no such cart."), "There is no such cart."), (KeyError("x"), jobs.OURS)]
)
def test_a_job_that_cannot_be_done_says_why_and_keeps_no_other_waiting(
    live: None, kind: Play, trouble: Exception, words: str
) -> None:
    def run_one(running: Running) -> Iterator[Step]:
        if running.job.subject == "bad":
            raise trouble
        yield Step(words="fine")

    kind(run_one)
    merchant = make_merchant()
    bad, good = ask(merchant, subject="bad"), ask(merchant, subject="good")
    go_on()
    assert [(now(each).state, now(each).words) for each in (bad, good)] == [("failed", words), ("done", "fine")]


def test_a_stopped_job_does_no_further_step(live: None, kind: Play) -> None:
    def stopped_meanwhile(running: Running) -> Iterator[Step]:
        yield Step(done=1)
        with running.rows():
            assert jobs.stop(running.job)
        yield Step(done=2)
        raise AssertionError("it went on")

    kind(stopped_meanwhile)
    job = ask(make_merchant())
    go_on()
    assert (now(job).state, now(job).done) == ("stopped", 1)


def test_the_page_shows_how_far_it_is_and_asks_for_itself_until_the_end(
    visit: Callable[[User], Client], merchant: Merchant, alice: User, kind: Play
) -> None:
    kind(to_three)
    client = visit(alice)
    with acting_for(merchant):
        job = jobs.ask("count", by="alice@example.com", total=3)
        address = reverse("job", args=[merchant.public_id, job.public_id])
    assert 'hx-trigger="every' in client.get(address).content.decode()
    client.post(reverse("stop_job", args=[merchant.public_id, job.public_id]))
    page = client.get(address, headers={"HX-Request": "true", "HX-Target": f"job-{job.public_id}"}).content.decode()
    assert "Stopped" in page
    assert "hx-trigger" not in page
    assert "<html" not in page
