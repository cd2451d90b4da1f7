from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.mail import get_connection


def mail_goes_somewhere(**kwargs: Any) -> list[CheckMessage]:
    """A provider whose settings are missing stops the start, not the first mail. Connects to nothing."""
    try:
        get_connection()
    except Exception as error:
        return [Error(f"EMAIL_URL cannot be used. {error}", id="mail.E001")]
    return []
