"""Mail to an account's owner who has no account here, and to the members who wait for that owner."""

from __future__ import annotations

from cartrover.connections.models import Connection
from cartrover.mail.message import NOBODYS, YOURS, Message, Mint, Unwanted, message
from cartrover.mail.models import OutboxMail
from cartrover.mail.places import address, connection_of, holder_of, link_life


def _stranger(mail: OutboxMail) -> str:
    """Why somebody without an account got it, and whom they can ask."""
    merchant = mail.merchant
    asked = f" Questions? Ask {merchant.support_contact}." if merchant.support_contact else ""
    stranger = "If that means nothing to you, delete this mail: without you nothing happens."
    return f"{merchant.name} gave us this address.{asked} {stranger}"


@message
def setup_link(mail: OutboxMail, mint: Mint) -> Message:
    """``link``; ``cart`` or ``warehouse``: what the owner is asked to connect."""
    holder, merchant = holder_of(mail), mail.merchant.name
    return Message(
        subject=f"{merchant} asks you to connect {holder.name}",
        heading=f"Connect {holder.name} for {merchant}",
        words=(
            f"{merchant} uses CartRover to move its orders between its shops and its warehouse, and asks you to connect "
            f"{holder.name}, because you can log in to that account.",
            "You grant access, check the settings, and press Test and OK. You need no CartRover account, and it takes a few "
            f"minutes. The link is for this one setup only, and ends after {link_life()}.",
        ),
        whose=YOURS,
        button=f"Set up {holder.name}",
        url=mint("setup_link", mail.ids["link"]),
        why=_stranger(mail),
    )


@message
def renewal_link(mail: OutboxMail, mint: Mint) -> Message:
    """``link``; ``connection``: whose consent ends."""
    connection, merchant = connection_of(mail), mail.merchant.name
    if connection.state == Connection.State.DISCONNECTED:
        raise Unwanted("The connection was disconnected.")
    return Message(
        subject=f"{merchant} asks you to renew access to {connection.account_name}",
        heading=f"Renew access to {connection.account_name}",
        words=(
            f"You once let CartRover work with {connection.account_name} for {merchant}. That consent "
            + (f"ends on {connection.consent_ends_at:%d %B %Y}." if connection.consent_ends_at else "has ended."),
            "Press the button and log in as the same account. You need no CartRover account, and nothing else changes. The link "
            f"is for this account only, and ends after {link_life()}.",
        ),
        whose=YOURS,
        button="Renew access",
        url=mint("renewal_link", mail.ids["link"]),
        why=_stranger(mail),
    )


@message
def connection_complete(mail: OutboxMail, mint: Mint) -> Message:
    """``cart`` or ``warehouse``: what is set up now; ``side``: ``owner`` (no log-in, so no button) or ``member``."""
    holder, merchant = holder_of(mail), mail.merchant.name
    if mail.ids.get("side") == "owner":
        return Message(
            subject=f"{holder.name} is connected",
            heading=f"{holder.name} is connected",
            words=(
                f"Thank you. {merchant} can now work with it through CartRover, and was told so.",
                f"The link you used has ended. To withdraw your consent, ask {merchant}, or remove CartRover in your account.",
            ),
            whose=NOBODYS,
            why=f"You set up {holder.name} for {merchant}.",
        )
    return Message(
        subject=f"{holder.name} is connected: look at it, then go live",
        heading=f"{holder.name} is connected",
        words=(
            "The account's owner granted access, and every check of the test passed.",
            "No order moves yet: going live is yours to press.",
        ),
        whose=YOURS,
        button=f"Open {holder.name}",
        url=address(holder._meta.model_name or "", mail.merchant.public_id, holder.public_id),
        why=f"You are a member of {merchant} on CartRover.",
    )


@message
def access_renewed(mail: OutboxMail, mint: Mint) -> Message:
    """``connection``: whose consent was renewed; ``side``: ``owner`` or ``member``."""
    connection, merchant = connection_of(mail), mail.merchant.name
    heading = f"Access to {connection.account_name} is renewed"
    until = f"It lasts until {connection.consent_ends_at:%d %B %Y}. " if connection.consent_ends_at else ""
    if mail.ids.get("side") == "owner":
        words = (f"Thank you. {until}{merchant} goes on as before, and was told so.", "The link you used has ended.")
        return Message(heading, heading, words, f"You renewed access for {merchant}.", whose=NOBODYS)
    return Message(
        subject=heading,
        heading=heading,
        words=(f"{until}Whatever waited for it moves by itself.",),
        whose=NOBODYS,
        button="See the connection",
        url=address("connection", mail.merchant.public_id, connection.public_id),
        why=f"You are a member of {merchant} on CartRover.",
    )


@message
def account_replaced(mail: OutboxMail, mint: Mint) -> Message:
    """``connection``: the account that came; ``before``: whose place it takes; ``side``: ``owner`` or ``member``."""
    came, merchant = connection_of(mail), mail.merchant.name
    before = Connection.objects.get(pk=mail.ids["before"])
    heading = f"{came.account_name} takes the place of {before.account_name}"
    if mail.ids.get("side") == "owner":
        words = (
            f"Thank you. You gave {merchant} access to {came.account_name} instead of {before.account_name}. {merchant} was "
            "told, and starts again with it.",
            "The link you used has ended.",
        )
        return Message(heading, heading, words, f"You renewed access for {merchant}.", whose=NOBODYS)
    return Message(
        subject=f"{heading}: test it, then go live",
        heading=heading,
        words=(
            f"The owner who was asked to renew {before.account_name} gave access to {came.account_name}, and confirmed it.",
            "What stood on it is a draft now, so no order of it moves: test it and take it live again. If it is not meant, "
            f"{before.account_name} is still among your connections.",
        ),
        whose=YOURS,
        button="See the connection",
        url=address("connection", mail.merchant.public_id, came.public_id),
        why=f"You are a member of {merchant} on CartRover.",
    )
