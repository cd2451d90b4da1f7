"""Another account than the expected one came, and a person says that it is meant: what stands on the old one goes over.

Nothing of the old account is deleted. Its orders keep their connection, so tracking for them still goes where they were bought.
Call inside the merchant's door.
"""

from __future__ import annotations

from collections.abc import Iterable

from cartrover.connections import claims, holders
from cartrover.connections.holders import Holder
from cartrover.connections.models import Connection
from cartrover.events.telling import event, tell
from cartrover.mail import outbox
from cartrover.merchants import audit
from cartrover.orders.under_way import left_by_its_carts, under_way

MAIL = "account_replaced"


class WrongAccount(Exception):
    """A reconnect that came back with another account. ``instead`` says whether that one may take its place."""

    cause = "wrong_account"

    def __init__(self, provider: str, account: str, wanted: str, *, behind_link: bool, hindrance: str = "") -> None:
        self.instead = not hindrance
        if behind_link:
            again = f"Press Grant Us API Access again and log in as {wanted}."
        else:
            again = f"Press Reconnect and log in as {wanted}; or connect {account} with a cart or warehouse of its own."
        self.words = (
            f"You logged in to {provider} as {account}, but this connection is for {wanted}. Nothing has changed. {again}"
        )
        if hindrance:
            self.words = f"{self.words} {hindrance}"
        super().__init__(self.words)


def hindrance(wanted: Connection, came: Connection) -> str:
    """Why another account cannot take a connection's place; empty where it can. ``came`` need not be saved."""
    if wanted.carts.exists() and claims.claimed_by_other(came):
        return claims.Claimed(came).words
    for warehouse in wanted.warehouses.all():
        reason = holders.left_behind(warehouse)
        if reason:
            return reason
    return ""


def consequences(wanted: Connection, account: str) -> list[str]:
    """What using another account instead comes to, in sentences for a member."""
    return [
        *(f"{each.name} becomes a draft on {account}. {_stops(each)}" for each in _standing_on(wanted)),
        f"The orders that are here stay, with all that happened to them.{_unsettled(wanted)}",
        f"{wanted.account_name} stays in the list of connections, so that you can go back to it.",
    ]


def consequences_for_the_owner(wanted: Connection, account: str, merchant: str) -> list[str]:
    """The same for the account's owner, who is told nothing else of the merchant."""
    return [
        f"{merchant} works with {account} instead of {wanted.account_name}, and is told so by mail.",
        f"It stops until {merchant} has tested it with {account} and started it again.",
        f"Orders of {wanted.account_name} that {merchant} has already stay with {wanted.account_name}.",
    ]


def _stops(holder: Holder) -> str:
    if holder._meta.model_name == "cart":
        return "None of its orders are downloaded until you have tested it and taken it live again."
    return "No orders are delivered to it until you have tested it and taken it live again."


def _unsettled(wanted: Connection) -> str:
    count = under_way(wanted).count()
    if not count:
        return ""
    which = "1 of them is" if count == 1 else f"{count:,} of them are"
    return f" {which} still under way: tracking goes to {wanted.account_name} for as long as we have access to it."


def _standing_on(connection: Connection) -> list[Holder]:
    return [*connection.warehouses.order_by("name", "pk"), *connection.carts.order_by("name", "pk")]


def replace(wanted: Connection, by: Connection, actor: str, *, tell_members: bool) -> None:
    """Let all that stands on one connection stand on another. Raises Claimed and LeftBehind.

    A connection that nobody needs any more and that has no access is put to rest, so that nobody is asked to reconnect it.
    """
    moved = _standing_on(wanted)
    for holder in moved:
        holders.join(holder, by)
    names = {"account": wanted.account_name}, {"account": by.account_name}
    audit.record(actor, "used another account instead", wanted, *names)
    words = f"{by.account_name} takes the place of {wanted.account_name}: {_listed(moved)}."
    tell([event(each, "replaced", words, actor=actor) for each in (wanted, by)])
    if wanted.state == Connection.State.NEEDS_ATTENTION and not left_by_its_carts(wanted):
        holders.disconnect(wanted, actor=actor)
    if tell_members:
        outbox.notify(MAIL, connection=by.pk, before=wanted.pk, side="member")


def _listed(rows: Iterable[Holder]) -> str:
    names = [each.name for each in rows]
    return f"{' and '.join(names)} begin{'s' if len(names) == 1 else ''} anew as draft" if names else "nothing stood on it"
