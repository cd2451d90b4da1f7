"""What a mail says, and how it looks: one layout, as HTML and as text from the same words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from cartrover.mail.models import OutboxMail

Mint = Callable[[str, int], str]  # kind of link, id of its row: the whole address

YOURS = "Your move"
NOBODYS = "Nothing to do"


@dataclass(frozen=True, slots=True)
class Told:
    """A card of the portal as a mail tells it: its words, what waits for it, and the address of its page."""

    words: str
    waits: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """A mail in words. ``whose`` says whose move it is; ``button`` leads to ``url``; ``code`` is to be typed somewhere.

    ``cards`` come before the words.

    ``why`` ends the mail: why this person got it, and what to do if it means nothing to them.
    """

    subject: str
    heading: str
    words: tuple[str, ...]
    why: str
    whose: str = ""
    button: str = ""
    url: str = ""
    code: str = ""
    cards: tuple[Told, ...] = ()


class Unwanted(Exception):
    """What the mail was to say is no longer so: it is not sent. The text says why."""


Writer = Callable[[OutboxMail, Mint], Message]
MESSAGES: dict[str, Writer] = {}


def message(write: Writer) -> Writer:
    """Register a message by its function's name. It is called inside the merchant's door, and may raise Unwanted."""
    MESSAGES[write.__name__] = write
    return write


def envelope(message: Message, *, to: str, public_id: str) -> EmailMultiAlternatives:
    """The mail as it goes out. The same row has the same Message-ID at each attempt, so that a second copy can be told."""
    context = {"mail": message, "portal_url": settings.PORTAL_URL, "support": settings.SUPPORT_EMAIL or settings.SUPPORT_URL}
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    mail = EmailMultiAlternatives(
        subject=" ".join(message.subject.split()),
        body=render_to_string("mail/layout.txt", context),
        to=[to],
        headers={"Message-ID": f"<{public_id}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("mail/layout.html", context), "text/html")
    return mail
