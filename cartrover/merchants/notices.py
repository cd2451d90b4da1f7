"""What each member hears of by mail, and how often."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import TextChoices

from cartrover.merchants.models import Member, Role
from cartrover.merchants.roles import may


class Often(TextChoices):
    AT_ONCE = "at_once", "At once"
    HOURLY = "hourly", "At most once an hour"
    DAILY = "daily", "Once a day"
    NEVER = "never", "Never"


# Kinds of Problem by what a person thinks of. A kind that is named nowhere here is about an order.
ACCESS, ORDERS, CHANGES, PACKAGES = "access", "orders", "changes", "packages"
SUBJECTS: Mapping[str, str] = {
    ACCESS: "A connection needs you (access ended or ends soon)",
    ORDERS: "Orders wait for you",
    CHANGES: "An order that is at the warehouse was canceled or changed",
    PACKAGES: "A cart refuses tracking or stock",
}
_ABOUT = {"connection": ACCESS, "shipment": PACKAGES, "listing": PACKAGES}
_KINDS = {
    **dict.fromkeys(("reconnect", "consent", "application"), ACCESS),
    **dict.fromkeys(("unknown_sku", "duplicate_sku", "currency", "location"), ORDERS),
    **dict.fromkeys(
        ("too_late", "cancel_asked_late", "not_changed", "voided_there", "wanted_again", "differs_at_warehouse"), CHANGES
    ),
}


def subject(kind: str, about: str = "") -> str:
    """Which choice a Problem falls under, by its ``kind`` and what it is ``about``."""
    return _KINDS.get(kind) or _ABOUT.get(about, ORDERS)


def often(member: Member, subject: str) -> Often:
    """How often a member hears of a subject. Who chose nothing hears at once of what they may solve."""
    chosen = member.notices.get(subject)
    return Often(chosen) if chosen in Often.values else Often.AT_ONCE if may(member, Role.STAFF) else Often.NEVER
