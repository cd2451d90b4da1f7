from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "cartrover.orders"
    default_auto_field = "django.db.models.BigAutoField"
