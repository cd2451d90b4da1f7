"""Writing outside exactly once.

    planned -> intent (committed before the call) -> sent -> confirmed(remote id) | rejected | ambiguous
    ambiguous -> looked up -> confirmed | planned | held for a person

An intent that is still open when a worker picks the effect up again means that one died with it: that is ambiguous too. What is
ambiguous is looked for twice, the second time only when everything that could still be on its way must have arrived.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from cartrover.orders.models import Order, Shipment
from cartrover.sync.durations import durations
from cartrover.sync.models import Effect, Stream
from cartrover.sync.work import LeaseLost, Work
from integrations.outcomes import Ambiguous, NeedsMerchant, NeedsOperator, Outcome, Rejected, RetryLater

LOOKS = 2


class HeldForPerson(Outcome):
    """Two looks did not tell, or what was found is not quite ours: a person decides, nothing is sent again."""


class NoLongerWanted(Outcome):
    """Somebody has stopped the write just before it was sent. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up found. ``ours`` False means that something carries our mark and yet differs from what we sent."""

    remote_id: str
    ours: bool = True
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One write that must not happen twice.

    ``look`` finds what an earlier attempt may have made; before the first attempt it is asked only where ``looks_first``: what an
    earlier revision made is said to be gone. Both it and ``send``, which returns the remote id, take the idempotency key.
    ``wanted`` is asked in the transaction that commits the intent, and locks the rows that it goes by: who stops the write before
    that has stopped it, and who comes later is told that it is too late.
    """

    kind: str
    subject: str
    content: Any
    look: Callable[[str], Found | None]
    send: Callable[[str], str]
    order: Order | None = None
    shipment: Shipment | None = None
    wanted: Callable[[], bool] = lambda: True
    looks_first: bool = False


def carry_out(work: Work, plan: Plan) -> str:
    """Bring the effect to its end and return the remote id. Raises an Outcome where it has not ended or cannot."""
    with work.rows():
        effect = _newest(work, plan)
    if effect.state == Effect.State.CONFIRMED:
        return effect.remote_id
    if effect.state == Effect.State.HELD:
        raise HeldForPerson(effect.said)
    if effect.state in (Effect.State.INTENT, Effect.State.AMBIGUOUS):
        found = _look(work, effect, plan)
        if found is not None:
            return found
        with work.rows():
            effect = _newest(work, plan)
    elif plan.looks_first and effect.revision > 1:
        before = _before(work, effect)
        if before.looks:  # its own answer never came
            _wait_until_all_has_arrived(work, before)
        found = _found(work, effect, plan)
        if found is not None:
            return found
    return _send(work, effect, plan)


def digest(content: Any) -> bytes:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).digest()


def _newest(work: Work, plan: Plan) -> Effect:
    """The effect's newest revision; a new one follows a rejected one."""
    rows = Effect.objects.filter(connection_id=work.connection_id, kind=plan.kind, subject=plan.subject)
    newest: Effect | None = rows.order_by("-revision").first()
    if newest is not None and newest.state != Effect.State.REJECTED:
        return newest
    return _plan(work, plan, revision=newest.revision + 1 if newest else 1)


def _before(work: Work, effect: Effect) -> Effect:
    """The revision before it."""
    with work.rows():
        row: Effect = Effect.objects.get(
            connection_id=effect.connection_id, kind=effect.kind, subject=effect.subject, revision=effect.revision - 1
        )
        return row


def _plan(work: Work, plan: Plan, *, revision: int) -> Effect:
    key = {"connection_id": work.connection_id, "kind": plan.kind, "subject": plan.subject, "revision": revision}
    row = Effect(**key, digest=digest(plan.content), order=plan.order, shipment=plan.shipment)
    Effect.objects.bulk_create([row], ignore_conflicts=True)  # the unique key, not a check, keeps it single
    stored: Effect = Effect.objects.get(**key)
    return stored


def _look(work: Work, effect: Effect, plan: Plan) -> str | None:
    """Look for what an ambiguous attempt made. Returns its remote id, or None when the effect may be sent again."""
    if effect.state == Effect.State.INTENT:
        _change(work, effect, state=Effect.State.AMBIGUOUS, said="A worker died while this was being sent.")
    if effect.looks >= LOOKS - 1:
        _wait_until_all_has_arrived(work, effect)
    found = _found(work, effect, plan)
    if found is not None:
        return found
    looks = effect.looks + 1
    if looks < LOOKS:
        _change(work, effect, looks=looks, said="Not there yet; we look once more before sending again.")
        raise RetryLater(
            "The answer got lost; we look again before sending.", after=_settling(work), scope="record", detail=effect.said
        )
    _allow_again(work, effect, looks)
    return None


