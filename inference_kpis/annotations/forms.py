"""The form of an annotation."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inference_kpis.alerts.forms import AreaForm
from inference_kpis.annotations.models import Annotation


class AnnotationForm(AreaForm):
    class Meta:
        model = Annotation
        fields = ("kind", "title", "text", "starts_at", "ends_at", "link", "scope", "tier", "site", "engine", "model")
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3}),
            "starts_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "ends_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
        help_texts = {
            "title": _("What a reader of the chart has to know, such as “llama-3.1 v2 on all edge sites”."),
            "starts_at": _("In the time zone of the company."),
            "ends_at": _("Empty for a moment; an incident without end goes on."),
            "link": _("Where to read on, beginning with https://."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields(("kind", "title", "text", "starts_at", "ends_at", "link", *self.AREA_FIELDS))
