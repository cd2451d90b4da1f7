"""The mail server or the provider that settings name, and what its refusals mean."""

from __future__ import annotations

import smtplib
from types import TracebackType

from anymail.exceptions import AnymailError, AnymailInvalidAddress, AnymailRecipientsRefused
from django.core.mail import EmailMessage, get_connection

OF_THIS_MAIL = frozenset({400, 413, 422})  # a provider's HTTP statuses that speak of the mail, not of our account


class Away(Exception):
    """No mail can go now: the server does not answer, or does not accept us."""


class Later(Exception):
    """The server asks to try this mail again later."""


class Refused(Exception):
    """The server will never take this mail."""


class Server:
    """One session. Open it before a link is minted: a link that cannot be sent must not void the one before it."""

    def __init__(self) -> None:
        self._backend = get_connection()

    def __enter__(self) -> Server:
        try:
            self._backend.open()
        except Exception as error:
            raise Away(_short(f"{type(error).__name__}: {error}")) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._backend.close()

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail over. Raises Away, Later, Refused."""
        try:
            self._backend.send_messages([mail])
        except Exception as error:
            raise _meaning(error) from error


def _meaning(error: Exception) -> Exception:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _by_code(code, text)
    if isinstance(error, smtplib.SMTPDataError):
        return _by_code(error.smtp_code, error.smtp_error)
    if isinstance(error, (AnymailRecipientsRefused, AnymailInvalidAddress)):
        return Refused(_short(str(error)))
    if isinstance(error, AnymailError):
        return (Refused if error.status_code in OF_THIS_MAIL else Away)(_short(str(error)))
    if isinstance(error, (smtplib.SMTPException, OSError)):
        return Away(_short(f"{type(error).__name__}: {error}"))
    return Refused(_short(f"{type(error).__name__}: {error}"))


def _by_code(code: int, text: bytes | str) -> Exception:
    words = f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"
    if code == 421:  # the server is closing
        return Away(_short(words))
    return (Refused if code >= 500 else Later)(_short(words))


def _short(words: str) -> str:
    return " ".join(words.split())[:300]
