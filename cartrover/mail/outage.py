"""Whether the installation's own mail goes out. It belongs to no merchant, so no Problem can say that it does not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Min
from django.utils import timezone

from cartrover.mail.models import SealedMail
from cartrover.sync.durations import durations


def sign_in_mail_waits_since() -> datetime | None:
    """When the oldest sign-in mail was posted, where it has waited for more than an hour; None while mail goes out."""
    waiting = SealedMail.objects.filter(state=SealedMail.State.WAITING)
    first: datetime | None = waiting.aggregate(first=Min("created_at"))["first"]
    long_ago = timezone.now() - timedelta(seconds=durations().merchant_hears)
    return first if first is not None and first < long_ago else None
