from typing import Any

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class MerchantsConfig(AppConfig):
    name = "cartrover.merchants"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        connection_created.connect(_on_connection, dispatch_uid="tenancy guard")
        post_migrate.connect(_on_migrated, sender=self, dispatch_uid="tenancy walls")
        from cartrover.merchants import looking, sign_ins  # models can be imported from now on

        sign_ins.listen()
        looking.listen()


def _on_connection(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """The application's connection is guarded, and refused when its login could see past the wall."""
    from cartrover.merchants.tenancy import guard

    if connection.alias != DEFAULT_DB_ALIAS or connection.vendor != "postgresql":
        return
    if guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolsuper, rolbypassrls,"
            " EXISTS (SELECT FROM pg_class WHERE relowner = pg_roles.oid AND relkind = 'r')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        name, superuser, bypasses, owns = cursor.fetchone()
    if superuser or bypasses or owns:
        why = "is a superuser" if superuser else "bypasses row-level security" if bypasses else "owns tables"
        raise ImproperlyConfigured(
            f"DATABASE_URL logs in as {name!r}, which {why}, so one merchant could see another's rows. "
            "Set DATABASE_URL to the application's own login (see cartrover/embedded/roles.sql) and "
            "DATABASE_OWNER_URL to the owner's."
        )


def _on_migrated(using: str, **kwargs: Any) -> None:
    from cartrover.merchants.walls import raise_walls

    if using != DEFAULT_DB_ALIAS:
        raise_walls(connections[using])
