"""The form of a success metric."""

from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from accounts.models import Team, User
from inference_kpis.fleet.models import Site
from inference_kpis.formulas.known import kpi_choices
from readiness.success.models import SuccessMetric


class SuccessMetricForm(forms.ModelForm):
    kpi = forms.ChoiceField(label=_("KPI"))

    class Meta:
        model = SuccessMetric
        fields = (
            *("name", "team", "kpi", "scope", "tier", "site"),
            *("baseline_value", "baseline_on", "baseline_source", "target_value", "target_on", "owner"),
        )
        field_classes = dict.fromkeys(("team", "site", "owner"), NameChoiceField)
        widgets = {
            name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in ("baseline_on", "target_on")
        }
        help_texts = {
            "target_value": _("In the unit of the KPI; whether higher or lower is better follows from the KPI."),
            "baseline_value": _("What it was before; without one the way to the target cannot be shown."),
            "tier": _("Only when the scope is one tier."),
            "site": _("Only when the scope is one site."),
        }

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["kpi"]).choices = kpi_choices(self.instance.kpi)
        cast(NameChoiceField, self.fields["team"]).queryset = teams
        cast(NameChoiceField, self.fields["site"]).queryset = Site.objects.to_choose(self.instance.site_id)
        cast(NameChoiceField, self.fields["owner"]).queryset = User.objects.filter(is_active=True)
        for name in ("target_value", "baseline_value"):
            # A text field, so that a French decimal comma is understood.
            self.fields[name].localize = True
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})
            self.fields[name].widget.is_localized = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        scope = cleaned.get("scope")
        if scope == SuccessMetric.Scope.TIER and not cleaned.get("tier"):
            self.add_error("tier", _("Choose the tier that this target is about."))
        if scope == SuccessMetric.Scope.SITE and not cleaned.get("site"):
            self.add_error("site", _("Choose the site that this target is about."))
        if scope != SuccessMetric.Scope.TIER:
            cleaned["tier"] = ""
        if scope != SuccessMetric.Scope.SITE:
            cleaned["site"] = None
        if cleaned.get("baseline_value") is not None:
            for name in ("baseline_on", "baseline_source"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("A baseline needs its date and its source, or nobody can check it."))
        baseline_on = cleaned.get("baseline_on")
        if baseline_on and baseline_on > timezone.localdate():
            self.add_error("baseline_on", _("A baseline cannot be dated in the future."))
        target_on = cleaned.get("target_on")
        if baseline_on and target_on and target_on <= baseline_on:
            self.add_error("target_on", _("The target comes after the baseline."))
        return cleaned
