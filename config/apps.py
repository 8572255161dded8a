from django.contrib.admin.apps import AdminConfig


class VigieAdminConfig(AdminConfig):
    default_site = "config.admin.VigieAdminSite"
