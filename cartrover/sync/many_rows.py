"""Many rows in one statement.

A page of a first pull is 200 orders with ten rows each. ``bulk_create`` spends more time on making and taking apart model
instances than PostgreSQL does on storing them, and COPY does not work under row-level security: one JSON document of all rows
does. Values are what JSON knows, and Decimal, datetime and bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.db import connection as database

from cartrover.merchants.tenancy import Owned, current_merchant_id

Row = Mapping[str, Any]

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def insert(model: type[Owned], rows: Sequence[Row], *, returning: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    """Insert rows of the merchant whose door is open, but for those whose unique key is there already.

    Args:
        rows: values by column, the same columns in each. A column that is left out gets the model's default.
        returning: the columns to hand back of what was inserted, in no particular order.
    """
    if not rows:
        return []
    with database.cursor() as cursor:
        cursor.execute(_insertion(model, tuple(rows[0]), tuple(returning)), [current_merchant_id(), document(rows)])
        return cursor.fetchall() if returning else []


def update(model: type[Owned], rows: Sequence[Row]) -> None:
    """Change rows of the merchant whose door is open. Each has its ``id`` and the same columns."""
    if rows:
        with database.cursor() as cursor:
            cursor.execute(_change(model, tuple(rows[0])), [document(rows), current_merchant_id()])


def document(rows: Iterable[Any]) -> str:
    """Rows as JSON that PostgreSQL can store: it knows neither NUL nor half a surrogate pair."""
    text = json.dumps(list(rows), default=_as_text, ensure_ascii=False, check_circular=False)
    if "\\u0000" in text:
        text = _NUL.sub("\\1\ufffd", text)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode(errors="replace").decode()
    return text


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(f"no value of a row: {type(value).__name__}")


@lru_cache(maxsize=64)
def _insertion(model: type[Owned], columns: tuple[str, ...], returning: tuple[str, ...]) -> str:
    quote = database.ops.quote_name
    rest = {name: _literal(field) for name, field in _fields(model).items() if name not in ("id", "merchant_id", *columns)}
    names = ", ".join(map(quote, ["merchant_id", *columns, *rest]))
    values = ", ".join(["%s", *map(quote, columns), *rest.values()])
    back = f" RETURNING {', '.join(map(quote, returning))}" if returning else ""
    table = quote(model._meta.db_table)
    given = _given(model, columns)
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {given} ON CONFLICT DO NOTHING{back}"  # noqa: S608 (our own names)


@lru_cache(maxsize=64)
def _change(model: type[Owned], columns: tuple[str, ...]) -> str:
    quote = database.ops.quote_name
    table = quote(model._meta.db_table)
    changes = ", ".join(f"{quote(name)} = given.{quote(name)}" for name in columns if name != "id")
    return (
        f"UPDATE {table} SET {changes} FROM {_given(model, columns)}"  # noqa: S608 (our own names)
        f" WHERE {table}.id = given.id AND {table}.merchant_id = %s"
    )


def _given(model: type[Owned], columns: Sequence[str]) -> str:
    fields = _fields(model)
    types = ", ".join(f"{database.ops.quote_name(name)} {_type(fields[name])}" for name in columns)
    return f"json_to_recordset(%s) AS given ({types})"


def _fields(model: type[Owned]) -> dict[str, Any]:
    return {str(field.column): field for field in model._meta.local_concrete_fields if not field.generated}


def _type(field: Any) -> str:
    return str(field.rel_db_type(database) if field.is_relation or field.primary_key else field.db_type(database))


def _literal(field: Any) -> str:
    """The model's default as SQL."""
    default = field.get_default() if field.has_default() or not field.null else None
    if default is None:
        return "NULL"
    if isinstance(default, bool | int):
        return str(default)
    text = default if isinstance(default, str) else json.dumps(default)
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"
