from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig
from django.core.checks import register

from cartrover.mail.checks import mail_goes_somewhere


class MailConfig(AppConfig):
    name = "cartrover.mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(mail_goes_somewhere)
        messages = import_module("cartrover.mail.messages")
        for module in iter_modules(messages.__path__):
            import_module(f"{messages.__name__}.{module.name}")
