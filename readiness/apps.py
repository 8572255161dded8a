from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from readiness import checks  # noqa: F401  registers the check of the question bank


class ReadinessConfig(AppConfig):
    name = "readiness"
    verbose_name = _("Readiness")
