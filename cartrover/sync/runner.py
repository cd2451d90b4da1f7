"""Runs one stream under its lease, and turns whatever comes of it into the stream's next due time and the merchant's words."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.db.models.functions import Now
from django.utils import timezone

from cartrover.connections import attention
from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, open_problem
from cartrover.merchants.tenancy import across_merchants, acting_for
from cartrover.sync import (
    confirm_shipments,
    deliver_orders,
    housekeeping,
    jobs,
    pull_changes,
    pull_orders,
    pull_shipments,
    pull_stock,
    push_stock,
    send_mail,
    streams,
)
from cartrover.sync.backoff import back_off
from cartrover.sync.durations import durations
from cartrover.sync.leases import heartbeat
from cartrover.sync.models import Stream
from cartrover.sync.opening import open_work
from cartrover.sync.streams import CRASHES_ALLOWED, Claim
from cartrover.sync.wire import LiveWire
from cartrover.sync.work import Done, LeaseLost, Work
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater

log = logging.getLogger(__name__)

STEPS: dict[str, Callable[[Work], Done]] = {
    Stream.Kind.PULL_ORDERS: pull_orders.run,
    Stream.Kind.DELIVER_ORDERS: deliver_orders.run,
    Stream.Kind.PULL_SHIPMENTS: pull_shipments.run,
    Stream.Kind.CONFIRM_SHIPMENTS: confirm_shipments.run,
    Stream.Kind.PULL_CHANGES: pull_changes.run,
    Stream.Kind.PULL_STOCK: pull_stock.run,
    Stream.Kind.PUSH_STOCK: push_stock.run,
}
WITHOUT_CONNECTION: dict[str, Callable[[Claim], Done]] = {
    Stream.Kind.HOUSEKEEPING: housekeeping.run,
    Stream.Kind.MAIL: send_mail.run,
    Stream.Kind.JOBS: jobs.run,
}


def run(claimed: Claim) -> None:
    """Run a claimed stream to its end. Never raises: what went wrong is in the stream's row."""
    heartbeat.add(claimed)
    try:
        if claimed.crashes >= CRASHES_ALLOWED:
            _hold(claimed)
        else:
            _step(claimed)
    except LeaseLost:
        log.info("stream %s was taken over by another worker", claimed.stream_id)
    except Exception:  # the database went away while we settled; the lease ends by itself
        log.exception("stream %s could not be settled", claimed.stream_id)
        connections.close_all()
    finally:
        heartbeat.remove(claimed)


def _step(claimed: Claim) -> None:
    work: Work | None = None
    try:
        if claimed.kind in WITHOUT_CONNECTION:
            done = WITHOUT_CONNECTION[claimed.kind](claimed)
        else:
            work = open_work(claimed)
            done = STEPS[claimed.kind](work)
    except LeaseLost:
        raise
    except RetryLater as outcome:
        _waits(claimed, work, outcome)
    except NeedsMerchant as outcome:
        _needs(claimed, outcome, Problem.Whose.MERCHANT, outcome.fix, outcome.subject)
    except NeedsOperator as outcome:
        _needs(claimed, outcome, Problem.Whose.OPERATOR, attention.APPLICATION, "")
    except Outcome as outcome:
        _needs(claimed, outcome, Problem.Whose.OPERATOR, "engine", claimed.kind)
    except (OperationalError, InterfaceError) as error:  # PostgreSQL restarts, or breaks a deadlock: what was open is rolled back
        log.warning("stream %s (%s) lost its database", claimed.stream_id, claimed.kind, exc_info=True)
        connections.close_all()
        _waits(claimed, work, RetryLater("Our database was away for a moment.", detail=type(error).__name__))
    except Exception as error:
        log.exception("stream %s (%s) failed", claimed.stream_id, claimed.kind)
        trouble = Outcome("Something went wrong on our side.", detail=f"{type(error).__name__}: {error}")
        _needs(claimed, trouble, Problem.Whose.OPERATOR, "engine", claimed.kind)
    else:
        _went_well(claimed, done)


