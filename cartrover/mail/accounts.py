"""allauth's mail to people who sign in: our words and layout, sealed into the outbox instead of sent in the request.

A mail server that is away then neither delays nor breaks a sign-up, and how long an answer takes tells nobody whether an address
has an account.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string

from cartrover.mail.message import Message
from cartrover.mail.piles import SealedPile
from cartrover.sync import streams

IGNORE = "If it was not you, ignore this mail: nothing happens without it."
CHANGED = "We write at each change to how you log in. If it was not you, reset your password now and tell us."
CODE = "Enter this code in the browser window that you have open. It works for a few minutes, and once."


class AccountAdapter(DefaultAccountAdapter):
    """Everything that allauth wants to mail comes through here."""

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        kind = template_prefix.rpartition("/")[2]
        post_sealed(kind, email, written(template_prefix, {**context, "email": email, "request": self.request}))


def post_sealed(kind: str, to: str, message: Message) -> None:
    """Post a mail of the installation, whose text nobody can read until it is sent, and which is deleted then."""
    with transaction.atomic():
        SealedPile.put(kind, to, message)
        streams.wake_mail(None)


def written(template_prefix: str, context: dict[str, Any]) -> Message:
    """A mail of allauth's in our words; those that only tell of a change say what allauth says."""
    write = WORDS.get(template_prefix.rpartition("/")[2])
    return write(context) if write is not None else _told(template_prefix, context)


def _confirm(context: dict[str, Any]) -> Message:
    heading = "Confirm your e-mail address"
    if context.get("code"):
        return Message(heading, heading, (CODE,), IGNORE, code=context["code"])
    words = ("Welcome to CartRover. Press the button, and this address can log in.",)
    return Message(heading, heading, words, IGNORE, button="Confirm this address", url=context["activate_url"])


def _log_in(context: dict[str, Any]) -> Message:
    return Message("Your code to log in", "Log in to CartRover", (CODE,), IGNORE, code=context["code"])


def _reset(context: dict[str, Any]) -> Message:
    words = ("Somebody, most likely you, asked to set a new password for this address.",)
    heading = "Set a new password"
    return Message(heading, heading, words, IGNORE, button=heading, url=context["password_reset_url"])


def _reset_by_code(context: dict[str, Any]) -> Message:
    return Message("Your code to set a new password", "Set a new password", (CODE,), IGNORE, code=context["code"])


def _unknown(context: dict[str, Any]) -> Message:
    words = (f"Somebody tried to log in as {context['email']}. There is no account with that address.",)
    heading = "You have no account with this address"
    return Message(heading, heading, words, IGNORE, button="Sign up", url=context.get("signup_url") or settings.PORTAL_URL)


def _exists(context: dict[str, Any]) -> Message:
    words = (
        f"Somebody tried to sign up as {context['email']}. That address has an account already, so you can log in with it.",
        "Forgotten the password? Set a new one.",
    )
    heading = "You have an account already"
    return Message(heading, heading, words, IGNORE, button="Set a new password", url=context["password_reset_url"])


def _told(template_prefix: str, context: dict[str, Any]) -> Message:
    """What changed, in allauth's words: its templates end the first paragraphs with where the change came from."""
    subject = " ".join(render_to_string(f"{template_prefix}_subject.txt", context).split())
    text = render_to_string(f"{template_prefix}_message.txt", context)
    paragraphs = tuple(part.strip() for part in text.split("\n\n") if part.strip())
    return Message(subject, subject, paragraphs, CHANGED)


WORDS = {
    "email_confirmation": _confirm,
    "email_confirmation_signup": _confirm,
    "login_code": _log_in,
    "password_reset_key": _reset,
    "password_reset_code": _reset_by_code,
    "unknown_account": _unknown,
    "account_already_exists": _exists,
}
