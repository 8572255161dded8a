from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InferenceKpisConfig(AppConfig):
    name = "inference_kpis"
    verbose_name = _("Fleet")
