"""What we remember of an account (its locations, its currencies), asked for again when a person has changed it there."""

from __future__ import annotations

from cartrover.connections import engine
from cartrover.connections.models import Connection
from cartrover.events.telling import event, tell
from cartrover.merchants.tenancy import acting_for
from integrations import registry


def ask_again(connection: Connection, *, actor: str) -> None:
    """Read the account and keep what it says. Outside every door; raises an Outcome."""
    account = registry.get(connection.integration).account_of(engine.wire(connection))
    with acting_for(connection.merchant_id):
        row = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
        row.facts = {**row.facts, **account.facts}
        row.save(update_fields=["facts"])
        tell([event(row, "asked_again", f"{row.account_name} was read again.", actor=actor)])
        engine.changed(row)
        engine.account_read(row)
