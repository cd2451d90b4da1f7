"""What the shell round every page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from cartrover.embedded import people
from cartrover.events.models import Problem
from cartrover.merchants import looking
from cartrover.merchants.looking import Look
from cartrover.merchants.middleware import memberships
from cartrover.merchants.models import Member, Merchant, Role
from cartrover.merchants.roles import may
from cartrover.merchants.tenancy import acting_for
from cartrover.packing.desks import desks

PAGES = (
    ("dashboard", "Dashboard", "dashboard"),
    ("orders", "Orders", "orders"),
    ("packing", "Packing", "package"),
    ("problems", "Problems", "problems"),
    ("carts", "Carts", "cart"),
    ("warehouses", "Warehouses", "warehouse"),
    ("skus", "SKUs", "list"),
    ("stock", "Stock", "stock"),
    ("shipping", "Shipping methods", "arrow"),
    ("rules", "Rules", "pause"),
    ("connections", "Connections", "connection"),
    ("team", "Team", "team"),
    ("audit", "Audit", "list"),
    ("merchant_settings", "Settings", "settings"),
)
FROM_ROLE = {"audit": Role.MANAGER}  # pages that not everybody may open


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation. ``count`` is what waits there for a person."""

    words: str
    icon: str
    url: str
    here: bool
    count: int = 0


def portal(request: HttpRequest) -> dict[str, Any]:
    """What every page's shell needs. Lazy: a fragment or an error page asks the database for none of it."""
    merchant = getattr(request, "merchant", None)
    member = getattr(request, "member", None)
    user = getattr(request, "user", None)
    return {
        "merchant": merchant,
        "member": member,
        "memberships": SimpleLazyObject(lambda: memberships(user.pk) if user is not None and user.is_authenticated else []),
        "navigation": SimpleLazyObject(lambda: _navigation(request.path, merchant, member) if merchant else []),
        "look": SimpleLazyObject(lambda: _look(request, merchant)),
        "demo": people if settings.DEMO else None,
        "support_email": settings.SUPPORT_EMAIL,
        "support_url": settings.SUPPORT_URL,
    }


def _look(request: HttpRequest, merchant: Merchant | None) -> Look | None:
    """The look of an operator that a page has to name: on pages of that merchant, and of none."""
    look: Look | None = getattr(request, "look", None)
    return look or (looking.current(request) if merchant is None and hasattr(request, "user") else None)


def _navigation(path: str, merchant: Merchant, member: Member | None) -> list[Entry]:
    with acting_for(merchant):
        packs, waiting = desks().exists(), _open_problems()
    home = reverse("dashboard", args=[merchant.public_id])
    entries = []
    for name, words, icon in PAGES:
        if name in FROM_ROLE and not may(member, FROM_ROLE[name]):
            continue
        if name == "packing" and not packs:  # the merchant's own staff are no warehouse
            continue
        url = reverse(name, args=[merchant.public_id])
        here = path == url if url == home else path.startswith(url)
        entries.append(Entry(words, icon, url, here, waiting if name == "problems" else 0))
    return entries


def _open_problems() -> int:
    return Problem.objects.filter(closed_at__isnull=True, whose=Problem.Whose.MERCHANT).count()
