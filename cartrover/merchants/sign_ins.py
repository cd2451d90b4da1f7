"""Keeps a person's sign-in history: log-ins, refused ones, and every change of how they log in."""

from __future__ import annotations

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_login_failed
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils import timezone

from cartrover.merchants.audit import address_of
from cartrover.merchants.models import SignIn, User

_METHODS = {"password": "password", "code": "e-mailed code", "mfa": "second factor"}
_FACTORS = {
    Authenticator.Type.TOTP: "Authenticator app",
    Authenticator.Type.WEBAUTHN: "Passkey or security key",
    Authenticator.Type.RECOVERY_CODES: "Recovery codes",
}


def listen() -> None:
    account.user_logged_in.connect(_logged_in, dispatch_uid="sign-ins")
    user_login_failed.connect(_failed, dispatch_uid="sign-ins")
    for signal, words, good in _PLAIN:
        _keep(signal, words, good)
    for signal, words, good in _OF_A_FACTOR:
        _keep(signal, words, good)


_PLAIN: tuple[tuple[Signal, str, bool], ...] = (
    (account.password_set, "Password set", True),
    (account.password_changed, "Password changed", True),
    (account.password_reset, "Password reset by e-mail", True),
    (account.email_changed, "Main e-mail address changed", True),
    (account.email_added, "E-mail address added", True),
    (account.email_removed, "E-mail address removed", True),
    (account.login_code_rejected, "Wrong e-mailed code", False),
)
_OF_A_FACTOR: tuple[tuple[Signal, str, bool], ...] = (
    (mfa.authenticator_added, "{} added", True),
    (mfa.authenticator_removed, "{} removed", True),
    (mfa.authenticator_reset, "{} made anew", True),
    (mfa.authentication_failed, "Wrong second factor: {}", False),
)


def _keep(signal: Signal, words: str, good: bool) -> None:
    def happened(sender: Any, request: HttpRequest, user: User, **more: Any) -> None:
        factor = more.get("authenticator")
        _remember(request, user, words.format(_FACTORS.get(factor.type, factor.type) if factor else "unknown code"), good)

    signal.connect(happened, weak=False, dispatch_uid=f"sign-ins: {words}")


def _logged_in(sender: Any, request: HttpRequest, user: User, **more: Any) -> None:
    records = request.session.get("account_authentication_methods", [])
    with_what = dict.fromkeys(_with(record) for record in records)
    _remember(request, user, f"Logged in with {' and '.join(with_what)}" if with_what else "Logged in", good=True)


def _with(record: dict[str, Any]) -> str:
    if record.get("method") == "mfa":
        return str(_FACTORS.get(record.get("type", ""), "second factor")).lower()
    return str(_METHODS.get(record["method"], record["method"]))


def _failed(sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any) -> None:
    """Kept for the person whose address it was. What was typed for an address that nobody has belongs to nobody."""
    address = str(credentials.get("email") or credentials.get("username") or "").lower()
    user = User.objects.filter(email=address).first()
    if request is not None and user is not None:
        _remember(request, user, "Wrong password", good=False)


def _remember(request: HttpRequest, user: User, words: str, good: bool) -> None:
    agent = request.headers.get("User-Agent", "")[:200]
    SignIn.objects.create(user=user, at=timezone.now(), words=words, good=good, ip=address_of(request), user_agent=agent)
