"""Mail that waits to be sent. No row holds a link's token or a text that anybody could read."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from cartrover.merchants.models import new_public_id
from cartrover.merchants.tenancy import Owned


class Waiting(models.Model):
    """What every mail's row has. ``public_id`` becomes the Message-ID, so that a mail that went out twice can be told."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id, editable=False)
    kind = models.CharField(max_length=40)
    to = models.EmailField(max_length=254)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class OutboxMail(Waiting, Owned):
    """A merchant's mail: which message, and the ids of the rows that it speaks of. It is written when it is sent."""

    ids = models.JSONField(default=dict)

    class Meta:
        verbose_name = "mail"
        verbose_name_plural = "mail"
        indexes = [
            models.Index(fields=["merchant", "due_at"], condition=models.Q(state="waiting"), name="mail_waiting"),
            models.Index(fields=["merchant", "kind", "-id"], name="mail_kind"),
            models.Index(fields=["to"], name="mail_to"),
        ]


class SealedMail(Waiting):
    """The installation's mail to a person who signs in, written by allauth. Sealed, because it holds a code or a link that
    cannot be made again. Deleted once it is sent; a mail that was refused for good loses its text.
    """

    sealed = models.BinaryField(null=True)

    class Meta:
        verbose_name = "sign-in mail"
        verbose_name_plural = "sign-in mail"
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="sealed_mail_waiting"),
            models.Index(fields=["to"], name="sealed_mail_to"),
        ]
