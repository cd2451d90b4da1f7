"""Does it answer and know us, whose account is it, is everything allowed, do the locations exist, do the clocks agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cartrover.connections import attention
from cartrover.connections.checking.findings import FAIL, OK, WARN, Ear, Line, in_front
from cartrover.connections.checking.here import Here
from cartrover.connections.holders import side_of
from cartrover.connections.models import Connection
from integrations.contract import Account
from integrations.outcomes import NeedsMerchant, Outcome, RetryLater

CLOCKS_AGREE = 5.0  # seconds: what a Date header of whole seconds and a slow answer may come to


def access(here: Here) -> Iterator[Line]:
    """Does it answer and know us, whose account is it, is everything allowed, do the locations exist, do the clocks agree."""
    connection = here.connection
    if here.integration.trouble:
        yield Line("access", FAIL, here.integration.trouble)
        return
    if connection is None or here.ear is None:
        yield Line("access", FAIL, "We have no access yet.", fix="Press Grant Us API Access.")
        return
    if connection.state != Connection.State.ACTIVE:
        yield Line("authorised", FAIL, attention.reason(connection).message)
        return
    if here.integration.kept_here:
        yield Line("access", OK, "It is kept here: nothing has to be granted")
        return
    try:
        account = here.integration.account_of(here.wire)
    except Outcome as outcome:
        yield from _no_access(here, here.ear, outcome)
        return
    yield _answered(here, here.ear)
    yield _authorised(here, connection)
    yield _same_account(connection, account)
    yield from _rights(here, account)
    yield from _locations(here, account.facts)
    yield from _clock(here, here.ear)


def _no_access(here: Here, ear: Ear, outcome: Outcome) -> Iterator[Line]:
    answered = ear.last is not None and ear.last.status is not None and not in_front(ear.last)
    if answered and not isinstance(outcome, RetryLater):
        yield _answered(here, ear)
        yield here.told(outcome, "authorised")
    else:
        yield here.told(outcome, "reachable" if ear.heard else "authorised")


def _answered(here: Here, ear: Ear) -> Line:
    first = ear.heard[0]
    return Line("reachable", OK, f"{here.name} answers", f"{urlsplit(first.url).hostname}, {first.seconds * 1000:.0f} ms")


def _authorised(here: Here, connection: Connection) -> Line:
    ends_at = connection.consent_ends_at
    if ends_at is None:
        return Line("authorised", OK, "Our access is accepted")
    left = (ends_at - datetime.now(UTC)).days
    until = f"until {ends_at:%-d %B %Y}"
    if left <= 30:
        return Line("authorised", WARN, f"Our access ends in {left} days", until, "Grant access again to renew it.")
    return Line("authorised", OK, "Our access is accepted", until)


def _same_account(connection: Connection, account: Account) -> Line:
    if account.external_id == connection.account_id:
        return Line("account", OK, f"Access granted by {account.name}", f"account {account.external_id}")
    words = f"The access opens {account.name}, not {connection.account_name}."
    return Line("account", FAIL, words, fix=f"Grant access again, logged in as {connection.account_name}.")


def _rights(here: Here, account: Account) -> Iterator[Line]:
    lacks = list(account.lacks)
    for words, read in here.integration.rights:
        try:
            read(here.wire)
        except NeedsMerchant:
            lacks.append(words)
        except Outcome as outcome:
            yield here.told(outcome, "rights")
            return
    if lacks:
        words = f"The access does not cover: {', '.join(lacks)}."
        fix = f"Grant access again as a user who may do it, and allow everything that {here.name} asks about."
        yield Line("rights", FAIL, words, fix=fix)
    else:
        yield Line("rights", OK, "Everything that we need is allowed")


def _locations(here: Here, facts: Mapping[str, Any]) -> Iterator[Line]:
    if "locations" not in facts:
        return
    labels = {str(each["id"]): str(each["label"]) for each in facts["locations"]}
    for setting in side_of(here.holder).fields:
        if not setting.kind.startswith("location"):
            continue
        value = here.settings.get(setting.name)
        chosen = [str(each) for each in (value if isinstance(value, list | tuple) else [value]) if each not in (None, "")]
        for each in chosen:
            if each in labels:
                yield Line("location", OK, f"{setting.label}: {labels[each]}", f"location {each}")
            else:
                known = ", ".join(f"{label} ({one})" for one, label in labels.items())
                words = f"{setting.label}: {here.name} has no location {each}."
                yield Line("location", FAIL, words, f"It has {known}." if known else "", "Choose one that exists.")


def _clock(here: Here, ear: Ear) -> Iterator[Line]:
    """The provider's clock counts, so that a difference does no harm; a large one is told all the same."""
    told = next((each for each in reversed(ear.heard) if each.server_time is not None), None)
    if told is None or told.server_time is None:
        return
    ours = told.sent_at + timedelta(seconds=told.seconds)
    apart = (told.server_time + timedelta(seconds=0.5) - ours).total_seconds()  # a Date header leaves the fraction away
    if abs(apart) <= CLOCKS_AGREE:
        yield Line("clock", OK, "Clocks agree", f"{abs(apart):.1f} s apart")
        return
    which = "ahead of" if apart > 0 else "behind"
    words = f"{here.name}'s clock is {abs(apart):.0f} s {which} ours"
    yield Line("clock", WARN, words, f"We go by {here.name}'s, so no order is lost by it.")
