"""What a mail speaks of, found by its ids, and the portal's addresses of it. Inside the merchant's door."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from cartrover.connections.models import Cart, Connection, Warehouse
from cartrover.mail.message import Unwanted
from cartrover.mail.models import OutboxMail


def holder_of(mail: OutboxMail) -> Cart | Warehouse:
    """The cart or the warehouse of ``ids``. Raises Unwanted when it is gone."""
    kind, model = ("cart", Cart) if "cart" in mail.ids else ("warehouse", Warehouse)
    found: Cart | Warehouse | None = model.objects.filter(pk=mail.ids[kind]).first()
    if found is None:
        raise Unwanted("What it was about has been deleted.")
    return found


def connection_of(mail: OutboxMail) -> Connection:
    connection: Connection = Connection.objects.get(pk=mail.ids["connection"])
    return connection


def link_life() -> str:
    """How long a link in a mail works: "7 days"."""
    days: int = settings.SETUP_LINK_DAYS
    return f"{days} day{'' if days == 1 else 's'}"


def address(name: str, *parts: str) -> str:
    """The whole address of a page."""
    return f"{settings.PORTAL_URL}{reverse(name, args=parts)}"
