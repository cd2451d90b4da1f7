"""The two doors to merchants' rows.

``acting_for(merchant)`` opens one merchant's rows; ``across_merchants(reason)`` opens all of them, and a test lists its callers.
PostgreSQL holds the wall: every table with a merchant has forced row-level security. Outside a door no row is visible, and a
statement that names such a table raises :class:`OutsideDoor`, because silence would look like "no orders".
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction

WIDE_ROLE = "cartrover_wide"


class OutsideDoor(RuntimeError):
    """A statement reached for merchants' rows without saying whose."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows are open: one merchant's, or everybody's with the reason."""

    merchant_id: int | None
    reason: str = ""


_scope: ContextVar[Scope | None] = ContextVar("cartrover_scope", default=None)


def current_scope() -> Scope | None:
    return _scope.get()


def current_merchant_id() -> int:
    """The merchant whose door is open."""
    scope = _scope.get()
    if scope is None or scope.merchant_id is None:
        raise OutsideDoor("No merchant's door is open here.")
    return scope.merchant_id


@contextlib.contextmanager
def acting_for(merchant: models.Model | int) -> Iterator[None]:
    """Open one merchant's rows for a transaction. Nests; leaving restores what was open before."""
    merchant_id = merchant if isinstance(merchant, int) else int(merchant.pk)
    with _opened(Scope(merchant_id)):
        yield


@contextlib.contextmanager
def across_merchants(reason: str) -> Iterator[None]:
    """Open every merchant's rows for a transaction. ``reason`` is for whoever reads the list of callers."""
    with _opened(Scope(None, reason)):
        yield


@contextlib.contextmanager
def _opened(scope: Scope) -> Iterator[None]:
    before = _scope.get()
    token = _scope.set(scope)
    try:
        with transaction.atomic():
            _tell_database(scope)
            yield
    finally:
        _scope.reset(token)
        # Leaving a savepoint keeps what SET LOCAL said in it, so the outer scope has to be said again.
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.in_atomic_block and not connection.needs_rollback:
            _tell_database(before)


def _tell_database(scope: Scope | None) -> None:
    role = WIDE_ROLE if scope is not None and scope.merchant_id is None else "none"
    merchant = str(scope.merchant_id) if scope is not None and scope.merchant_id is not None else ""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute("SELECT set_config('role', %s, true), set_config('cartrover.merchant', %s, true)", [role, merchant])


# ------------------------------------------------------------------------------------------------------------------------ guard


@lru_cache(maxsize=1)
def _guarded() -> re.Pattern[str]:
    names = sorted(model._meta.db_table for model in tenant_models())
    return re.compile('"(' + "|".join(map(re.escape, names)) + ')"')


def tenant_models() -> list[type[models.Model]]:
    """Every model whose rows belong to a merchant, and Merchant itself."""
    owned = [model for model in apps.get_models() if issubclass(model, Owned)]
    return [apps.get_model("merchants", "Merchant"), *owned]


def guard(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """An execute wrapper of the application's connection."""
    if _scope.get() is None and isinstance(sql, str):
        found = _guarded().search(sql)
        if found is not None:
            raise OutsideDoor(f"A statement on {found.group(1)} outside acting_for() and across_merchants().")
    return execute(sql, params, many, context)


# ----------------------------------------------------------------------------------------------------------------------- models


class OwnedManager(models.Manager[Any]):
    """A second wall in front of row-level security: queries name the merchant as well."""

    def get_queryset(self) -> models.QuerySet[Any]:
        rows = super().get_queryset()
        scope = _scope.get()
        if scope is not None and scope.merchant_id is not None:
            return rows.filter(merchant_id=scope.merchant_id)
        return rows


class Owned(models.Model):
    """A row that belongs to a merchant. Foreign keys between such rows include the merchant in the database."""

    merchant = models.ForeignKey("merchants.Merchant", on_delete=models.PROTECT, editable=False, related_name="+")

    objects = OwnedManager()

    class Meta:
        abstract = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """A new row belongs to the merchant whose door is open. A row that is read comes with ``args``."""
        if not args and not {"merchant", "merchant_id"} & kwargs.keys():
            kwargs["merchant_id"] = current_merchant_id()
        super().__init__(*args, **kwargs)
