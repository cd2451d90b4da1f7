"""The only reader of secrets: what a grant gave is sealed here, and a valid access token is handed out here.

A token is minted under a lock on its credential's row, and committed before anybody may use it, so that twenty workers who find
it expired mint one. Where the provider rotates refresh tokens the new one is in the same commit: losing it is losing the account.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import OperationalError
from django.db import connection as database
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from cartrover.connections import attention
from cartrover.connections.models import Connection, Credential, GrantAttempt
from cartrover.connections.sealing import Place, Unsealable, seal, unseal
from cartrover.merchants.tenancy import acting_for, current_scope
from integrations import oauth2, registry
from integrations.contract import Integration
from integrations.oauth2 import Tokens
from integrations.outcomes import NeedsMerchant, NeedsOperator, Outcome, RetryLater

LONGEST_MARGIN = timedelta(minutes=5)
MARGIN = 0.1  # of the token's life, where that is less
LOCK_PATIENCE = f"{int(oauth2.TOKEN_DEADLINE) + 2}s"  # whoever holds the lock is done by then


def access_token(connection_id: int, merchant_id: int, *, instead_of: str = "") -> str:
    """A valid access token of the connection; ``instead_of`` is one that the provider has just refused.

    Opens its own door. Raises NeedsMerchant(fix="reconnect", scope="connection") without a call where the connection is not
    active, and after one when the grant turns out to have ended; RetryLater; NeedsOperator.
    """
    if current_scope() is not None:
        raise RuntimeError("Ask for a token outside every door: what is minted must be committed before it is used.")
    with acting_for(merchant_id):
        integration = _insist_on_access(Connection.objects.get(pk=connection_id))
        credential = Credential.objects.filter(connection_id=connection_id).first()
        token = _still_good(credential, instead_of) if credential else ""
    if token:
        return token
    with _patiently(integration), acting_for(merchant_id):
        minted = _minted(connection_id, integration, instead_of)
    if isinstance(minted, Outcome):
        raise minted
    return minted


def store(connection: Connection, tokens: Tokens) -> None:
    """Put what a new grant gave onto a connection, in place of what was there. Inside the merchant's door."""
    credential = (
        Credential.objects.select_for_update(no_key=True).filter(connection=connection).first()
        or Credential(connection=connection, merchant_id=connection.merchant_id, version=0)
    )  # fmt: skip
    credential.sealed_refresh = None
    _put(credential, tokens)


def wipe(connection: Connection) -> None:
    """Forget a connection's tokens. Inside the merchant's door."""
    Credential.objects.filter(connection=connection).delete()


# ------------------------------------------------------------------------------------------------------------- a grant's tokens


def keep(attempt: GrantAttempt, tokens: Tokens) -> None:
    """Seal what was exchanged into the attempt (unsaved), until it is known whose account it opens."""
    ends = tokens.consent_ends_at
    document = {
        "access": tokens.access,
        "expires_at": tokens.expires_at.isoformat(),
        "refresh": tokens.refresh,
        "consent_ends_at": ends.isoformat() if ends else None,
        "scope": tokens.scope,
    }
    attempt.sealed_tokens = seal(json.dumps(document), _place(attempt))


def kept(attempt: GrantAttempt) -> Tokens:
    """What ``keep`` sealed. Raises Unsealable."""
    document = json.loads(unseal(attempt.sealed_tokens or b"", _place(attempt)))
    ends = document["consent_ends_at"]
    return Tokens(
        access=document["access"],
        expires_at=datetime.fromisoformat(document["expires_at"]),
        refresh=document["refresh"],
        consent_ends_at=datetime.fromisoformat(ends) if ends else None,
        scope=document["scope"],
    )


def _place(attempt: GrantAttempt) -> Place:
    return Place(attempt.merchant_id, "attempt", attempt.pk, "tokens")


# --------------------------------------------------------------------------------------------------------------------- minting


def _insist_on_access(connection: Connection) -> Integration:
    if connection.state != Connection.State.ACTIVE:
        raise attention.reason(connection)
    integration = registry.get(connection.integration)
    if integration.environment != connection.environment:
        raise NeedsOperator(
            f"{connection.account_name} belongs to {integration.name}'s {connection.environment} environment, "
            f"and this installation now uses {integration.environment}."
        )
    return integration


def _still_good(credential: Credential, instead_of: str) -> str:
    """The stored access token; empty when another has to be minted."""
    life = credential.expires_at - credential.minted_at
    if timezone.now() >= credential.expires_at - min(LONGEST_MARGIN, life * MARGIN):
        return ""
    try:
        token = unseal(credential.sealed_access, _column(credential, "access"))
    except Unsealable:
        return ""
    return "" if token == instead_of else token


def _minted(connection_id: int, integration: Integration, instead_of: str) -> str | Outcome:
    """A token, or why there is none. What was found out commits either way, so nothing is raised here."""
    with database.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_PATIENCE])
    credential = Credential.objects.select_for_update(no_key=True).filter(connection_id=connection_id).first()
    connection = Connection.objects.get(pk=connection_id)  # as it is now, after the wait for the lock
    if credential is None or connection.state != Connection.State.ACTIVE:
        return attention.reason(connection)
    token = _still_good(credential, instead_of)
    return token or _asked(credential, connection, integration, refused=bool(instead_of))


def _asked(credential: Credential, connection: Connection, integration: Integration, *, refused: bool) -> str | Outcome:
    if refused:
        credential.last_refused_at = timezone.now()
    try:
        tokens = oauth2.refresh(integration.granted(), _refresh_token(credential, integration))
    except NeedsMerchant as outcome:
        credential.last_refused_at = timezone.now()
        credential.save()
        attention.needed(connection, outcome)
        return outcome
    except NeedsOperator as outcome:
        attention.operator_needed(connection, outcome)
        return outcome
    except Outcome as outcome:
        return outcome
    _put(credential, tokens)
    if tokens.consent_ends_at is not None:
        Connection.objects.filter(pk=connection.pk).update(consent_ends_at=tokens.consent_ends_at)
    attention.mended(connection)
    return tokens.access


def _refresh_token(credential: Credential, integration: Integration) -> str:
    ended = f"Our access to {integration.name} has ended. Press Reconnect."
    if credential.sealed_refresh is None:
        raise NeedsMerchant(ended, fix=attention.RECONNECT, scope="connection", detail="no refresh token is stored")
    try:
        return unseal(credential.sealed_refresh, _column(credential, "refresh"))
    except Unsealable as trouble:
        raise NeedsMerchant(ended, fix=attention.RECONNECT, scope="connection", detail=str(trouble)) from None


def _put(credential: Credential, tokens: Tokens) -> None:
    """A provider that does not rotate its refresh token sends none when refreshed: the stored one stays."""
    credential.sealed_access = seal(tokens.access, _column(credential, "access"))
    if tokens.refresh is not None:
        credential.sealed_refresh = seal(tokens.refresh, _column(credential, "refresh"))
    credential.minted_at = timezone.now()
    credential.expires_at = tokens.expires_at
    credential.version += 1
    credential.save()


def _column(credential: Credential, column: str) -> Place:
    return Place(credential.merchant_id, "connection", credential.connection_id, column)


@contextmanager
def _patiently(integration: Integration) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            waits = f"Waiting for {integration.name}, which is being asked for access."
            raise RetryLater(waits, detail="the credential's lock was not free in time") from None
        raise
