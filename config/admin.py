"""The administration site, behind the same sign-in as every other page."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.utils.decorators import method_decorator


class VigieAdminSite(admin.AdminSite):
    site_header = site_title = "Vigie"
    site_url = "/"

    # Django's own log-in form knows no rate limits and no second factor.
    login = method_decorator(secure_admin_login)(admin.AdminSite.login)
