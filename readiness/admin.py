"""Target levels are managed here for now."""

from django.contrib import admin

from accounts.admin import RecordedAdmin
from readiness.assessments.models import RuleTarget


@admin.register(RuleTarget)
class RuleTargetAdmin(RecordedAdmin):
    noun = "target_level"
    list_display = ("rule", "level")
