"""Makes the portal's admin site the one that `@admin.register` reaches."""

from django.apps import AppConfig
from django.contrib.admin import apps as django_admin


class PortalConfig(AppConfig):
    """The project itself: commands, checks, templates."""

    default = True
    name = "portal"


class PortalAdminConfig(django_admin.AdminConfig):
    """Django's admin with our site."""

    default = False
    default_site = "portal.admin.PortalAdminSite"
