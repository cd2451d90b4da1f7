"""How every failure says whose move it is. Two texts: one for a person to act on, one to debug with."""

from __future__ import annotations


class Outcome(Exception):
    """Why a step did not simply succeed.

    ``message`` is a sentence for the merchant; ``detail`` is for whoever debugs, and never holds a secret.
    """

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail or message


class RetryLater(Outcome):
    """Nobody has to act. ``after`` is the least number of seconds to wait; None lets the engine's back-off decide.

    ``scope`` says what has to wait: ``record``, ``connection`` or ``provider`` (its outage, or our quota there).
    """

    def __init__(self, message: str, *, after: float | None = None, scope: str = "connection", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.after = after
        self.scope = scope


class Ambiguous(RetryLater):
    """A write was sent and its result is unknown: look before writing again.

    ``key_spent`` says that the provider refuses this idempotency key from now on: where the look-ups find nothing, the next
    attempt needs a new one.
    """

    def __init__(
        self,
        message: str,
        *,
        after: float | None = None,
        scope: str = "connection",
        detail: str = "",
        key_spent: bool = False,
    ) -> None:
        super().__init__(message, after=after, scope=scope, detail=detail)
        self.key_spent = key_spent


class NeedsMerchant(Outcome):
    """The merchant has to act, and ``fix`` names the button.

    Args:
        fix: what solves it, such as ``reconnect``, ``unknown_sku``, ``currency``.
        subject: what it is about (the SKU, the currency), so that one cause makes one Problem.
        scope: ``connection`` stops the connection, ``record`` only this order.
    """

    def __init__(self, message: str, *, fix: str, subject: str = "", scope: str = "record", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.fix = fix
        self.subject = subject
        self.scope = scope


class Rejected(Outcome):
    """The outside system, or our own check, refuses this record; asking again would not change it.

    ``code`` is the outside system's own code for it, where there is one.
    """

    def __init__(self, message: str, *, code: str = "", detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code


class NeedsOperator(Outcome):
    """Our own application or installation is wrong (its keys, its registration): no merchant can mend it."""
