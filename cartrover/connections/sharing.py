"""Share Setup Link: the account's owner, who has no log-in here, grants access and finishes a setup, or renews a consent.

A link opens one cart or warehouse (both, where one grant serves both) or one connection, and nothing else. Of its token only the
SHA-256 is stored. Opening it changes nothing; it is used up when the setup behind it is complete.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from cartrover.connections.holders import Holder
from cartrover.connections.models import Cart, Connection, GrantAttempt, ServiceHolder, SetupLink, Warehouse
from cartrover.events.telling import event, tell
from cartrover.mail import outbox
from cartrover.mail.message import Unwanted
from cartrover.merchants import audit
from cartrover.merchants.models import Member, Role, User
from cartrover.merchants.roles import may
from cartrover.merchants.tenancy import across_merchants

Purpose = SetupLink.Purpose
OWNER = "the account's owner"
TOKEN_BYTES = 32
MAILS = {Purpose.SETUP: "setup_link", Purpose.RENEWAL: "renewal_link"}
DONE_MAILS = {Purpose.SETUP: "connection_complete", Purpose.RENEWAL: "access_renewed"}

WORDS = {
    "unknown": "This link opens nothing. Perhaps it was not copied whole, or a newer one was sent since: use the link of the "
    "newest mail, or ask whoever sent it to you.",
    "used": "This is complete already, and its link is used up. There is nothing left for you to do.",
    "revoked": "{merchant} has withdrawn this link. Ask {contact} if you did not expect that.",
    "expired": "This link has expired. Ask {contact} to send it again; what you have done so far is kept.",
    "needless": "{merchant} has finished this in another way meanwhile. There is nothing left for you to do.",
    "connected": "{names} has access already, so there is nothing to ask for.",
}
ENDED = ("used", "revoked", "needless")  # for good: no new mail and no new week opens such a link again


class Refused(Exception):
    """A link that opens nothing, or no longer. ``cause`` is a key of WORDS."""

    def __init__(self, cause: str, words: str) -> None:
        super().__init__(words)
        self.cause = cause
        self.words = words


# ------------------------------------------------------------------------------------------------------------- who shares it


def share(recipient: str, actor: User, *, cart: Cart | None = None, warehouse: Warehouse | None = None) -> SetupLink:
    """Ask an account's owner to set up a draft. Inside the merchant's door. The mail goes out once this is committed.

    One link a draft: an open one of before is withdrawn. Raises Refused where the draft has access already.
    """
    connected = [holder.name for holder in (warehouse, cart) if holder is not None and holder.connection_id is not None]
    if connected:
        raise Refused("connected", WORDS["connected"].format(names=" and ".join(connected)))
    _withdraw_open(SetupLink.objects.filter(Q(cart=cart) if warehouse is None else Q(warehouse=warehouse)), actor)
    return _made(Purpose.SETUP, recipient, actor, cart=cart, warehouse=warehouse)


def ask_to_renew(connection: Connection, recipient: str, actor: User | None = None) -> SetupLink:
    """Ask an account's owner to consent again. Inside the merchant's door. Without an actor it is CartRover that asks."""
    _withdraw_open(SetupLink.objects.filter(connection=connection), actor)
    return _made(Purpose.RENEWAL, recipient, actor, connection=connection)


def owner_of(connection: Connection) -> str:
    """The e-mail address of the owner who completed the newest link of a connection; empty where none did."""
    used = SetupLink.objects.filter(used_at__isnull=False).order_by("-used_at")
    newest = used.filter(Q(connection=connection) | Q(attempts__connection=connection)).first()
    return newest.recipient if newest is not None else ""


def resend(link: SetupLink, *, actor: str) -> None:
    """Send the mail again, with a new token and a new week. Raises Refused where the link has ended for good."""
    _insist(link, *ENDED)
    _tell(link, "link_resent", f"The link for {link.recipient} is sent again.", actor)
    _post(link)


def revoke(link: SetupLink, *, actor: str) -> None:
    """Withdraw it: what the owner has open in a browser ends as well. Raises Refused where it is used up."""
    _insist(link, "used")
    link.revoked_at = link.revoked_at or timezone.now()
    link.save(update_fields=["revoked_at"])
    outbox.withdraw(MAILS[Purpose(link.purpose)], link=link.pk)
    _tell(link, "link_revoked", f"The link for {link.recipient} was withdrawn.", actor)


def copied(link: SetupLink, *, actor: str) -> str:
    """The address to hand over by other means; the one that was mailed opens nothing any more. Raises Refused as ``resend``."""
    _insist(link, *ENDED)
    outbox.withdraw(MAILS[Purpose(link.purpose)], link=link.pk)  # sent later, it would end the address that is handed over
    address = mint(link.pk)
    _tell(link, "link_copied", f"The link for {link.recipient} was made anew, to be copied.", actor)
    return address


def mint(link_id: int) -> str:
    """A new token for a link, which ends the one before and begins its week. Returns the whole address.

    Inside the merchant's door; commit before it is sent. Raises Unwanted where the link has ended for good.
    """
    link = SetupLink.objects.select_for_update(no_key=True).get(pk=link_id)
    cause = refusal(link)
    if cause in ENDED:
        raise Unwanted(words(link, cause))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    link.token_hash, link.minted, link.minted_at = digest(token), link.minted + 1, timezone.now()
    link.expires_at = _expiry()
    link.save(update_fields=["token_hash", "minted", "minted_at", "expires_at"])
    return f"{settings.PORTAL_URL}{reverse('setup_link', args=[token])}"


def _withdraw_open(links: QuerySet[SetupLink], actor: User | None) -> None:
    for before in links.filter(used_at=None, revoked_at=None):
        revoke(before, actor=_name(actor))
        audit.record(_name(actor), "withdrew a setup link", before)


def _made(purpose: str, recipient: str, actor: User | None, **subject: Cart | Warehouse | Connection | None) -> SetupLink:
    link: SetupLink = SetupLink.objects.create(
        purpose=purpose, recipient=recipient, created_by=actor, expires_at=_expiry(), **subject
    )
    _tell(link, "link_shared", f"{recipient} was asked to {_errand(link)}.", _name(actor))
    _post(link)
    return link


def _errand(link: SetupLink) -> str:
    if link.connection is not None:
        return f"renew the access to {link.connection.account_name}"
    return f"set up {' and '.join(holder.name for holder in holders_of(link))}"


def _post(link: SetupLink) -> None:
    outbox.post(MAILS[Purpose(link.purpose)], to=link.recipient, merchant=link.merchant, link=link.pk, **_subject(link))


def mail_state(link: SetupLink) -> str:
    """What became of its newest mail, as ``outbox.state`` says it."""
    return outbox.state(MAILS[Purpose(link.purpose)], link=link.pk)


def _subject(link: SetupLink) -> dict[str, int]:
    """What it is about, as mails name it. Of a warehouse and a cart on one grant it is the warehouse."""
    about = {"connection": link.connection_id, "warehouse": link.warehouse_id, "cart": link.cart_id}
    return dict([next((name, row_id) for name, row_id in about.items() if row_id is not None)])


def _expiry() -> datetime:
    return timezone.now() + timedelta(days=settings.SETUP_LINK_DAYS)


def _name(actor: User | None) -> str:
    return actor.get_username() if actor is not None else "CartRover"


# --------------------------------------------------------------------------------------------------------------- who opens it


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def find(token_hash: bytes) -> SetupLink:
    """The link whose newest token this is the hash of. Outside every door. Raises Refused("unknown")."""
    with across_merchants("the setup link that a token opens"):
        rows = SetupLink.objects.select_related("merchant", "cart", "warehouse", "connection", "created_by")
        link: SetupLink | None = rows.filter(token_hash=token_hash).first()
    if link is None:
        raise Refused("unknown", WORDS["unknown"])
    return link


def insist_on_use(link: SetupLink) -> None:
    """Inside the merchant's door. Raises Refused where it opens nothing any more."""
    _insist(link, *ENDED, "expired")


