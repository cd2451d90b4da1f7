from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "cartrover.inventory"
    default_auto_field = "django.db.models.BigAutoField"
