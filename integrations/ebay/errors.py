"""What eBay's refusals mean: by error id, which is stable, where there is one; else by status. Messages come in any language.

https://developer.ebay.com/api-docs/static/handling-error-messages.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from integrations.ebay import trading
from integrations.http import Reply, retry_after
from integrations.outcomes import Ambiguous, NeedsMerchant, NeedsOperator, Outcome, Rejected, RetryLater

NAME = "eBay"
NOT_FOUND = "not_found"
CONFLICT = "conflict"
BAD_TRACKING = "32300"

QUOTA_ZONE = "America/Los_Angeles"
_LEAST_QUOTA_WAIT = 15 * 60.0  # seconds; the hour of the reset is not documented

_QUOTA_SPENT = frozenset({"2001", "518"})
_TOKEN_REFUSED = frozenset({"1001", "931", "932", "16110", "17470", "21916984", "21917053"})


@dataclass(frozen=True, slots=True)
class Told:
    """One error of a reply that was not a success."""

    reply: Reply
    write: bool
    code: str = ""
    message: str = ""

    @property
    def detail(self) -> str:
        return f"{self.reply.status} {self.code} {self.message}".strip()


def judge(reply: Reply, write: bool) -> Outcome | None:
    """The meaning of a reply. None for a success, and for what a Trading call says of single items."""
    if reply.status < 300 and not trading.failed(reply):
        return None
    told = [Told(reply, write, code, message) for code, message in errors(reply)]
    for each in told:
        if each.code in _MEANINGS:
            return _MEANINGS[each.code](each)
    return None if reply.status < 300 else _by_status(told[0] if told else Told(reply, write))


def token_refused(reply: Reply) -> bool:
    """Whether a new access token may help: so says a status, or a code where the Trading API answers 200 to everything."""
    return reply.status == 401 or (trading.failed(reply) and any(code in _TOKEN_REFUSED for code, _ in errors(reply)))


def budget(reply: Reply) -> tuple[int, datetime] | None:
    """eBay tells of its quotas only when one is spent."""
    with suppress(RetryLater):  # an answer that cannot be read tells nothing
        if (reply.status == 429 or trading.failed(reply)) and any(code in _QUOTA_SPENT for code, _ in errors(reply)):
            return 0, _now(reply) + timedelta(seconds=_until_reset(reply))
    return None


def errors(reply: Reply) -> Iterator[tuple[str, str]]:
    """(code, message) of each error, in whichever of eBay's four shapes: REST, Post-Order, OAuth, Trading."""
    if trading.failed(reply):
        yield from ((error.code, error.message) for error in trading.read(reply).errors)
    elif isinstance(reply.json, Mapping):
        yield from errors_in(reply.json)


