"""What is kept for a while only: mail that went out, work that people had asked for, and what rehearsals found.

Of orders, packages, events, calls and the audit nothing is deleted: they are the merchant's record of what happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import Coalesce, RowNumber

from cartrover.events.models import Problem
from cartrover.mail.models import OutboxMail, SealedMail, Waiting
from cartrover.merchants.tenancy import acting_for
from cartrover.sync.durations import durations
from cartrover.sync.models import Job, Rehearsed

NEWEST = 3  # jobs of each kind, cart and outcome that stay however old they are: pages show the last one
BATCH = 1_000  # rows of each sort in one round


def clear_nightly(merchant_id: int, cursor: Mapping[str, Any]) -> dict[str, str]:
    """Once a night, and again in the next round where more is left than one round takes. Returns what to remember."""
    now, before = datetime.now(UTC), cursor.get("cleared_at")
    if before and now - datetime.fromisoformat(before) < timedelta(seconds=durations().nightly):
        return {"cleared_at": before}
    with acting_for(merchant_id):
        left = clear(now - timedelta(days=settings.KEPT_DAYS))
    return {} if left else {"cleared_at": now.isoformat()}


def clear(before: datetime) -> bool:
    """Delete what ended before then. True where more is left. Inside the merchant's door."""
    asks = Problem.objects.filter(kind="mail", about="outboxmail", about_id=OuterRef("pk"), closed_at__isnull=True)
    mail = OutboxMail.objects.exclude(state=Waiting.State.WAITING).annotate(settled_at=Coalesce("sent_at", "created_at"))
    refused = SealedMail.objects.filter(state=Waiting.State.FAILED, created_at__lt=before)
    passed = _passed()
    of_rehearsals = Rehearsed.objects.filter(job__in=passed)
    jobs = Job.objects.filter(pk__in=passed, ended_at__lt=before)
    wanted = (mail.filter(~Exists(asks), settled_at__lt=before), refused, of_rehearsals, jobs)
    return any([_deleted(rows) == BATCH for rows in wanted])


def _passed() -> list[int]:
    """Jobs that have ended, and that no page shows as the last of their kind."""
    place = Window(RowNumber(), partition_by=[F("kind"), F("cart"), F("state")], order_by=F("pk").desc())
    ended = Job.objects.exclude(state=Job.State.OPEN).annotate(place=place)
    return [pk for pk, number in ended.values_list("pk", "place") if number > NEWEST]


def _deleted(rows: QuerySet[Any]) -> int:
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    rows.model._default_manager.filter(pk__in=keys).delete()
    return len(keys)
