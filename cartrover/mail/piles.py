"""The rows that wait: a merchant's, and the installation's. Each reads its own, writes its mails, and keeps what came of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Min, QuerySet
from django.utils import timezone

from cartrover.connections.sealing import Place, Unsealable, seal, unseal
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, open_problem
from cartrover.mail import minting
from cartrover.mail.message import MESSAGES, Message, Unwanted, envelope
from cartrover.mail.models import OutboxMail, SealedMail, Waiting
from cartrover.merchants.tenancy import acting_for

log = logging.getLogger(__name__)

BATCH = 50


class Pile(Protocol):
    """What the step that sends works on. Every call opens and closes its own transaction."""

    def due(self) -> list[int]:
        """The ids of the rows to send now, the oldest first."""

    def written(self, row_id: int) -> EmailMessage | None:
        """The mail as it goes out; None when it is not to be sent (any more), which its row then says."""

    def sent(self, row_id: int) -> None: ...

    def refused(self, row_id: int, why: str) -> None: ...

    def later(self, row_id: int, why: str, seconds: float) -> None: ...

    def attempts(self, row_id: int) -> int: ...

    def next_due(self) -> datetime | None:
        """When the next row is due."""


class _Rows:
    """What both piles do in the same way."""

    model: type[Waiting]

    @contextmanager
    def door(self) -> Iterator[None]:
        with transaction.atomic():
            yield

    def _waiting(self) -> QuerySet[Any]:
        return self.model._default_manager.filter(state=Waiting.State.WAITING)

    def due(self) -> list[int]:
        with self.door():
            rows = self._waiting().filter(due_at__lte=timezone.now()).order_by("due_at", "id")
            return list(rows.values_list("pk", flat=True)[:BATCH])

    def next_due(self) -> datetime | None:
        with self.door():
            first: datetime | None = self._waiting().aggregate(first=Min("due_at"))["first"]
            return first

    def attempts(self, row_id: int) -> int:
        with self.door():
            return int(self._waiting().values_list("attempts", flat=True).get(pk=row_id))

    def later(self, row_id: int, why: str, seconds: float) -> None:
        with self.door():
            due_at = timezone.now() + timedelta(seconds=seconds)
            self._waiting().filter(pk=row_id).update(due_at=due_at, last_error=why, attempts=F("attempts") + 1)


class MerchantPile(_Rows):
    """One merchant's mail: words and links are made here, just before it goes out."""

    model = OutboxMail

    def __init__(self, merchant_id: int) -> None:
        self._merchant_id = merchant_id

    @contextmanager
    def door(self) -> Iterator[None]:
        with acting_for(self._merchant_id):
            yield

    def written(self, row_id: int) -> EmailMessage | None:
        try:
            with self.door():
                # Locked, so that a link which somebody copies meanwhile is minted after ours and not before.
                rows = self._waiting().select_for_update(of=("self",), no_key=True).select_related("merchant")
                row = rows.filter(pk=row_id).first()
                if row is None:
                    return None
                return envelope(MESSAGES[row.kind](row, minting.mint), to=row.to, public_id=row.public_id)
        except Unwanted as reason:
            self.refused(row_id, str(reason))
        except Exception as error:  # one message that cannot be written must not stop the others
            log.exception("mail %s could not be written", row_id)
            words = f"A mail could not be written. {type(error).__name__}: {error}"
            with self.door():
                open_problem("mail", words, about=OutboxMail.objects.get(pk=row_id), whose=Problem.Whose.OPERATOR)
            self.refused(row_id, words)
        return None

    def sent(self, row_id: int) -> None:
        with self.door():
            self._waiting().filter(pk=row_id).update(
                state=Waiting.State.SENT, sent_at=timezone.now(), last_error="", attempts=F("attempts") + 1
            )
            close_problems(kind="mail", about="outboxmail", about_id=row_id)

    def refused(self, row_id: int, why: str) -> None:
        with self.door():
            self._waiting().filter(pk=row_id).update(state=Waiting.State.FAILED, last_error=why, attempts=F("attempts") + 1)


class SealedPile(_Rows):
    """The installation's mail, which is opened here, and deleted once it is sent."""

    model = SealedMail

    @staticmethod
    def put(kind: str, to: str, message: Message) -> None:
        """Seal a mail into a row, in the caller's transaction."""
        with transaction.atomic():
            row = SealedMail.objects.create(kind=kind, to=to)
            row.sealed = seal(json.dumps(asdict(message)), _place(row))
            row.save(update_fields=["sealed"])

    def written(self, row_id: int) -> EmailMessage | None:
        row = SealedMail.objects.get(pk=row_id)
        try:
            kept = json.loads(unseal(row.sealed or b"", _place(row)))
        except Unsealable as reason:
            self.refused(row_id, str(reason))
            return None
        return envelope(Message(**{**kept, "words": tuple(kept["words"])}), to=row.to, public_id=row.public_id)

    def sent(self, row_id: int) -> None:
        SealedMail.objects.filter(pk=row_id).delete()

    def refused(self, row_id: int, why: str) -> None:
        self._waiting().filter(pk=row_id).update(
            state=Waiting.State.FAILED, last_error=why, attempts=F("attempts") + 1, sealed=None
        )


def _place(row: SealedMail) -> Place:
    return Place(0, "sealed_mail", row.pk, "message")