def _insist(link: SetupLink, *causes: str) -> None:
    cause = refusal(link)
    if cause in causes:
        raise Refused(cause, words(link, cause))


def refusal(link: SetupLink) -> str:
    """Why a link opens nothing any more; empty while it does. Inside the merchant's door."""
    if link.used_at is not None:
        return "used"
    if link.revoked_at is not None:
        return "revoked"
    if _done_elsewhere(link):
        return "needless"
    return "expired" if timezone.now() > link.expires_at else ""


def words(link: SetupLink, cause: str) -> str:
    return WORDS[cause].format(merchant=link.merchant.name, contact=contact(link))


def asker(link: SetupLink) -> str:
    """Who asks the owner: the member who shared the link, while they are on the team. Inside the merchant's door."""
    member = _sharer(link)
    return member.user.email if member is not None else link.merchant.name


def contact(link: SetupLink) -> str:
    """Whom the owner can ask. Inside the merchant's door."""
    return link.merchant.support_contact or asker(link)


def _sharer(link: SetupLink) -> Member | None:
    rows = Member.objects.filter(user=link.created_by_id, user__is_active=True).select_related("user")
    sharer: Member | None = rows.first()
    return sharer


def _done_elsewhere(link: SetupLink) -> bool:
    """A member has granted access without the owner, or took it live."""
    granted = {attempt.connection_id for attempt in grants_of(link)}
    if link.connection is not None:
        return not granted and link.connection.authorised_at > link.created_at
    return any(
        holder.state not in (ServiceHolder.State.DRAFT, ServiceHolder.State.CHECKED)
        or (holder.connection_id is not None and holder.connection_id not in granted)
        for holder in holders_of(link)
    )


