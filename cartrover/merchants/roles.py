"""What each role may do: every role may do what the ones before it may."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from cartrover.merchants.models import Member, Role

R = TypeVar("R", bound=HttpResponseBase)
RANKS = (Role.VIEWER, Role.STAFF, Role.MANAGER, Role.OWNER)


def may(member: Member | None, role: str) -> bool:
    """Whether a member's role is ``role`` or above it."""
    return member is not None and RANKS.index(Role(member.role)) >= RANKS.index(Role(role))


def at_least(role: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """A view for members of that role or above; others get a 403 that says who can help."""

    def mark(view: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(view)
        def checked(request: HttpRequest, *args: object, **kwargs: object) -> R:
            if not may(getattr(request, "member", None), role):
                raise PermissionDenied(f"This needs the role {Role(role).label.lower()} or above. An owner can give it to you.")
            return view(request, *args, **kwargs)

        checked.needs = Role(role)  # type: ignore[attr-defined]
        return checked

    return mark
