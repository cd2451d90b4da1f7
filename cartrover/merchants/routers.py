from typing import Any


class OwnerMigrates:
    """Tables are made by their owner's login, never by the application's."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
