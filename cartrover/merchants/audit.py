"""Who changed what, from what, to what. Call inside a door; what is about buyers goes in by its id, never by value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone

from cartrover.merchants.models import Change, Merchant

Actor = HttpRequest | str | None
Values = Mapping[str, Any]


def record(actor: Actor, what: str, row: Model, before: Values | None = None, after: Values | None = None) -> None:
    """One line: ``actor`` did ``what`` to ``row``. Of the values only those are kept that differ.

    ``actor`` is the request of who did it, or their name; None for whoever's request is being answered.
    """
    record_all(actor, what, [row], before, after)


def record_all(actor: Actor, what: str, rows: Iterable[Model], before: Values | None = None, after: Values | None = None) -> None:
    """The same line about each of several rows."""
    request = actor if isinstance(actor, HttpRequest) else context.request
    who = actor if isinstance(actor, str) else _name(request)
    old, new = flat(before or {}), flat(after or {})
    differ = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    Change.objects.bulk_create(
        Change(
            merchant_id=row.pk if isinstance(row, Merchant) else row.merchant_id,  # type: ignore[attr-defined]
            at=timezone.now(),
            actor=who,
            ip=address_of(request),
            what=what,
            about=row._meta.model_name or "",
            about_id=row.pk,
            name=str(row)[:200],
            before={name: old[name] for name in differ if name in old},
            after={name: new[name] for name in differ if name in new},
        )
        for row in rows
    )


@contextlib.contextmanager
def watched(actor: Actor, what: str, row: Model, *names: str) -> Iterator[None]:
    """Record what a block changes of the named fields of a row; nothing where it changes none of them."""
    before = _values(row, names)
    yield
    after = _values(row, names)
    if before != after:
        record(actor, what, row, before, after)


def _values(row: Model, names: Iterable[str]) -> dict[str, Any]:
    return flat({name: getattr(row, name) for name in names})


def flat(values: Values, prefix: str = "") -> dict[str, Any]:
    """Values as JSON keeps them, with a mapping's own values named ``settings.location_id``."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def has_merchant(row: Model) -> bool:
    return isinstance(row, Merchant) or getattr(row, "merchant_id", None) is not None


def _name(request: HttpRequest | None) -> str:
    if request is None:
        return "CartRover"
    return request.user.get_username() if request.user.is_authenticated else "somebody with a link"


def address_of(request: HttpRequest | None) -> str | None:
    """Where a request comes from, as the proxies in front of us say; None where there is none or they do not say."""
    if request is None:
        return None
    try:
        address: str | None = get_adapter().get_client_ip(request)
    except PermissionDenied:
        return None
    return address
