"""The form of a binding."""

from decimal import Decimal
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import KPIS, UNIT_LABELS, Kpi
from inference_kpis.fleet.models import Site
from readiness.assessments.measuring import thresholds_of
from readiness.assessments.models import Binding
from readiness.figures import FIGURES
from readiness.scoring import HIGHEST_LEVEL

LEVELS = range(1, HIGHEST_LEVEL + 1)
WINDOWS = (
    (3600, _("1 hour")),
    (24 * 3600, _("1 day")),
    (7 * 24 * 3600, _("7 days")),
    (30 * 24 * 3600, _("30 days")),
    (90 * 24 * 3600, _("90 days")),
)


class BindingForm(forms.ModelForm):
    """Figure, scope, window and a threshold per level; shares are written in percent."""

    figure = forms.ChoiceField(label=_("Measured by"), help_text=_("Thresholds are in its unit, behind its name."))
    sites = forms.ModelMultipleChoiceField(
        label=_("Sites"),
        queryset=Site.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: all sites that can show it."),
    )
    share_percent = forms.DecimalField(
        label=_("Share of sites that have to hold a level (%)"), min_value=1, max_value=100, localize=True
    )
    coverage_percent = forms.DecimalField(
        label=_("Least share of the window that is covered (%)"), min_value=0, max_value=100, localize=True
    )
    reason = forms.CharField(
        label=_("Why it changes"),
        required=False,
        max_length=2000,
        help_text=_("Needed where the binding contradicts an answer: it is kept with the contradiction."),
    )

    class Meta:
        model = Binding
        fields = ("comparator", "window_seconds", "minimum_samples")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        binding: Binding = self.instance
        figure = cast(forms.ChoiceField, self.fields["figure"])
        figure.choices = [
            (_("KPIs"), [(f"kpi:{key}", _with_unit(kpi)) for key, kpi in KPIS.items()]),
            (_("Figures of workspaces"), [(f"workspace:{key}", _with_unit(kpi)) for key, kpi in FIGURES.items()]),
        ]
        chosen = list(binding.sites.values_list("pk", flat=True)) if binding.pk else []
        sites = Site.objects.in_service() | Site.objects.filter(pk__in=chosen)
        cast(forms.ModelMultipleChoiceField, self.fields["sites"]).queryset = sites
        window = binding.window_seconds
        known = dict(WINDOWS)
        others = [] if window in known else [(window, _("%(seconds)s seconds") % {"seconds": window})]
        self.fields["window_seconds"] = forms.TypedChoiceField(
            label=_("Window"), choices=[*others, *WINDOWS], coerce=int, initial=window
        )
        for level in LEVELS:
            self.fields[f"level_{level}"] = forms.DecimalField(
                label=_("Threshold of level %(level)s") % {"level": level}, required=False, localize=True
            )
        initial: dict[str, Any] = {
            "figure": f"{binding.source}:{binding.kpi}" if binding.kpi else None,
            "sites": chosen,
            "share_percent": _plain(Decimal(binding.site_share) * 100),
            "coverage_percent": _plain(Decimal(binding.minimum_coverage) * 100),
            **{f"level_{level}": Decimal(str(value)) for level, value in (binding.thresholds or {}).items()},
        }
        self.initial = {**self.initial, **initial}
        if binding.pk is None:
            del self.fields["reason"]
        self.order_fields(
            [
                "figure",
                "sites",
                "share_percent",
                "comparator",
                *(f"level_{level}" for level in LEVELS),
                "window_seconds",
            ]
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        source, _colon, key = cleaned.get("figure", "").partition(":")
        thresholds = {
            str(level): str(cleaned[f"level_{level}"]) for level in LEVELS if cleaned.get(f"level_{level}") is not None
        }
        if self.errors:
            return cleaned
        try:
            thresholds_of(cleaned["comparator"], cast(Any, thresholds))
        except (ArithmeticError, ValueError):
            self.add_error(
                f"level_{next(iter(thresholds), '1')}",
                _("Write a threshold for one level at least, stricter with each higher level."),
            )
            return cleaned
        binding: Binding = self.instance
        binding.source, binding.kpi, binding.thresholds = source, key, thresholds
        binding.site_share = cleaned["share_percent"] / 100
        binding.minimum_coverage = cleaned["coverage_percent"] / 100
        if self._others().exists():
            self.add_error("figure", _("Another binding of this practice looks at the same figure."))
        return cleaned

    def _others(self) -> Any:
        binding: Binding = self.instance
        same = Binding.objects.filter(
            team=binding.team_id, practice=binding.practice, source=binding.source, kpi=binding.kpi
        )
        return same.exclude(pk=binding.pk)


def _with_unit(kpi: Kpi) -> str:
    unit = str(UNIT_LABELS.get(kpi.unit, kpi.unit)) or settings.CURRENCY
    return f"{kpi.label} ({unit})"


def _plain(number: Decimal) -> Decimal:
    """Without the zeros behind the comma."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
