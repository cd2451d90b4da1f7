"""Writing down what happened, and what waits for whom. Call inside a merchant's door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Model
from django.utils import timezone

from cartrover.events.models import ACTOR_LENGTH, Event, Problem


def event(about: Model, kind: str, words: str, *, actor: str = "CartRover", **data: Any) -> Event:
    """An unsaved line in the life of a row. Save many at once with ``tell``.

    An ``actor`` may be an e-mail address, which may be longer than there is room for: then it is cut off.
    """
    return Event(
        at=timezone.now(),
        about=about._meta.model_name or "",
        about_id=about.pk,
        kind=kind,
        words=words,
        actor=actor[:ACTOR_LENGTH],
        data=data,
    )


def tell(events: Iterable[Event]) -> None:
    Event.objects.bulk_create(events)


def open_problem(kind: str, words: str, *, subject: str = "", about: Model | None = None, **rest: Any) -> Problem:
    """The open Problem of that cause, made if there is none. Two workers that meet it at once get the same row."""
    key = {
        "kind": kind,
        "subject": subject[:200],
        "about": about._meta.model_name or "" if about is not None else "",
        "about_id": about.pk if about is not None else None,
    }
    Problem.objects.bulk_create([Problem(**key, words=words, opened_at=timezone.now(), **rest)], ignore_conflicts=True)
    problem: Problem = Problem.objects.get(**key, closed_at__isnull=True)
    return problem


def close_problems(**which: Any) -> int:
    """Close the open Problems that match; what they said is no longer so. Returns how many."""
    return Problem.objects.filter(closed_at__isnull=True, **which).update(closed_at=timezone.now())
