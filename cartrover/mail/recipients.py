"""Which members hear of what by mail."""

from __future__ import annotations

from cartrover.merchants.models import Member, Role

TOLD = (Role.OWNER, Role.MANAGER)


def recipients(kind: str) -> list[str]:
    """The addresses of the members who hear of this kind of mail. Inside the merchant's door."""
    members = Member.objects.filter(role__in=TOLD, user__is_active=True)
    return list(members.order_by("user__email").values_list("user__email", flat=True))
