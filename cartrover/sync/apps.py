from django.apps import AppConfig


class SyncConfig(AppConfig):
    name = "cartrover.sync"
    default_auto_field = "django.db.models.BigAutoField"
