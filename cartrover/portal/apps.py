from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class PortalConfig(AppConfig):
    name = "cartrover.portal"


class OperatorAdminConfig(admin_apps.AdminConfig):
    """The Django admin, on a site that only operators with a second factor enter."""

    default = False
    default_site = "cartrover.portal.operators.OperatorSite"
