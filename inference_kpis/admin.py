"""Sites, and which of them a machine key may write for, are managed here for now."""

from django.contrib import admin

from accounts.admin import RecordedAdmin
from inference_kpis.fleet.models import Site
from inference_kpis.push.models import KeySite


@admin.register(Site)
class SiteAdmin(RecordedAdmin):
    noun = "site"
    list_display = ("name", "key", "region", "tier", "is_demo")
    list_filter = ("tier",)
    search_fields = ("name", "key")
    prepopulated_fields = {"key": ("name",)}


@admin.register(KeySite)
class KeySiteAdmin(RecordedAdmin):
    noun = "key_site"
    list_display = ("key", "site")
    list_filter = ("site",)
