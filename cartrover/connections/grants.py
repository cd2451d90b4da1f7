"""The OAuth journey, once for all integrations: start, the provider's answer, whose account it is, a connection.

    started ── answer ──▶ answered ── exchange ──▶ exchanged ── account ──▶ done
        │                     │                        └ another ▶ asked ─────┘
        └─────────────────────┴────────────────────────┴────────────┴─────▶ failed

An answer counts once, only in the browser and for the person that started, only at the address of its own provider, and only
within ten minutes. Exchanged tokens are committed before anything else: at a provider that rotates, losing them is losing the
account. No rows are open while the provider is asked. A reconnect that brings another account changes nothing until a person has
said that it is meant.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from cartrover.connections import attention, claims, credentials, engine, replacing, sharing
from cartrover.connections.bare_wire import BareWire
from cartrover.connections.claims import Claimed
from cartrover.connections.holders import LeftBehind, join
from cartrover.connections.models import Cart, Connection, GrantAttempt, SetupLink, Warehouse
from cartrover.connections.replacing import WrongAccount
from cartrover.connections.sealing import Unsealable
from cartrover.events.telling import event, tell
from cartrover.merchants import audit
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.roles import may
from cartrover.merchants.tenancy import across_merchants, acting_for
from integrations import oauth2, registry
from integrations.contract import Account
from integrations.oauth2 import Tokens
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater

LIFE = timedelta(minutes=10)
QUESTION = timedelta(hours=1)  # for which it can be answered whether another account is meant
KEPT = timedelta(hours=1)  # for which a provider that is away can be asked again
State = GrantAttempt.State

log = logging.getLogger(__name__)

WORDS = {
    "unknown_state": "This answer from {provider} belongs to nothing that was started here. Start again on the setup page.",
    "other_browser": "This was started in another browser. Press {button} in the browser that you use now.",
    "other_person": "This was started by somebody else. Log in as that person, or press {button} yourself.",
    "other_integration": "This answer came to the wrong address. Press {button} again.",
    "used_twice": "This answer from {provider} was used before. {before}",
    "expired": "This took longer than ten minutes. Press {button} again.",
    "declined": "Access was declined at {provider}, so nothing was connected. Press {button} to try again.",
    "provider_error": "{provider} could not give access and called it {error!r}. Press {button} to try again.",
    "no_code": "{provider} answered without saying whether it gives access. Press {button} to try again.",
    "link_ended": "The link of this setup ended while you were at {provider}, so nothing was connected. {before}",
    "unreadable": "The access that {provider} gave could not be kept. Press {button} again.",
}


class Refused(Exception):
    """An answer that does not belong to this person and browser, or was used before. It changed nothing, and nobody was asked.

    ``attempt`` is the one that it was used for, by this same person in this browser.
    """

    def __init__(self, cause: str, words: str, attempt: GrantAttempt | None = None) -> None:
        super().__init__(words)
        self.cause = cause
        self.words = words
        self.attempt = attempt


# ----------------------------------------------------------------------------------------------------------------------- start


def start(
    merchant: Merchant,
    user: User | None,
    browser_key: str,
    slug: str,
    *,
    cart: Cart | None = None,
    warehouse: Warehouse | None = None,
    renews: Connection | None = None,
) -> tuple[GrantAttempt, str]:
    """Begin a journey inside the merchant's door. Returns the attempt and the address of the provider's consent page.

    ``browser_key`` is a random value of the browser's session. Raises NeedsOperator where the integration is not set up.
    """
    integration = registry.get(slug)
    if integration.trouble:
        raise NeedsOperator(integration.trouble)
    _forget(GrantAttempt.objects.filter(renews=renews) if renews is not None else GrantAttempt.objects.none())
    state = secrets.token_urlsafe(32)
    attempt = GrantAttempt.objects.create(
        merchant=merchant,
        integration=slug,
        state_hash=_digest(state),
        browser_hash=_digest(browser_key),
        started_by=user,
        ends_at=timezone.now() + LIFE,
        cart=cart,
        warehouse=warehouse,
        renews=renews,
    )
    return attempt, oauth2.authorize_address(integration.granted(), state)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


# ---------------------------------------------------------------------------------------------------------------------- answer


def finish(slug: str, params: Mapping[str, str], browser_key: str, user: User | None) -> GrantAttempt:
    """What the provider's answer comes to: an attempt that is done, failed, or waits for the provider (exchanged).

    ``params`` are those of the callback's address. Outside every door. Raises Refused.
    """
    merchant_id, attempt_id = _belonging(slug, params.get("state", ""))
    with acting_for(merchant_id):
        attempt = _locked(attempt_id)
        refusal = _refusal(attempt, slug, browser_key, user)
        if refusal:
            tell([event(attempt, "grant_refused", _words(attempt, refusal), cause=refusal)])
            words = _words(attempt, refusal, before=attempt.words)
        else:
            _take(attempt, params)
    if refusal:
        raise Refused(refusal, words, attempt if refusal == "used_twice" else None)
    if attempt.state == State.FAILED:
        return attempt
    return _exchange(attempt, params["code"])


def declined(slug: str, params: Mapping[str, str], browser_key: str, user: User | None) -> GrantAttempt:
    """The provider's own "declined" address was called; its query may be empty, and then the browser tells which attempt."""
    if params.get("state"):
        return finish(slug, {"error": "access_denied", "state": params["state"]}, browser_key, user)
    with across_merchants("the grant attempt that a callback belongs to"):
        mine = GrantAttempt.objects.filter(browser_hash=_digest(browser_key), integration=slug, state=State.STARTED)
        attempt = mine.filter(Q(started_by=user) | Q(link__isnull=False)).order_by("-pk").first()
    if attempt is None:
        raise Refused("unknown_state", WORDS["unknown_state"].format(provider=_provider(slug)))
    with acting_for(attempt.merchant_id):
        attempt = _locked(attempt.pk)
        if attempt.state == State.STARTED:
            _fail(attempt, "declined")
    return attempt


