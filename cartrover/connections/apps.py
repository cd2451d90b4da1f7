from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "cartrover.connections"
    default_auto_field = "django.db.models.BigAutoField"
