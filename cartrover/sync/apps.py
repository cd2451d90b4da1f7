from django.apps import AppConfig
from django.conf import settings


class SyncConfig(AppConfig):
    name = "cartrover.sync"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations import registry

        registry.configure(settings.INTEGRATIONS, settings.INTEGRATION_ENVIRONMENT)
