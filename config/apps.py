from django.contrib import admin
from django.contrib.admin.apps import AdminConfig


class VigieAdminConfig(AdminConfig):
    default_site = "config.admin.VigieAdminSite"

    def ready(self) -> None:
        super().ready()
        from allauth.account.models import EmailAddress
        from django.contrib.auth.models import Group

        # Roles are Vigie's own, and an e-mail address belongs to its person: these two would only mislead.
        admin.site.unregister([Group, EmailAddress])
