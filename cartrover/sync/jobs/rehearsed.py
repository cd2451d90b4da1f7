"""What a rehearsal has found, as its page shows it: one group a cause, with what it comes to. Inside the merchant's door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max, Min, Sum

from cartrover.connections.models import Cart
from cartrover.orders.models import Status
from cartrover.orders.moves import words
from cartrover.sync.models import Job, Rehearsed

MOST_GROUPS = 200


@dataclass(slots=True)
class Group:
    """Orders of which the same would become, for the same cause. ``value`` is by currency."""

    status: str
    code: str
    subject: str
    reason: str
    move: str
    count: int = 0
    value: dict[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """``ready`` would be sent, ``stuck`` waits for somebody, ``left`` is not sent at all."""

    ready: Group | None
    stuck: list[Group]
    left: list[Group]

    @property
    def count(self) -> int:
        groups = [*([self.ready] if self.ready else []), *self.stuck, *self.left]
        return sum(group.count for group in groups)


def newest(cart: Cart) -> Job | None:
    """The cart's last rehearsal, under way or not."""
    found: Job | None = Job.objects.filter(kind="rehearsal", cart=cart).order_by("-pk").first()
    return found


def found(job: Job) -> Found:
    """Its orders by what would become of them, most first."""
    rows = Rehearsed.objects.filter(job=job).values("status", "code", "subject", "currency")
    told = rows.annotate(count=Count("pk"), value=Sum("total"), oldest=Min("placed_at"), reason=Max("reason"))
    groups: dict[tuple[str, str, str], Group] = {}
    for row in told.order_by("-count", "status", "code", "subject")[:MOST_GROUPS]:
        key = (row["status"], row["code"], row["subject"])
        group = groups.setdefault(key, Group(*key, reason=row["reason"], move=words(row["status"], row["code"])))
        group.count += row["count"]
        group.value[row["currency"]] = group.value.get(row["currency"], Decimal(0)) + row["value"]
        group.oldest = min(filter(None, (group.oldest, row["oldest"])))
    return Found(
        ready=next((group for group in groups.values() if group.status == Status.NEW), None),
        stuck=[group for group in groups.values() if group.status in (Status.ERROR, Status.HELD)],
        left=[group for group in groups.values() if group.status in (Status.SKIPPED, Status.CANCELED)],
    )