def grants_of(link: SetupLink) -> QuerySet[GrantAttempt]:
    """What the owner granted through this link."""
    granted: QuerySet[GrantAttempt] = link.attempts.filter(state=GrantAttempt.State.DONE)
    return granted


def replaced_by(link: SetupLink) -> Connection | None:
    """The other account that the owner of a renewal gave access to, and confirmed."""
    other = grants_of(link).exclude(connection=link.connection_id).select_related("connection").order_by("-pk").first()
    return other.connection if other is not None and link.connection_id is not None else None


def holders_of(link: SetupLink) -> list[Holder]:
    """What a setup link sets up."""
    return [holder for holder in (link.warehouse, link.cart) if holder is not None]


def slug_of(link: SetupLink) -> str:
    """The integration that it is about."""
    subjects: list[Holder | Connection] = [*holders_of(link), *([link.connection] if link.connection is not None else [])]
    return subjects[0].integration


def held(link: SetupLink) -> SetupLink:
    """The link as it is now, which stays so until the merchant's door closes. Raises Refused where it opens nothing any more."""
    now: SetupLink = SetupLink.objects.select_for_update(no_key=True, of=("self",)).get(pk=link.pk)
    insist_on_use(now)
    return now


def complete(link: SetupLink) -> None:
    """Use the link up, and tell both sides. Inside the merchant's door. Raises Refused, so of two at once one is told."""
    link = held(link)
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    _tell(link, "link_used", f"{link.recipient} has finished: the link is used up.", OWNER)
    came = replaced_by(link)
    if came is not None and link.connection is not None:  # members were told when it took the other's place
        ids = {"connection": came.pk, "before": link.connection.pk}
        outbox.post("account_replaced", to=link.recipient, merchant=link.merchant, side="owner", **ids)
        return
    mail = DONE_MAILS[Purpose(link.purpose)]
    outbox.post(mail, to=link.recipient, merchant=link.merchant, side="owner", **_subject(link))
    sharer = _sharer(link)
    if sharer is not None and may(sharer, Role.MANAGER):
        outbox.post(mail, to=sharer.user.email, merchant=link.merchant, side="member", **_subject(link))
    else:
        outbox.notify(mail, side="member", **_subject(link))


def _tell(link: SetupLink, kind: str, sentence: str, actor: str) -> None:
    subjects = [link.connection] if link.connection is not None else holders_of(link)
    tell([event(subject, kind, sentence, actor=actor, link=link.public_id) for subject in subjects])
