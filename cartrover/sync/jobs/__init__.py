"""Long work that a person asked for: a row that says how far it is, worked off in slices by the merchant's own stream.

A kind of job is a generator: it does some, commits, and yields how far it is. After a step with a cursor it may be left for
others' turn, and after any step by a crash; it is called anew with the last cursor, so a step may be done twice and must bear it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError
from django.db.models import Min
from django.utils import timezone

from cartrover.connections.models import Cart, Connection
from cartrover.merchants.tenancy import acting_for, current_merchant_id
from cartrover.sync import streams
from cartrover.sync.backoff import back_off
from cartrover.sync.leases import HeldLease
from cartrover.sync.models import Job
from cartrover.sync.opening import opener
from cartrover.sync.streams import Claim
from cartrover.sync.work import Done, Lease, LeaseLost, Work
from integrations.outcomes import Outcome, RetryLater

log = logging.getLogger(__name__)

SLICE = 10.0  # seconds that one job has before another's turn
OURS = "Something went wrong on our side. We are looking into it."


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job is: ``done`` of ``total``, where it goes on, what its page shows. None leaves a value as it is.

    A job is left for others' turn only where a step says by its ``cursor`` where it goes on.
    """

    done: int | None = None
    total: int | None = None
    words: str | None = None
    cursor: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A job as its kind's function sees it. Open ``rows()`` for the database, and never during an outside call."""

    job: Job
    lease: Lease
    open_work: Callable[[Connection], Work]
    cursor: Mapping[str, Any] = field(default_factory=dict)

    @contextmanager
    def rows(self) -> Iterator[None]:
        with acting_for(self.job.merchant_id):
            yield

    def cart(self) -> Cart:
        """The job's cart, with its connection and warehouse."""
        with self.rows():
            found: Cart = Cart.objects.select_related("connection", "warehouse__connection").get(pk=self.job.cart_id)
            return found


Kind = Callable[[Running], Iterator[Step]]


def ask(kind: str, *, by: str, subject: str = "", cart: Cart | None = None, total: int | None = None, **args: Any) -> Job:
    """Ask for a job, or for the open one of the same kind and subject. Inside the merchant's door."""
    wanted = Job(kind=kind, subject=subject, cart=cart, total=total, args=args, asked_by=by, due_at=timezone.now())
    Job.objects.bulk_create([wanted], ignore_conflicts=True)
    job: Job = Job.objects.filter(kind=kind, subject=subject, state=Job.State.OPEN).latest("pk")
    streams.wake_jobs(current_merchant_id())
    return job


def stop(job: Job) -> bool:
    """End a job where it is; what it has done stays. False when it had ended. Inside the merchant's door."""
    return _end(job, Job.State.STOPPED)


def run(claimed: Claim) -> Done:
    """A slice of every job of a merchant that is due."""
    merchant_id = claimed.merchant_id or 0
    lease = HeldLease(claimed)
    with acting_for(merchant_id):
        due = list(Job.objects.filter(state=Job.State.OPEN, due_at__lte=timezone.now()).order_by("due_at", "pk"))
    for job in due:
        lease.check()
        _slice(Running(job, lease, opener(claimed), job.cursor))
    with acting_for(merchant_id):
        first = Job.objects.filter(state=Job.State.OPEN).aggregate(first=Min("due_at"))["first"]
    due_in = max(0.0, (first - timezone.now()).total_seconds()) if first is not None else None
    return Done(f"{len(due)} jobs went on." if due else "Nobody has asked for anything.", due_in=due_in)


def _slice(running: Running) -> None:
    """What goes wrong with one job keeps no other waiting."""
    try:
        _go_on(running)
    except RetryLater as outcome:
        _later(running, outcome)
    except (LeaseLost, OperationalError, InterfaceError):
        raise
    except Outcome as outcome:
        _failed(running, outcome.message)
    except Exception:
        log.exception("job %s (%s) failed", running.job.pk, running.job.kind)
        _failed(running, OURS)


def _go_on(running: Running) -> None:
    from cartrover.sync.jobs.kinds import KINDS  # they are built on this module

    ends = time.monotonic() + SLICE
    for step in KINDS[running.job.kind](running):
        if not _kept(running, step):
            return
        if step.cursor is not None and time.monotonic() > ends:
            return
    with running.rows():
        _end(running.job, Job.State.DONE)
        running.lease.check()


def _kept(running: Running, step: Step) -> bool:
    """Write down how far the job is. False when somebody has stopped it."""
    told = {name: getattr(step, name) for name in ("done", "total", "words", "cursor", "result")}
    changes = {name: value for name, value in told.items() if value is not None}
    with running.rows():
        still = Job.objects.filter(pk=running.job.pk, state=Job.State.OPEN).update(due_at=timezone.now(), attempts=0, **changes)
        running.lease.check()
    return bool(still)


def _later(running: Running, outcome: RetryLater) -> None:
    with running.rows():
        job = Job.objects.get(pk=running.job.pk)
        pause = timedelta(seconds=back_off(job.attempts, outcome.after))
        Job.objects.filter(pk=job.pk, state=Job.State.OPEN).update(
            attempts=job.attempts + 1, due_at=timezone.now() + pause, words=outcome.message
        )


def _failed(running: Running, words: str) -> None:
    with running.rows():
        _end(running.job, Job.State.FAILED, words=words)


def _end(job: Job, state: Job.State, **changes: Any) -> bool:
    open_one = Job.objects.filter(pk=job.pk, state=Job.State.OPEN)
    return bool(open_one.update(state=state, due_at=None, ended_at=timezone.now(), **changes))
