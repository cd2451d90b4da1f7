"""Inviting people to a team. Call inside the merchant's door, except for what the invited person does."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from cartrover.mail import outbox
from cartrover.mail.message import Unwanted
from cartrover.merchants import audit
from cartrover.merchants.models import Invitation, Member, User
from cartrover.merchants.tenancy import across_merchants, acting_for

MAIL = "invitation"


class Refused(Exception):
    """Why it cannot be done, in words for a person."""


def waiting() -> QuerySet[Any]:
    """Invitations that were neither accepted nor revoked, with those that have ended."""
    return Invitation.objects.filter(accepted_at=None, revoked_at=None)


def invite(email: str, role: str, actor: audit.Actor, by: str, may_give: Collection[str]) -> Invitation:
    """Offer a role to an address, and post the mail. A waiting invitation to it takes the new role.

    Raises Refused, also where that one is of a role beyond those that the inviting person ``may_give``.
    """
    email = email.lower()
    if Member.objects.filter(user__email=email).exists():
        raise Refused(f"{email} is on the team already.")
    invitation: Invitation = waiting().filter(email=email).first() or Invitation(email=email)
    if invitation.role and invitation.role not in may_give:
        raise Refused(f"{email} is invited as {invitation.get_role_display().lower()} already. Only an owner can change that.")
    before = {"role": invitation.role or None}
    invitation.role, invitation.invited_by, invitation.ends_at = role, by, _expiry()
    invitation.save()
    audit.record(actor, "invited", invitation, before, {"role": role})
    send(invitation)
    return invitation


def send(invitation: Invitation) -> None:
    """Post its mail. The link is made when that is sent, and voids the ones before."""
    outbox.post(MAIL, to=invitation.email, invitation=invitation.pk, role=invitation.role, by=invitation.invited_by)


def resend(invitation: Invitation, actor: audit.Actor) -> None:
    send(invitation)
    audit.record(actor, "sent an invitation again", invitation)


def copied(invitation: Invitation, actor: audit.Actor) -> str:
    """A link to hand over by other means than mail. Raises Unwanted, as ``mint``."""
    outbox.withdraw(MAIL, invitation=invitation.pk)  # sent later, it would end the link that is handed over
    address = mint(invitation.pk)
    audit.record(actor, "copied the link of an invitation", invitation)
    return address


def mint(invitation_id: int) -> str:
    """A new link to an invitation, good for SETUP_LINK_DAYS; the ones before it lead nowhere any more.

    Raises Unwanted where it was accepted or revoked.
    """
    token = secrets.token_urlsafe(32)
    if not waiting().filter(pk=invitation_id).update(token_hash=_hash(token), ends_at=_expiry()):
        raise Unwanted("The invitation was accepted or revoked.")
    return f"{settings.PORTAL_URL}{reverse('invitation', args=[token])}"


def revoke(invitation: Invitation, actor: audit.Actor) -> None:
    invitation.revoked_at, invitation.token_hash = timezone.now(), None
    invitation.save(update_fields=["revoked_at", "token_hash"])
    outbox.withdraw(MAIL, invitation=invitation.pk)
    audit.record(actor, "revoked an invitation", invitation, {"role": invitation.role}, {"role": None})


# ------------------------------------------------------------------------------------------------------ by the invited person


def behind(token: str) -> str:
    """The public id of the open invitation that a link leads to; empty for none."""
    with across_merchants("an invitation is found by its link"):
        found = waiting().filter(token_hash=_hash(token), ends_at__gt=timezone.now()).first()
    return found.public_id if found is not None else ""


def named(public_id: str) -> Invitation | None:
    """An open invitation with its merchant."""
    with across_merchants("an invitation is found by its link"):
        return _open().filter(public_id=public_id).first()


def offered_to(user: User) -> list[Invitation]:
    """The open invitations to the addresses that a person has shown to be theirs."""
    with across_merchants("which invitations has this person"):
        return list(_open().filter(email__in=_addresses(user)).order_by("merchant__name"))


def accept(public_id: str, user: User, actor: audit.Actor) -> Member:
    """Take the seat. Only whoever the invited address belongs to can. Raises Refused."""
    found = named(public_id)
    if found is None or found.email not in _addresses(user):
        raise Refused("This invitation has ended, or it is for another e-mail address.")
    with acting_for(found.merchant):
        taken = waiting().filter(pk=found.pk).update(accepted_at=timezone.now(), token_hash=None)
        if not taken:
            raise Refused("This invitation has ended.")
        member: Member
        member, _ = Member.objects.get_or_create(user=user, defaults={"role": found.role})
        audit.record(actor, "joined the team", member, {"role": None}, {"role": member.role})
    member.merchant = found.merchant
    return member


def _open() -> QuerySet[Any]:
    return waiting().filter(ends_at__gt=timezone.now()).select_related("merchant")


def _addresses(user: User) -> list[str]:
    verified = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return [address.lower() for address in verified]


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.SETUP_LINK_DAYS)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