def errors_in(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The same of a JSON body, or of one entry of a 207."""
    wrapped = body.get("errorMessage")
    if isinstance(wrapped, Mapping):
        yield from errors_in(wrapped)
    for key in ("errors", "error"):
        found = body.get(key)
        if isinstance(found, str):
            yield found, str(body.get("error_description") or found)
        for error in found if isinstance(found, list) else [found]:
            if isinstance(error, Mapping):
                yield str(error.get("errorId", "")), str(error.get("longMessage") or error.get("message") or "")


# ------------------------------------------------------------------------------------------------------------------ by error id

Meaning = Callable[[Told], Outcome]


def _rejected(words: str, code: str = "") -> Meaning:
    return lambda told: Rejected(words, code=code or told.code, detail=told.detail)


def _merchant(words: str, fix: str) -> Meaning:
    return lambda told: NeedsMerchant(words, fix=fix, scope="connection", detail=told.detail)


def _operator(words: str) -> Meaning:
    return lambda told: NeedsOperator(words, detail=told.detail)


def _later(words: str, after: float | None = None) -> Meaning:
    return lambda told: RetryLater(words, after=after, detail=told.detail)


def _quota(told: Told) -> Outcome:
    # One error for all resources: a spent quota of the Trading API must not keep orders waiting.
    scope = "provider" if told.reply.status == 429 else "connection"
    words = "eBay's daily limit of calls is used up."
    return RetryLater(words, after=_until_reset(told.reply), scope=scope, detail=told.detail)


def _away(told: Told) -> Outcome:
    words, after = "eBay could not answer.", retry_after(told.reply)
    if told.write:
        return Ambiguous(words, after=after, detail=told.detail)
    return RetryLater(words, after=after, scope="provider", detail=told.detail)


_TOKEN = _later("eBay did not accept a fresh access token.")
_RECONNECT = _merchant("eBay has ended our access to this account. Press Reconnect.", "reconnect")
_ASKED_WRONGLY = _operator("We asked eBay in a way that it does not take.")
_NO_SUCH_ORDER = _rejected("eBay knows no order with this number.", NOT_FOUND)
_NO_SUCH_SKU = _rejected("eBay's inventory has no such SKU or offer.", NOT_FOUND)

_MEANINGS: Mapping[str, Meaning] = {
    # access
    "1001": _TOKEN,
    "1002": _ASKED_WRONGLY,
    "1100": _merchant(
        "The access that was granted does not allow this. Press Reconnect, and accept all that eBay asks.", "reconnect"
    ),
    "2001": _quota,
    "2003": _away,
    # orders
    **dict.fromkeys(("30700", "30800", "30810", "30820", "30830", "30840", "30900", "31000", "31100", "32800"), _ASKED_WRONGLY),
    "30850": _later("eBay's clock is behind ours."),  # without a pause: the engine asks again by the clock it has heard
    "32100": _NO_SUCH_ORDER,
    "32110": _rejected("eBay knows no such package of this order.", NOT_FOUND),
    # shipments
    "32200": _rejected("eBay knows no such line in this order."),
    "32210": _rejected("eBay takes a line only once in a package."),
    BAD_TRACKING: _rejected("eBay does not accept this tracking number or carrier."),
    "32400": _merchant("eBay has suspended this account. Settle that with eBay, then press Try again.", "suspended"),
    "32500": _rejected("eBay does not accept the date of shipping."),
    "32600": _rejected("eBay does not accept this shipment."),
    "34100": _rejected("eBay takes no more tracking numbers for this order."),
    "34200": _rejected("eBay does not take lines with and without the Global Shipping Program in one package."),
    "34300": _rejected("eBay takes only one line of the Global Shipping Program in a package."),
    "34500": _rejected("eBay has this package already and does not let us change it.", CONFLICT),
    # inventory
    "25002": _rejected("eBay does not accept this figure."),
    "25702": _NO_SUCH_SKU,
    "25709": _rejected("eBay does not accept this value."),
    "25713": _NO_SUCH_SKU,
    "25759": _rejected("This figure is less than what eBay keeps for an auction of the same SKU."),
    # Trading
    "2": _ASKED_WRONGLY,
    "5": _ASKED_WRONGLY,
    "518": _quota,
    "930": _ASKED_WRONGLY,
    **dict.fromkeys(("931", "21916984", "21917053"), _TOKEN),
    **dict.fromkeys(("932", "16110", "17470"), _RECONNECT),
    "10007": _away,
}


# -------------------------------------------------------------------------------------------------------------------- by status


def _by_status(told: Told) -> Outcome:
    status = told.reply.status
    if status >= 500 or status == 408:
        return _away(told)
    return _STATUSES.get(status, _refused)(told)


def _refused(told: Told) -> Outcome:
    words = f"eBay refused this: {told.message}" if told.message else "eBay refused this."
    return Rejected(words, code=told.code or str(told.reply.status), detail=told.detail)


def _busy(told: Told) -> Outcome:
    return RetryLater("eBay asks us to slow down.", after=retry_after(told.reply), scope="provider", detail=told.detail)


_MOVED = _operator("eBay's address answers from elsewhere. Check EBAY_API_URL and EBAY_IDENTITY_URL.")

_STATUSES: Mapping[int, Meaning] = {
    **dict.fromkeys((300, 301, 302, 303, 307, 308), _MOVED),
    401: _TOKEN,
    403: _operator("eBay does not let this installation's application do this."),
    404: _rejected("eBay does not have this.", NOT_FOUND),
    **dict.fromkeys((405, 406, 411, 413, 414, 415), _ASKED_WRONGLY),
    409: lambda told: Rejected("eBay says that this conflicts with what it has.", code=CONFLICT, detail=told.detail),
    429: _busy,
}


# ------------------------------------------------------------------------------------------------------------------------ quota


def _until_reset(reply: Reply) -> float:
    """Seconds until midnight where eBay lives, unless it says better."""
    now = _now(reply).astimezone(ZoneInfo(QUOTA_ZONE))
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    return retry_after(reply) or max((midnight - _now(reply)).total_seconds(), _LEAST_QUOTA_WAIT)


def _now(reply: Reply) -> datetime:
    return reply.server_time or datetime.now(UTC)
