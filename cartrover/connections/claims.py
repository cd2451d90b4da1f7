"""Whose carts pull an outside account: at most one merchant's, over all merchants.

Two merchants may deliver into one 3PL's account, so a warehouse claims nothing. The table holds a keyed hash of the account,
so that whoever asks learns yes or no and never whose it is.
"""

from __future__ import annotations

from django.utils.crypto import salted_hmac

from cartrover.connections.models import AccountClaim, Connection


class Claimed(Exception):
    """Another merchant's carts pull this account."""

    cause = "claimed"

    def __init__(self, connection: Connection) -> None:
        self.words = (
            f"The orders of {connection.account_name} are already connected elsewhere. Disconnect it there, or ask support."
        )
        super().__init__(self.words)


def claim(connection: Connection) -> None:
    """Take the account for this connection's carts. Raises Claimed; does nothing where they have it."""
    taken = AccountClaim(account_hash=_hash(connection), connection_id=connection.pk)
    AccountClaim.objects.bulk_create([taken], ignore_conflicts=True)
    if claimed_by_other(connection):
        raise Claimed(connection)


def claimed_by_other(connection: Connection) -> bool:
    return AccountClaim.objects.filter(account_hash=_hash(connection)).exclude(connection_id=connection.pk).exists()


def release(connection: Connection) -> None:
    """Give the account free. Does nothing where it was not this connection's."""
    AccountClaim.objects.filter(account_hash=_hash(connection), connection_id=connection.pk).delete()


def _hash(connection: Connection) -> bytes:
    account = "\n".join((connection.integration, connection.environment, connection.account_id))
    return salted_hmac("cartrover.connections.claims", account, algorithm="sha256").digest()
