"""Target levels and bindings are managed here for now."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.admin import RecordedAdmin
from inference_kpis.catalogue import KPIS
from readiness.assessments.measuring import thresholds_of
from readiness.assessments.models import Binding, RuleTarget
from readiness.bank import load_bank


class BindingForm(forms.ModelForm):
    practice = forms.ChoiceField(
        label=_("Practice"),
        choices=lambda: [
            (each.key, f"{each.key} · {each.title.in_language(get_language() or 'en')}")
            for each in load_bank().practices
            if each.measurable
        ],
    )
    kpi = forms.ChoiceField(label=_("KPI"), choices=[(key, kpi.label) for key, kpi in KPIS.items()])

    class Meta:
        model = Binding
        fields = "__all__"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("thresholds") and cleaned.get("comparator"):
            try:
                thresholds_of(cleaned["comparator"], cleaned["thresholds"])
            except (ArithmeticError, AttributeError, TypeError, ValueError):
                raise ValidationError(
                    {"thresholds": _('Write a number per level, stricter with each one: {"1": 900, "3": 400}.')}
                ) from None
        return cleaned


@admin.register(Binding)
class BindingAdmin(RecordedAdmin):
    noun = "binding"
    form = BindingForm
    list_display = ("team", "practice", "kpi", "comparator", "window_seconds")
    list_filter = ("team", "practice")
    filter_horizontal = ("sites",)


@admin.register(RuleTarget)
class RuleTargetAdmin(RecordedAdmin):
    noun = "target_level"
    list_display = ("rule", "level")
