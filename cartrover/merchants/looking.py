"""An operator looks at a merchant's portal as a viewer of it: for a reason, for a while, and in the merchant's own audit.

The look lives in the operator's session, so logging out ends it. What an operator needs for it is asked at every request, and the
middleware lets through nothing but reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest
from django.utils import timezone

from cartrover.merchants import audit
from cartrover.merchants.models import Member, Merchant, Role, User
from cartrover.merchants.tenancy import across_merchants, acting_for

LASTS = timedelta(minutes=30)
PERMISSION = "merchants.look_at_merchant"
KEY = "look"


@dataclass(frozen=True, slots=True)
class Look:
    """Which merchant an operator looks at, and until when."""

    merchant: Merchant
    until: datetime

    @property
    def over(self) -> bool:
        return timezone.now() > self.until


def may_look(user: Any) -> bool:
    """Whether a person is an operator who may look at merchants' portals now."""
    operator = isinstance(user, User) and user.is_active and user.is_staff and user.has_perm(PERMISSION)
    return operator and bool(is_mfa_enabled(user))


def begin(request: HttpRequest, merchant: Merchant, reason: str) -> Look:
    """Look at a merchant's portal from now on; another look ends."""
    end(request)
    look = Look(merchant, timezone.now() + LASTS)
    request.session[KEY] = {"merchant": merchant.pk, "until": look.until.isoformat()}
    with acting_for(merchant):
        after = {"looks on as": Role.VIEWER.label.lower(), "until": look.until, "reason": reason}
        audit.record(request, "began to view as the merchant", merchant, {"looks on as": None}, after)
    return look


def end(request: HttpRequest) -> Look | None:
    """Stop looking. Returns the look that there was; one that was over by itself had ended in its time."""
    look = _kept(request)
    if look is None:
        return None
    del request.session[KEY]
    if not look.over:
        with acting_for(look.merchant):
            before = {"looks on as": Role.VIEWER.label.lower()}
            audit.record(request, "stopped viewing as the merchant", look.merchant, before, {"looks on as": None})
    return look


def current(request: HttpRequest) -> Look | None:
    """The look that is on; None where there is none, it is over, or this person may look no more."""
    look = _kept(request)
    return look if look is not None and not look.over and may_look(request.user) else None


def ended_by_itself(request: HttpRequest, public_id: str) -> Look | None:
    """A look at this merchant whose time is over, told once."""
    look = _kept(request)
    if look is None or not look.over or look.merchant.public_id != public_id:
        return None
    return end(request)


def viewer(look: Look, user: User) -> Member:
    """The operator as a viewer of the merchant. No row: nobody changes it, no list shows it, and nothing belongs to id 0."""
    return Member(pk=0, merchant=look.merchant, user=user, role=Role.VIEWER)


def _kept(request: HttpRequest) -> Look | None:
    kept = request.session.get(KEY) if hasattr(request, "session") else None
    if kept is None:
        return None
    with across_merchants("the merchant that an operator looks at"):
        merchant = Merchant.objects.get(pk=kept["merchant"])
    return Look(merchant, datetime.fromisoformat(kept["until"]))


def listen() -> None:
    user_logged_out.connect(_logged_out, dispatch_uid="looks")


def _logged_out(sender: Any, request: HttpRequest, **more: Any) -> None:
    end(request)
