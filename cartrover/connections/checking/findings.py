"""What a test found, in words: its lines, and what stands in front of a provider and answers in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings as installation

from integrations.contract import Exchange, Integration, Wire
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was tested. ``state`` is ok, warn or fail; ``words`` say it, ``detail`` adds to it, ``fix`` helps."""

    name: str
    state: str
    words: str
    detail: str = ""
    fix: str = ""


UNFILLED = Line("form", FAIL, "Not everything is filled in", "Press OK to see which setting has to be mended.")
ACCOUNT_CHANGED = Line("account", FAIL, "The account changed while it was tested. Press OK again.")


@dataclass(slots=True)
class Ear:
    """A wire that remembers what it heard. It asks for no new token where a password stands before the API."""

    wire: Wire
    heard: list[Exchange] = field(default_factory=list)

    def token(self, *, instead_of: str = "") -> str:
        if instead_of and self.heard and in_front(self.heard[-1]):
            raise NeedsMerchant("Something in front of the API turned us away.", fix="address")
        return self.wire.token(instead_of=instead_of)

    def before_call(self, resource: str, *, write: bool) -> None:
        self.wire.before_call(resource, write=write)

    def after_call(self, exchange: Exchange) -> None:
        self.heard.append(exchange)
        self.wire.after_call(exchange)

    @property
    def last(self) -> Exchange | None:
        return self.heard[-1] if self.heard else None


_PAGE = ("<!doctype html", "<html")
_TOKEN_BLOCKED = re.compile(r"token endpoint answered (401|403|407|451): ")  # and not with an error of the provider's own
_UNREACHED = ("NewConnectionError", "ConnectionRefusedError", "ConnectTimeout", "ConnectTimeoutError", "ConnectionResetError")


def _basic(exchange: Exchange) -> bool:
    return exchange.status == 401 and exchange.challenge.lower().startswith("basic")


def in_front(exchange: Exchange) -> bool:
    """The answer is not the provider's API's: a password or a page of something that stands before it."""
    page = exchange.response_body.lstrip().lower().startswith(_PAGE)
    return _basic(exchange) or (page and exchange.status in (401, 403, 406, 407, 451))


def told(ear: Ear | None, integration: Integration, outcome: Outcome, name: str) -> Line:
    """The line of an outcome; what stands in front of the provider is named by the answer that was heard last."""
    last = ear.last if ear else None
    if last is not None and _basic(last):
        words = f"{integration.name} asks for a user name and password before its API (Basic authentication)"
        return Line(name, FAIL, words, fix=f"Take that protection off the API's address{_or_allow()}.")
    if (last is not None and in_front(last)) or _TOKEN_BLOCKED.search(outcome.detail):
        words = f"Something in front of {integration.name} turned us away"
        detail = f"status {last.status}, with a page of its own" if last is not None and last.status else ""
        return Line(name, FAIL, words, detail, f"A firewall or proxy blocks our address{_allow()}.")
    if last is not None and last.status is None and any(word in last.error for word in _UNREACHED):
        words = f"{integration.name} could not be reached"
        return Line(
            name,
            FAIL,
            words,
            f"{urlsplit(last.url).hostname} took no connection",
            f"It may be down, or block our address{_allow()}.",
        )
    return Line(name, FAIL, outcome.message, fix=_fix(outcome))


def _fix(outcome: Outcome) -> str:
    if isinstance(outcome, RetryLater):
        wait = f"in {max(1, round(outcome.after / 60))} min" if outcome.after and outcome.after >= 60 else "in a moment"
        return f"Your settings may be right. Press Test again {wait}."
    if isinstance(outcome, NeedsOperator):
        return "No setting of yours can mend this: ask this portal's support."
    return ""


def _allow() -> str:
    addresses = installation.OUTBOUND_ADDRESSES
    return f": allow {' and '.join(addresses)}" if addresses else ": ask this portal's support for the addresses to allow"


def _or_allow() -> str:
    addresses = installation.OUTBOUND_ADDRESSES
    return f", or let {' and '.join(addresses)} through without it" if addresses else ", or let our addresses through without it"
