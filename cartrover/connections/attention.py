"""When a connection needs its owner, and when it no longer does. Call inside the merchant's door."""

from __future__ import annotations

from cartrover.connections import engine
from cartrover.connections.models import Connection
from cartrover.events.telling import close_problems, event, open_problem, tell
from cartrover.mail import outbox
from integrations.outcomes import NeedsMerchant, NeedsOperator

RECONNECT = "reconnect"
APPLICATION = "application"


def needed(connection: Connection, outcome: NeedsMerchant) -> None:
    """Stop a connection until its owner consents again: its state, its streams, one Problem, one Event, one mail."""
    active = Connection.objects.filter(pk=connection.pk, state=Connection.State.ACTIVE)
    if not active.update(state=Connection.State.NEEDS_ATTENTION):
        return
    connection.state = Connection.State.NEEDS_ATTENTION
    problem = open_problem(RECONNECT, outcome.message, about=connection, detail=outcome.detail)
    outbox.notify("needs_attention", connection=connection.pk, problem=problem.pk)
    tell([event(connection, "needs_attention", outcome.message)])
    engine.changed(connection)


def operator_needed(connection: Connection, outcome: NeedsOperator) -> None:
    """Our own registration is refused. The connection stays as it is, since no merchant can mend it."""
    open_problem(APPLICATION, outcome.message, about=connection, detail=outcome.detail, whose="operator")


def mended(connection: Connection) -> None:
    """The provider accepts us again."""
    close_problems(kind__in=(RECONNECT, APPLICATION), about="connection", about_id=connection.pk)


def reason(connection: Connection) -> NeedsMerchant:
    """What to answer whoever wants to use a connection that is not active."""
    if connection.state == Connection.State.DISCONNECTED:
        words = f"{connection.account_name} was disconnected. Press Reconnect to use it again."
    else:
        words = f"We have no access to {connection.account_name}. Press Reconnect."
    return NeedsMerchant(words, fix=RECONNECT, scope="connection")
