"""Who hears by mail of which card: at once, hourly, once a day, or never, as each member chose. Inside the merchant's door.

What was told is read from the outbox, so a round that is repeated or cut off tells nothing twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from cartrover.events.models import Problem
from cartrover.mail import outbox
from cartrover.mail.models import OutboxMail
from cartrover.mail.recipients import active_members
from cartrover.merchants.models import Member, Merchant
from cartrover.merchants.notices import Often, often, subject

SETTLES = timedelta(minutes=1)  # what solves itself sooner is no news, and what comes together is one mail
NEWS = timedelta(days=1)
HOUR = timedelta(hours=1)
MORNING = 7  # o'clock, in the merchant's zone
MAILED_AT_ONCE = ("reconnect", "consent_ends")  # by messages of their own


def notice(merchant: Merchant) -> None:
    """Post what members are to hear of now."""
    members = active_members()
    _at_once(members)
    _hourly(members)
    here = timezone.now().astimezone(ZoneInfo(merchant.time_zone))
    if here.hour >= MORNING:
        _daily(members, here)


def chosen(member: Member, how_often: Often) -> list[Problem]:
    """The open cards that wait for the merchant, of the subjects that this member wants to hear of so often."""
    open_now = Problem.objects.filter(closed_at__isnull=True, whose=Problem.Whose.MERCHANT).order_by("opened_at", "id")
    return [problem for problem in open_now if often(member, subject(problem.kind, problem.about)) == how_often]


def _at_once(members: list[Member]) -> None:
    for member in members:
        _tell(member, "problems", Often.AT_ONCE)


def _hourly(members: list[Member]) -> None:
    """What is new, unless a mail has told of some within the hour: then it waits, and is told with what comes meanwhile."""
    lately = set(OutboxMail.objects.filter(kind="hourly", created_at__gt=timezone.now() - HOUR).values_list("to", flat=True))
    for member in members:
        if member.user.email not in lately:
            _tell(member, "hourly", Often.HOURLY)


def _tell(member: Member, kind: str, how_often: Often) -> None:
    now = timezone.now()
    new = {
        problem.pk
        for problem in chosen(member, how_often)
        if now - NEWS < problem.opened_at < now - SETTLES and problem.kind not in MAILED_AT_ONCE
    }
    if untold := sorted(new - _told(member)):
        outbox.post(kind, to=member.user.email, problems=",".join(map(str, untold)))


def _told(member: Member) -> set[int]:
    mails = OutboxMail.objects.filter(
        kind__in=("problems", "hourly"), to=member.user.email, created_at__gt=timezone.now() - 2 * NEWS
    )
    return {int(problem) for ids in mails.values_list("ids", flat=True) for problem in ids["problems"].split(",")}


def _daily(members: list[Member], here: datetime) -> None:
    day = f"{here:%Y-%m-%d}"
    for member in members:
        if Often.DAILY not in member.notices.values() or not chosen(member, Often.DAILY):
            continue
        if not outbox.state("daily", member=member.pk, day=day):
            outbox.post("daily", to=member.user.email, member=member.pk, day=day)