def _belonging(slug: str, state: str) -> tuple[int, int]:
    with across_merchants("the grant attempt that a callback belongs to"):
        attempts = GrantAttempt.objects.filter(state_hash=_digest(state))
        found: tuple[int, int] | None = attempts.values_list("merchant_id", "pk").first()
    if found is None:
        log.warning("An answer to the callback of %s was refused: unknown state", slug)
        raise Refused("unknown_state", WORDS["unknown_state"].format(provider=_provider(slug)))
    return found


def _provider(slug: str) -> str:
    return registry.get(slug).name


def _locked(attempt_id: int) -> GrantAttempt:
    attempt: GrantAttempt = GrantAttempt.objects.select_for_update(no_key=True).get(pk=attempt_id)
    return attempt


def _refusal(attempt: GrantAttempt, slug: str, browser_key: str, user: User | None) -> str:
    """Why this answer is not this attempt's; empty when it is."""
    if attempt.integration != slug:
        return "other_integration"
    if not secrets.compare_digest(bytes(attempt.browser_hash), _digest(browser_key)):
        return "other_browser"
    if attempt.link_id is None and not _same_person(attempt, user):
        return "other_person"
    return "used_twice" if attempt.state != State.STARTED else ""


def _same_person(attempt: GrantAttempt, user: User | None) -> bool:
    """Who has left the merchant meanwhile, or lost the role, connects nothing. An owner behind a link is known by the browser."""
    if attempt.started_by_id != (user.pk if user is not None else None):
        return False
    return user is None or may(Member.objects.filter(user=user).first(), Role.MANAGER)


def _take(attempt: GrantAttempt, params: Mapping[str, str]) -> None:
    """Use the answer up, and see what it says."""
    error = params.get("error", "")
    ended = sharing.refusal(attempt.link) if attempt.link is not None else ""
    if timezone.now() > attempt.ends_at:
        _fail(attempt, "expired")
    elif attempt.link is not None and ended:
        _fail(attempt, "link_ended", before=sharing.words(attempt.link, ended))
    elif error:
        _fail(attempt, "declined" if error == "access_denied" else "provider_error", error=error[:80])
    elif not params.get("code"):
        _fail(attempt, "no_code")
    else:
        attempt.state = State.ANSWERED
        attempt.save(update_fields=["state"])


def _exchange(attempt: GrantAttempt, code: str) -> GrantAttempt:
    try:
        tokens = oauth2.exchange(registry.get(attempt.integration).granted(), code)
    except Outcome as outcome:
        with acting_for(attempt.merchant_id):
            _fail_by(attempt, outcome)
        return attempt
    with acting_for(attempt.merchant_id):
        credentials.keep(attempt, tokens)
        attempt.state = State.EXCHANGED
        attempt.save(update_fields=["sealed_tokens", "state"])
    return resume(attempt)


# --------------------------------------------------------------------------------------------------------------------- account


def resume(attempt: GrantAttempt) -> GrantAttempt:
    """Go on with tokens that are kept: ask whose account they open, and connect it. Outside every door.

    Where the provider is away the attempt stays exchanged, with words that say so, and can be resumed again.
    """
    tokens, found = _ask_whose(attempt)
    with acting_for(attempt.merchant_id):
        attempt = _locked(attempt.pk)
        if attempt.state != State.EXCHANGED:
            return attempt
        if tokens is not None and isinstance(found, Account):
            _settle(attempt, found, tokens)
        elif isinstance(found, RetryLater):
            attempt.words = f"{found.message} Your access is kept: press Go on to try again."
            attempt.ends_at = timezone.now() + KEPT
            attempt.save(update_fields=["words", "ends_at"])
        elif isinstance(found, Outcome):
            _fail_by(attempt, found)
        else:
            _fail(attempt, "unreadable")
    return attempt


