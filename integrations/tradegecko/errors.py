"""What TradeGecko's refusals mean, and what its headers tell of the budget.

The bodies of most errors are unconfirmed, so the status decides and the body only adds words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from integrations.http import Reply, retry_after
from integrations.outcomes import Ambiguous, NeedsMerchant, NeedsOperator, Outcome, Rejected, RetryLater

NAME = "TradeGecko"
DUPLICATE = "Duplicate Idempotency"  # how the answer to a repeated Idempotency-Key begins, under whatever status


def judge(reply: Reply, write: bool) -> Outcome | None:
    """The meaning of a reply: None for a success."""
    if reply.status < 300:
        return None
    words = said(reply)
    detail = f"{reply.status} {words}".strip()
    if words.startswith(DUPLICATE):
        return Ambiguous(f"{NAME} has seen this request before.", detail=detail, key_spent=True)
    if reply.status == 429:
        return RetryLater(f"{NAME}'s limit of calls is used up for the moment.", after=until_reset(reply), detail=detail)
    if reply.status >= 500 or reply.status == 408:
        return _away(reply, write, detail)
    refusal = _REFUSALS.get(reply.status)
    return refusal(detail=detail) if refusal else _refused(words, detail)


def said(reply: Reply) -> str:
    """What the body says, in one line: field messages of a 422, else its message; empty where it says nothing."""
    if not isinstance(reply.json, Mapping):
        return ""
    errors = reply.json.get("errors")
    if isinstance(errors, Mapping):
        return "; ".join(_flattened(errors))
    return next((str(reply.json[key]) for key in ("message", "error_description", "error", "type") if reply.json.get(key)), "")


def until_reset(reply: Reply) -> float | None:
    """Seconds until the budget is full again, by the provider's own clock; None where it does not say."""
    told = budget(reply)
    if told is None or reply.server_time is None:
        return retry_after(reply)
    return max((told[1] - reply.server_time).total_seconds(), 0) + 1


def budget(reply: Reply) -> tuple[int, datetime] | None:
    """(calls that remain in this window, when the window ends by the provider's clock)."""
    try:
        remaining, reset = int(reply.headers["X-Rate-Limit-Remaining"]), int(reply.headers["X-Rate-Limit-Reset"])
    except (KeyError, ValueError):
        return None
    return remaining, datetime.fromtimestamp(reset, UTC)


def _away(reply: Reply, write: bool, detail: str) -> Outcome:
    message = f"{NAME} could not answer."
    if write:
        return Ambiguous(message, after=retry_after(reply), detail=detail)
    return RetryLater(message, after=retry_after(reply), detail=detail)


def _flattened(errors: Mapping[str, Any]) -> Iterator[str]:
    for field, texts in errors.items():
        for text in texts if isinstance(texts, list) else [texts]:
            yield str(text) if field == "base" else f"{field.replace('_', ' ').replace('.', ' ')} {text}"


def _refused(words: str, detail: str) -> Outcome:
    return Rejected(f"{NAME} refused this: {words}" if words else f"{NAME} refused this.", code=detail[:3], detail=detail)


_MOVED = partial(NeedsOperator, f"{NAME}'s address answers from elsewhere. Check TRADEGECKO_API_URL.")

_REFUSALS: Mapping[int, Callable[..., Outcome]] = {
    301: _MOVED,
    302: _MOVED,
    307: _MOVED,
    308: _MOVED,
    401: partial(
        NeedsMerchant,
        f"{NAME} no longer accepts our access to this account. Press Reconnect.",
        fix="reconnect",
        scope="connection",
    ),
    402: partial(
        NeedsMerchant,
        f"{NAME} says that this account's subscription has lapsed. Renew it there, then press Try again.",
        fix="subscription",
        scope="connection",
    ),
    403: partial(
        NeedsMerchant,
        f"The {NAME} user who granted us access may not do this. Give that user the permission there, "
        "or press Reconnect as a user who has it.",
        fix="permission",
        scope="connection",
    ),
    404: partial(Rejected, f"{NAME} does not have this.", code="not_found"),
    414: partial(NeedsOperator, f"We asked {NAME} for more than one address can hold."),
}
