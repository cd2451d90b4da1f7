"""What happened, and what waits for whom."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from cartrover.merchants.tenancy import Owned

ACTOR_LENGTH = 80


class Event(Owned):
    """One append-only line in the life of something: who, what, when, in words.

    ``about`` and ``about_id`` name the row it belongs to (``order`` 17); the application may insert and read, never change.
    """

    append_only: ClassVar[bool] = True

    at = models.DateTimeField()
    about = models.CharField(max_length=20)
    about_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    words = models.TextField()
    actor = models.CharField(max_length=ACTOR_LENGTH, default="CartRover")
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["merchant", "about", "about_id", "id"], name="event_about"),
            models.Index(fields=["merchant", "-id"], name="event_newest"),
        ]

    def __str__(self) -> str:
        return self.words


class Problem(Owned):
    """Why something waits, whose move it is, and what solves it. One row for one cause.

    ``kind`` is an Outcome's ``fix`` (``unknown_sku``, ``reconnect``); ``subject`` is what it is about. ``whose`` says who has
    to act. It closes itself when what it says is no longer so. ``data`` is what its fix needs to know, by name.
    """

    class Whose(models.TextChoices):
        MERCHANT = "merchant", "Your move"
        OPERATOR = "operator", "We are looking into it"

    kind = models.CharField(max_length=40)
    subject = models.CharField(max_length=200, blank=True)
    words = models.TextField()
    detail = models.TextField(blank=True)
    whose = models.CharField(max_length=10, choices=Whose.choices, default=Whose.MERCHANT)
    about = models.CharField(max_length=20, blank=True)
    about_id = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind", "subject", "about", "about_id"],
                condition=models.Q(closed_at__isnull=True),
                nulls_distinct=False,
                name="one_open_problem_a_cause",
            )
        ]

    def __str__(self) -> str:
        return self.words
