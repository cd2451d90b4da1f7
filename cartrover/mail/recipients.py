"""Which members hear of what by mail."""

from __future__ import annotations

from cartrover.merchants.models import Member, Role
from cartrover.merchants.notices import ACCESS, Often, often
from cartrover.merchants.roles import may

BY_CHOICE = {"needs_attention": ACCESS, "consent_ends": ACCESS}


def recipients(kind: str) -> list[str]:
    """The addresses of the members who hear of this kind of mail at once. Inside the merchant's door.

    What a member may choose goes by their choice; the rest goes to owners and managers.
    """
    return [member.user.email for member in active_members() if _hears(member, kind)]


def _hears(member: Member, kind: str) -> bool:
    if kind in BY_CHOICE:
        return often(member, BY_CHOICE[kind]) == Often.AT_ONCE
    return may(member, Role.MANAGER)


def active_members() -> list[Member]:
    """The members who can log in, with their users."""
    return list(Member.objects.filter(user__is_active=True).select_related("user").order_by("user__email"))