def _found(work: Work, effect: Effect, plan: Plan) -> str | None:
    """The remote id of what is there, if it is ours; None where nothing is. Raises HeldForPerson where it differs from ours."""
    found = plan.look(effect.key)
    if found is None:
        return None
    if not found.ours:
        looks = effect.looks + 1
        _settle(work, effect, state=Effect.State.HELD, looks=looks, remote_id=found.remote_id, said=found.remark)
        raise HeldForPerson(found.remark)
    _settle(work, effect, state=Effect.State.CONFIRMED, remote_id=found.remote_id, said=found.remark or "Found there.")
    return found.remote_id


def _allow_again(work: Work, effect: Effect, looks: int) -> None:
    """Nothing arrived. The same key is tried again, unless the provider has said that it takes it no more."""
    if effect.key_spent:
        _settle(work, effect, state=Effect.State.REJECTED, looks=looks)
        return
    _change(work, effect, state=Effect.State.PLANNED, looks=looks, said="Looked twice: nothing arrived. Sending again.")


def _settling(work: Work) -> float:
    """Seconds after which nothing that was sent can still be on its way or in the provider's works."""
    pace = durations()
    return pace.lease + pace.send_deadline + work.integration.processing_seconds


def _wait_until_all_has_arrived(work: Work, effect: Effect) -> None:
    with work.rows():
        row = Effect.objects.annotate(now=Now()).get(pk=effect.pk)
    waited = (row.now - row.sent_at).total_seconds() if row.sent_at else _settling(work)
    if waited < _settling(work):
        raise RetryLater("The answer got lost; we look again before sending.", after=_settling(work) - waited, scope="record")


def _send(work: Work, effect: Effect, plan: Plan) -> str:
    if effect.state == Effect.State.REJECTED:
        with work.rows():
            effect = _newest(work, plan)
    _intend(work, effect, plan)
    try:
        remote_id = plan.send(effect.key)
    except Ambiguous as outcome:
        _settle(work, effect, state=Effect.State.AMBIGUOUS, said=outcome.detail, key_spent=outcome.key_spent)
        if outcome.after is not None:
            work.wire.heed(outcome)
        raise RetryLater(outcome.message, after=outcome.after or 1.0, scope="record", detail=outcome.detail) from outcome
    except RetryLater as outcome:  # nothing was sent, or it was refused before it took effect
        _settle(work, effect, state=Effect.State.PLANNED, said=outcome.detail)
        raise
    except (Rejected, NeedsMerchant, NeedsOperator) as outcome:
        _settle(work, effect, state=Effect.State.REJECTED, said=outcome.detail)
        raise
    except LeaseLost:
        raise
    except Exception as error:
        _settle(work, effect, state=Effect.State.AMBIGUOUS, said=f"{type(error).__name__}: {error}")
        raise
    _settle(work, effect, state=Effect.State.CONFIRMED, remote_id=remote_id, said="Answered.")
    return remote_id


def _intend(work: Work, effect: Effect, plan: Plan) -> None:
    """Commit that we are about to send. Whoever has lost the stream's lease does not get past this."""
    with work.rows():
        if not plan.wanted():  # before the stream's row is locked: whoever stops a write locks in this order, too
            raise NoLongerWanted("It was stopped before it was sent.")
        held = Stream.objects.filter(pk=work.stream_id, lease_token=work.lease.token, lease_until__gt=Now())
        if not held.select_for_update(no_key=True).exists():
            raise LeaseLost(f"stream {work.stream_id}")
        intended = Effect.objects.filter(pk=effect.pk, state=Effect.State.PLANNED).update(
            state=Effect.State.INTENT,
            lease_token=work.lease.token,
            digest=digest(plan.content),
            attempts=F("attempts") + 1,
            looks=0,
            sent_at=Now(),
        )
        if not intended:
            raise LeaseLost(f"effect {effect.pk} is in other hands")
    effect.lease_token = work.lease.token


def _settle(work: Work, effect: Effect, **changes: Any) -> None:
    _change(work, effect, settled_at=Now(), **changes)


def _change(work: Work, effect: Effect, **changes: Any) -> None:
    """Write down what became of an attempt, unless another worker has taken the effect over since."""
    with work.rows():
        ours = Effect.objects.filter(pk=effect.pk, lease_token=effect.lease_token)
        if not ours.update(**changes):
            raise LeaseLost(f"effect {effect.pk} is in other hands")
    for name, value in changes.items():
        if name in ("state", "said", "looks", "key_spent"):
            setattr(effect, name, value)