def kept(attempts: QuerySet[GrantAttempt], link: SetupLink | None = None) -> GrantAttempt | None:
    """The newest of attempts, where its access is kept and can be gone on with. Inside the merchant's door.

    One that a later attempt has overtaken is none: at a provider that rotates, its tokens are worth nothing any more. What an
    owner began behind a link goes on behind that link, and what a member began goes on without one.
    """
    newest = attempts.filter(state__in=(State.EXCHANGED, State.ASKED, State.DONE)).order_by("-pk").first()
    if newest is None or newest.link != link:
        return None
    return newest if newest.state == State.EXCHANGED and newest.ends_at > timezone.now() else None


def _ask_whose(attempt: GrantAttempt) -> tuple[Tokens | None, Account | Exception]:
    """The kept tokens and the account that they open, or why it is not known."""
    integration = registry.get(attempt.integration)
    try:
        tokens = credentials.kept(attempt)
    except Unsealable as trouble:
        return None, trouble
    try:
        return tokens, integration.account_of(BareWire(tokens.access, integration.name))
    except Outcome as outcome:
        return tokens, outcome


def _settle(attempt: GrantAttempt, account: Account, tokens: Tokens, *, instead: bool = False) -> None:
    existing = Connection.objects.filter(
        integration=attempt.integration,
        environment=registry.get(attempt.integration).environment,
        account_id=account.external_id,
    ).first()
    try:
        with transaction.atomic():
            connection = existing or _made(attempt, account)
            _insist_on_the_account(attempt, connection, instead=instead)
            _join(attempt, connection)
            _renew(attempt, connection, account, tokens)
    except (WrongAccount, Claimed, LeftBehind) as why:
        if existing is not None and existing.state != Connection.State.DISCONNECTED:
            # The provider may have ended this account's older grant with the new one, which is then all that works.
            _renew(attempt, existing, account, tokens)
            attempt.connection, attempt.sealed_tokens = existing, None
        if isinstance(why, WrongAccount) and why.instead:
            _ask(attempt, account, why)
        else:
            attempt.connection = None
            _end(attempt, why.cause, why.words)
        return
    _done(attempt, connection)


def _done(attempt: GrantAttempt, connection: Connection) -> None:
    attempt.connection = connection
    attempt.state, attempt.sealed_tokens = State.DONE, None
    attempt.words = f"{connection.account_name} is connected."
    attempt.save(update_fields=["connection", "state", "sealed_tokens", "words"])


def _made(attempt: GrantAttempt, account: Account) -> Connection:
    """Of two windows that are answered at once for one new account, the second finds what the first made."""
    connection: Connection
    connection, _ = Connection.objects.get_or_create(
        merchant_id=attempt.merchant_id,
        integration=attempt.integration,
        environment=registry.get(attempt.integration).environment,
        account_id=account.external_id,
        defaults={"account_name": account.name, "authorised_at": timezone.now()},
    )
    return connection


def _insist_on_the_account(attempt: GrantAttempt, connection: Connection, *, instead: bool) -> None:
    wanted = attempt.renews
    if wanted is not None and wanted.pk != connection.pk:
        if not instead:
            raise WrongAccount(
                _provider(attempt.integration),
                connection.account_name,
                wanted.account_name,
                behind_link=attempt.link_id is not None,
                hindrance=replacing.hindrance(wanted, connection),
            )
        replacing.replace(wanted, connection, _who(attempt), tell_members=attempt.link is not None)
    if connection.carts.exists():
        claims.claim(connection)


def _join(attempt: GrantAttempt, connection: Connection) -> None:
    for holder in (attempt.cart, attempt.warehouse):
        if holder is not None:
            join(holder, connection)


def _renew(attempt: GrantAttempt, connection: Connection, account: Account, tokens: Tokens) -> None:
    """The new grant's tokens and facts are the connection's from now on."""
    credentials.store(connection, tokens)
    connection.account_name = account.name
    connection.authorised_by = account.user_id
    connection.authorised_at = timezone.now()
    connection.consent_ends_at = tokens.consent_ends_at
    connection.facts = {**connection.facts, **account.facts}
    connection.state = Connection.State.ACTIVE
    connection.save(update_fields=["account_name", "authorised_by", "authorised_at", "consent_ends_at", "facts", "state"])
    attention.mended(connection)
    who = _who(attempt)
    tell([event(connection, "connected", f"Access to {account.name} was granted.", actor=who)])
    audit.record(who, "connected", connection, after={"account": account.name, "consent_ends_at": tokens.consent_ends_at})
    engine.changed(connection)
    engine.account_read(connection)


