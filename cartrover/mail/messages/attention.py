"""Mail to the members who are told when a connection needs them."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from cartrover.connections.models import Connection
from cartrover.events.models import Problem
from cartrover.mail.message import YOURS, Message, Mint, Unwanted, message
from cartrover.mail.models import OutboxMail
from cartrover.mail.places import address, connection_of


@message
def needs_attention(mail: OutboxMail, mint: Mint) -> Message:
    """``connection``; ``problem``: the card that the portal shows."""
    connection = connection_of(mail)
    problem = Problem.objects.get(pk=mail.ids["problem"])
    if problem.closed_at is not None:
        raise Unwanted("It was solved before the mail went out.")
    return Message(
        subject=f"{connection.account_name} needs you: reconnect it",
        heading=f"We have no access to {connection.account_name}",
        words=(
            problem.words,
            "Nothing is lost: orders wait where they are, and move by themselves as soon as you have reconnected.",
        ),
        whose=YOURS,
        button="Reconnect",
        url=_page(mail, connection),
        why=_why(mail),
    )


@message
def consent_ends(mail: OutboxMail, mint: Mint) -> Message:
    """``connection``; ``days``: 30, 7 or 1, how long it lasts at most."""
    connection, days = connection_of(mail), int(mail.ids["days"])
    ends = connection.consent_ends_at
    if ends is None or connection.state != Connection.State.ACTIVE or ends > timezone.now() + timedelta(days=days):
        raise Unwanted("The consent was renewed, or has ended.")
    left = "tomorrow" if days == 1 else f"in {days} days"
    return Message(
        subject=f"Access to {connection.account_name} ends {left}",
        heading=f"Access to {connection.account_name} ends {left}",
        words=(
            f"Its owner's consent lasts until {ends:%d %B %Y}. Reconnect before that day and log in as the "
            "same account. If somebody else owns the account, send them a renewal link from the same page.",
            "Nothing is lost meanwhile, and nothing else changes.",
        ),
        whose=YOURS,
        button="Renew access",
        url=_page(mail, connection),
        why=_why(mail),
    )


def _page(mail: OutboxMail, connection: Connection) -> str:
    return address("connection", mail.merchant.public_id, connection.public_id)


def _why(mail: OutboxMail) -> str:
    return f"You are a member of {mail.merchant.name} on CartRover. We write once about each cause; its settings say who gets it."
