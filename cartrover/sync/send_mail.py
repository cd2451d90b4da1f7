"""Sends the mail that waits: a merchant's own, or the installation's to people who sign in.

At least once: a worker that dies after the server took a mail and before its row says so leaves it waiting, and it goes out again
under the same Message-ID. Otherwise once, since only the holder of the stream's lease sends.
"""

from __future__ import annotations

import logging

from django.utils import timezone

from cartrover.mail.piles import MerchantPile, Pile, SealedPile
from cartrover.mail.transport import Away, Later, Refused, Server
from cartrover.sync import breaker, streams
from cartrover.sync.backoff import back_off
from cartrover.sync.leases import HeldLease
from cartrover.sync.streams import Claim
from cartrover.sync.work import Done, Lease
from integrations.outcomes import RetryLater

log = logging.getLogger(__name__)

SERVER = "mail"
SOONEST = 30.0  # seconds that a server which asks to try again gets at least
WAITS = "The mail server does not answer, so mail waits."


def run(claimed: Claim) -> Done:
    """One round: what is due is sent. Raises RetryLater while the mail server is away."""
    pile: Pile = SealedPile() if claimed.merchant_id is None else MerchantPile(claimed.merchant_id)
    due = pile.due()
    sent = _send(pile, due, HeldLease(claimed)) if due else 0
    first = pile.next_due()
    due_in = max(0.0, (first - timezone.now()).total_seconds()) if first is not None else None
    return Done(f"{sent} of {len(due)} mails sent." if due else "No mail to send.", due_in=due_in)


def _send(pile: Pile, due: list[int], lease: Lease) -> int:
    try:
        breaker.before_call(SERVER, "The mail server")
    except RetryLater as away:  # whoever probes it wakes us when it is back
        raise RetryLater(WAITS, detail=away.detail) from None
    try:
        with Server() as server:
            sent = sum(_sent(pile, row_id, server, lease) for row_id in due)
    except Away as reason:
        breaker.failed(SERVER)
        log.warning("mail waits: %s", reason)
        raise RetryLater(WAITS, after=breaker.probe_in(SERVER), detail=str(reason)) from None
    if breaker.worked(SERVER):
        streams.wake_mail_after_outage()
    return sent


def _sent(pile: Pile, row_id: int, server: Server, lease: Lease) -> bool:
    lease.check()
    mail = pile.written(row_id)
    if mail is None:
        return False
    try:
        server.send(mail)
    except Later as reason:
        pile.later(row_id, str(reason), max(SOONEST, back_off(pile.attempts(row_id), None)))
        return False
    except Refused as reason:
        pile.refused(row_id, str(reason))
        return False
    pile.sent(row_id)
    return True