def _went_well(claimed: Claim, done: Done) -> None:
    due_in = done.due_in
    if claimed.merchant_id is not None:
        with acting_for(claimed.merchant_id):
            close_problems(about="stream", about_id=claimed.stream_id)
            due_in = _pause(claimed, due_in)
    streams.settle(
        claimed,
        due_in=due_in,
        cursor={**claimed.cursor, **done.cursor},
        last_good_at=Now(),
        last_note=done.note,
        last_error="",
        failing_since=None,
        failures=0,
        crashes=0,
    )


def _pause(claimed: Claim, automatic: float | None) -> float | None:
    if claimed.connection_id is None:
        return automatic
    return streams.pause_of(Connection.objects.get(pk=claimed.connection_id), claimed.kind, automatic)


def _waits(claimed: Claim, work: Work | None, outcome: RetryLater) -> None:
    """Nobody's move: back off, and tell the rest of the connection when the provider named a time."""
    pause = back_off(_failures(claimed), outcome.after)
    if work is not None and isinstance(work.wire, LiveWire):
        work.wire.heed(outcome)
        if outcome.after is None:
            pause = min(pause, work.wire.probe_in())
    _failed(claimed, outcome, pause)


def _needs(claimed: Claim, outcome: Outcome, whose: str, kind: str, subject: str) -> None:
    if claimed.merchant_id is not None:
        with acting_for(claimed.merchant_id):
            connection = Connection.objects.filter(pk=claimed.connection_id).first()
            if isinstance(outcome, NeedsMerchant) and kind == attention.RECONNECT and connection is not None:
                attention.needed(connection, outcome)
            elif isinstance(outcome, NeedsOperator) and connection is not None:
                attention.operator_needed(connection, outcome)
            else:
                about = _stream(claimed)
                open_problem(kind, outcome.message, subject=subject, about=about, whose=whose, detail=outcome.detail)
    _failed(claimed, outcome, back_off(_failures(claimed), None))


def _hold(claimed: Claim) -> None:
    """It was running each time its process died. Others must not die with it: an operator looks first."""
    words = "This step stopped our worker several times. We are looking into it; everything else goes on."
    if claimed.merchant_id is not None:
        with acting_for(claimed.merchant_id):
            open_problem("crash", words, about=_stream(claimed), whose=Problem.Whose.OPERATOR)
            Stream.objects.filter(pk=claimed.stream_id).update(due_at=None)
    streams.settle(claimed, due_in=None, last_error=words)


def _stream(claimed: Claim) -> Stream:
    found: Stream = Stream.objects.get(pk=claimed.stream_id)
    return found


def _failures(claimed: Claim) -> int:
    installation = claimed.merchant_id is None
    with across_merchants("the installation's own stream") if installation else acting_for(claimed.merchant_id or 0):
        return _stream(claimed).failures


def _failed(claimed: Claim, outcome: Outcome, pause: float) -> None:
    failures = _failures(claimed) + 1
    changes: dict[str, Any] = {"failures": failures, "last_error": outcome.message, "crashes": 0}
    if failures == 1:
        changes["failing_since"] = Now()
    elif claimed.merchant_id is not None:
        _tell_after_an_hour(claimed, outcome)
    else:  # it has no merchant who could see a Problem
        log.error("the installation's %s has failed %s times: %s", claimed.kind, failures, outcome.detail)
    streams.settle(claimed, due_in=pause, **changes)


def _tell_after_an_hour(claimed: Claim, outcome: Outcome) -> None:
    with acting_for(claimed.merchant_id or 0):
        stream = _stream(claimed)
        long_ago = timezone.now() - timedelta(seconds=durations().merchant_hears)
        if stream.failing_since is not None and stream.failing_since < long_ago:
            words = f"{outcome.message} It has been so for over an hour; we keep trying and nothing is lost."
            open_problem("waiting", words, about=stream, whose=Problem.Whose.OPERATOR, detail=outcome.detail)
