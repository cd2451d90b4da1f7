"""Who may do what to whom on a team. Call inside the merchant's door."""

from __future__ import annotations

from cartrover.merchants import audit
from cartrover.merchants.models import Member, Merchant, Role
from cartrover.merchants.roles import RANKS, may


class Refused(Exception):
    """Why it cannot be done, in words for a person."""


LAST_OWNER = "The last owner cannot go. Hand over ownership first."
NOT_YOURS = "Only an owner can do this to owners and managers."


def roles_to_give(member: Member) -> list[Role]:
    """An owner gives any role; a manager those below their own."""
    if may(member, Role.OWNER):
        return list(RANKS)
    return [role for role in RANKS if may(member, Role.MANAGER) and role in (Role.VIEWER, Role.STAFF)]


def may_manage(member: Member, other: Member) -> bool:
    """Whether ``member`` may change or remove ``other``."""
    return Role(other.role) in roles_to_give(member)


def change_role(by: Member, other: Member, role: str, actor: audit.Actor) -> None:
    """Raises Refused."""
    if not may_manage(by, other) or role not in roles_to_give(by):
        raise Refused(NOT_YOURS)
    keep_an_owner(other, role)
    with audit.watched(actor, "changed a role", other, "role"):
        other.role = role
        other.save(update_fields=["role"])


def keep_an_owner(member: Member, role: str) -> None:
    """Raises Refused where this role for a member would leave the team without an owner."""
    if member.role == Role.OWNER and role != Role.OWNER:
        _another_owner(member)


def remove(by: Member, other: Member, actor: audit.Actor) -> None:
    """Take somebody else off the team. Raises Refused."""
    if not may_manage(by, other):
        raise Refused(NOT_YOURS)
    _gone(other, "removed from the team", actor)


def leave(member: Member, actor: audit.Actor) -> None:
    """Raises Refused for the last owner."""
    _gone(member, "left the team", actor)


def hand_over(owner: Member, other: Member, actor: audit.Actor) -> None:
    """Make another member the owner; who was it stays as a manager."""
    for member, role in ((other, Role.OWNER), (owner, Role.MANAGER)):
        with audit.watched(actor, "handed over ownership", member, "role"):
            member.role = role
            member.save(update_fields=["role"])


def _gone(member: Member, what: str, actor: audit.Actor) -> None:
    if member.role == Role.OWNER:
        _another_owner(member)
    audit.record(actor, what, member, {"role": member.role}, {"role": None})
    member.delete()


def _another_owner(member: Member) -> None:
    """Two owners who leave at once wait here for each other, so that one of them stays."""
    Merchant.objects.select_for_update().get(pk=member.merchant_id)
    if not Member.objects.filter(role=Role.OWNER).exclude(pk=member.pk).exists():
        raise Refused(LAST_OWNER)
