"""Where mail is posted: a row in the caller's transaction, sent by a stream of its own as soon as that is committed.

A row names a message and the ids of what it speaks of. The words and a link's token are made when it is sent, so nothing in the
database can be used by whoever reads it. ``messages/`` lists the kinds and which ids each one takes.
"""

from __future__ import annotations

from django.utils import timezone

from cartrover.mail.models import OutboxMail
from cartrover.mail.recipients import recipients
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import current_merchant_id
from cartrover.sync import streams

WITHDRAWN = "Withdrawn before it was sent."


def post(kind: str, *, to: str, merchant: Merchant | None = None, **ids: int | str) -> None:
    """Post a mail of the merchant whose door is open. The same one that still waits is not posted again, but due at once."""
    merchant_id = merchant.pk if merchant is not None else current_merchant_id()
    waiting = OutboxMail.objects.filter(merchant_id=merchant_id, kind=kind, to=to, ids=ids, state=OutboxMail.State.WAITING)
    if not waiting.update(due_at=timezone.now()):
        OutboxMail.objects.create(merchant_id=merchant_id, kind=kind, to=to, ids=ids)
    streams.wake_mail(merchant_id)


def notify(kind: str, **ids: int | str) -> None:
    """Post a mail to each member who wants to hear of this kind. Inside the merchant's door."""
    for address in recipients(kind):
        post(kind, to=address, merchant=None, **ids)


def withdraw(kind: str, **ids: int | str) -> None:
    """Send no mail of that kind about these ids any more: its link was revoked, or is handed over by other means."""
    OutboxMail.objects.filter(kind=kind, ids__contains=ids, state=OutboxMail.State.WAITING).update(
        state=OutboxMail.State.FAILED, last_error=WITHDRAWN
    )


def state(kind: str, **ids: int | str) -> str:
    """What became of the newest mail of that kind about these ids: ``waiting``, ``sent``, ``failed: why``; empty for none.

    Inside the merchant's door. Where it is neither ``sent`` nor empty, a page offers the link to copy.
    """
    mail = OutboxMail.objects.filter(kind=kind, ids__contains=ids).order_by("-id").first()
    if mail is None:
        return ""
    return f"failed: {mail.last_error}" if mail.state == OutboxMail.State.FAILED else str(mail.state)


def was_withdrawn(state: str) -> bool:
    """Whether this ``state`` is no failure: what the mail would have said was handed over by other means."""
    return state == f"failed: {WITHDRAWN}"
