"""What the database itself holds between merchants: policies, composite keys, grants. Run after every migration, by its owner.

Idempotent: it compares with the catalogue and adds what is missing, so that a new model cannot be forgotten in a migration.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from cartrover.merchants.tenancy import WIDE_ROLE, Owned, tenant_models

APPLICATION_ROLE = "cartrover_app"
CURRENT = "(SELECT nullif(current_setting('cartrover.merchant', true), '')::bigint)"


def raise_walls(connection: BaseDatabaseWrapper) -> None:
    """Protect every tenant table, then grant the application what it needs and no more."""
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        guarded = [model for model in tenant_models() if model._meta.db_table in present]
        for model in guarded:
            _protect(cursor, model)
        for model in guarded:
            _bind(cursor, model)
        _grant(cursor, present)


def _protect(cursor: Any, model: type[models.Model]) -> None:
    table = model._meta.db_table
    column = "merchant_id" if issubclass(model, Owned) else "id"
    cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    cursor.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    mine = f"{column} = {CURRENT}"
    for name, role, rule in (
        ("of_the_merchant", "PUBLIC", mine),
        ("across_merchants", WIDE_ROLE, "true"),
        ("by_the_owner", "CURRENT_USER", "true"),
    ):
        cursor.execute("SELECT 1 FROM pg_policies WHERE tablename = %s AND policyname = %s", [table, name])
        if cursor.fetchone() is None:
            cursor.execute(f'CREATE POLICY {name} ON "{table}" TO {role} USING ({rule}) WITH CHECK ({rule})')
    if issubclass(model, Owned):
        _constraint(cursor, table, f"{table}_merchant_key", "UNIQUE (merchant_id, id)")


def _bind(cursor: Any, model: type[models.Model]) -> None:
    """A plain foreign key accepts another merchant's row; one that includes the merchant does not."""
    if not issubclass(model, Owned):
        return
    table = model._meta.db_table
    for field in model._meta.local_concrete_fields:
        target = field.remote_field.model if isinstance(field, models.ForeignKey) else None
        if target is not None and issubclass(target, Owned):
            _constraint(
                cursor,
                table,
                f"{table}_{field.column}_same_merchant",
                f'FOREIGN KEY (merchant_id, "{field.column}") REFERENCES "{target._meta.db_table}" (merchant_id, id) '
                "DEFERRABLE INITIALLY DEFERRED",
            )
            _drop_plain_key(cursor, table, str(field.column))


def _drop_plain_key(cursor: Any, table: str, column: str) -> None:
    """Django's own foreign key says nothing that the one with the merchant does not, and each costs a look on every insert."""
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f' AND cardinality(conkey) = 1"
        " AND conkey[1] = (SELECT attnum FROM pg_attribute WHERE attrelid = conrelid AND attname = %s)",
        [f'"{table}"', column],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')


def _constraint(cursor: Any, table: str, name: str, definition: str) -> None:
    name = name[:63]
    cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [name, f'"{table}"'])
    if cursor.fetchone() is None:
        cursor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}')


def _grant(cursor: Any, present: set[str]) -> None:
    roles = f"{APPLICATION_ROLE}, {WIDE_ROLE}"
    cursor.execute(f"GRANT USAGE ON SCHEMA public TO {roles}")
    cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {roles}")
    # createcachetable makes its table after the migrations.
    cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {roles}")
    cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {roles}")
    for model in apps.get_models():
        if getattr(model, "append_only", False) and model._meta.db_table in present:
            cursor.execute(f'REVOKE UPDATE, DELETE ON "{model._meta.db_table}" FROM {roles}')
