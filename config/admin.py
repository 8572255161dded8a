"""The administration site, behind the same sign-in as every other page."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin


class VigieAdminSite(admin.AdminSite):
    site_header = site_title = "Vigie"
    site_url = "/"

    # Django's own log-in form knows no rate limits and no second factor.
    login = secure_admin_login(admin.AdminSite.login)