def _who(attempt: GrantAttempt) -> str:
    return attempt.started_by.email if attempt.started_by else sharing.OWNER


# ------------------------------------------------------------------------------------------------------------- another account


def _ask(attempt: GrantAttempt, account: Account, why: WrongAccount) -> None:
    """Keep what came, until a person says whether it is meant."""
    attempt.state, attempt.failure, attempt.words = State.ASKED, why.cause, why.words
    attempt.account_name, attempt.ends_at = account.name, timezone.now() + QUESTION
    attempt.save(update_fields=["state", "failure", "words", "account_name", "ends_at", "connection", "sealed_tokens"])
    tell([event(attempt, "grant_asked", why.words, cause=why.cause)])


def asked(attempts: QuerySet[GrantAttempt]) -> QuerySet[GrantAttempt]:
    """Those among attempts that wait for a person to say whether the account which came is meant. Inside the merchant's door."""
    return attempts.filter(state=State.ASKED, ends_at__gt=timezone.now()).order_by("-pk")


def use_instead(attempt: GrantAttempt) -> GrantAttempt:
    """A person says that the other account is meant. Outside every door.

    The attempt is then done; it goes on asking while the provider is away, and fails where the account cannot take the place.
    """
    if attempt.sealed_tokens is None:
        with acting_for(attempt.merchant_id):
            attempt = _locked(attempt.pk)
            if attempt.state == State.ASKED and attempt.renews is not None and attempt.connection is not None:
                _use_what_is_here(attempt, attempt.renews, attempt.connection)
        return attempt
    tokens, found = _ask_whose(attempt)
    with acting_for(attempt.merchant_id):
        attempt = _locked(attempt.pk)
        if attempt.state != State.ASKED:
            return attempt
        if tokens is not None and isinstance(found, Account):
            _settle(attempt, found, tokens, instead=True)
        elif isinstance(found, RetryLater):
            attempt.words = f"{found.message} Nothing has changed yet: try again in a moment."
        elif isinstance(found, Outcome):
            _fail_by(attempt, found)
        else:
            _fail(attempt, "unreadable")
    return attempt


def _use_what_is_here(attempt: GrantAttempt, wanted: Connection, came: Connection) -> None:
    """The account that came is connected already, and has the new tokens."""
    try:
        with transaction.atomic():
            replacing.replace(wanted, came, _who(attempt), tell_members=attempt.link is not None)
    except (Claimed, LeftBehind) as why:
        _end(attempt, why.cause, why.words)
    else:
        _done(attempt, came)


def too_late(attempt: GrantAttempt) -> str:
    """What is said of an attempt whose time is over. Inside the merchant's door."""
    return _words(attempt, "expired")


def forget_unanswered() -> None:
    """What came and was not used within the hour is forgotten. Inside the merchant's door."""
    _forget(GrantAttempt.objects.filter(ends_at__lt=timezone.now()))


def _forget(attempts: QuerySet[GrantAttempt]) -> None:
    attempts.filter(state=State.ASKED).update(state=State.FAILED, sealed_tokens=None)


# --------------------------------------------------------------------------------------------------------------------- failing


def _fail_by(attempt: GrantAttempt, outcome: Outcome) -> None:
    causes = {RetryLater: "provider_away", NeedsMerchant: "not_accepted", NeedsOperator: "application"}
    cause = next((name for kind, name in causes.items() if isinstance(outcome, kind)), "refused")
    words = outcome.message
    if isinstance(outcome, RetryLater):
        words = f"{words} Nothing was connected. Press {_button(attempt)} to try again."
    _end(attempt, cause, words, detail=outcome.detail)


def _fail(attempt: GrantAttempt, cause: str, **names: str) -> None:
    _end(attempt, cause, _words(attempt, cause, **names))


def _end(attempt: GrantAttempt, cause: str, words: str, **data: str) -> None:
    attempt.state, attempt.failure, attempt.words, attempt.sealed_tokens = State.FAILED, cause, words, None
    attempt.save(update_fields=["state", "failure", "words", "sealed_tokens"])
    tell([event(attempt, "grant_failed", words, cause=cause, **data)])


def _words(attempt: GrantAttempt, cause: str, **names: str) -> str:
    given = {"provider": _provider(attempt.integration), "button": _button(attempt), "before": "", **names}
    return WORDS[cause].format_map(given).strip()


def _button(attempt: GrantAttempt) -> str:
    """What the button is called on the page that the attempt began on."""
    if attempt.link_id is not None:
        return "Grant Us API Access"
    if attempt.renews_id is not None:
        return "Reconnect"
    holder = attempt.cart or attempt.warehouse
    again = holder is not None and holder.connection_id is not None
    return "Grant access to another account" if again else "Grant Us API Access"
