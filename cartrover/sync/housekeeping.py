"""What is done for a merchant now and then: consent that ends and orders that are late are said in time, members are mailed what
they chose to hear of, accounts that lack something are read again. Each night nothing is shown to be missing, and what was kept
for long enough is deleted.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from cartrover.connections import grants, sharing
from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.mail import outbox
from cartrover.mail.noticing import notice
from cartrover.merchants.models import Merchant
from cartrover.merchants.tenancy import acting_for
from cartrover.orders.deadlines import tell_late
from cartrover.sync import clearing, lacking, reconcile
from cartrover.sync.durations import durations
from cartrover.sync.opening import opener
from cartrover.sync.streams import Claim
from cartrover.sync.work import Done

WARN_DAYS = (30, 7, 1)
CONSENT = "consent_ends"


def run(claimed: Claim) -> Done:
    """One round for one merchant."""
    merchant_id = claimed.merchant_id or 0
    with acting_for(merchant_id):
        warned = sum(warn_of_consent(connection) for connection in Connection.objects.filter(state=Connection.State.ACTIVE))
        grants.forget_unanswered()
        tell_late()
        notice(Merchant.objects.get(pk=merchant_id))
    remembered = lacking.ask_now_and_then(merchant_id, claimed.cursor) | clearing.clear_nightly(merchant_id, claimed.cursor)
    cursor = {**reconcile.nightly(merchant_id, opener(claimed), claimed.cursor), **remembered}
    return Done(f"{warned} warnings.", due_in=durations().housekeeping, cursor=cursor)


def warn_of_consent(connection: Connection) -> bool:
    """Say that a consent ends: 30, 7 and 1 days ahead, one Problem whose words grow more urgent. True when it was news."""
    if connection.consent_ends_at is None:
        return False
    left = connection.consent_ends_at - timezone.now()
    stage = min((days for days in WARN_DAYS if left <= timedelta(days=days)), default=None)
    if stage is None:
        close_problems(kind=CONSENT, about="connection", about_id=connection.pk)
        return False
    words = (
        f"Access to {connection.account_name} ends on {connection.consent_ends_at:%d %B %Y}. "
        "Press Reconnect before that day and log in as the same account; nothing is lost meanwhile."
    )
    open_now = Problem.objects.filter(kind=CONSENT, about="connection", about_id=connection.pk, closed_at__isnull=True).first()
    if open_now is not None and open_now.subject == str(stage):
        return False
    close_problems(kind=CONSENT, about="connection", about_id=connection.pk)
    open_problem(CONSENT, words, subject=str(stage), about=connection)
    tell([event(connection, CONSENT, words, days=stage)])
    outbox.notify(CONSENT, connection=connection.pk, days=stage)
    owner = sharing.owner_of(connection)
    if owner:
        sharing.ask_to_renew(connection, owner)
    return True
