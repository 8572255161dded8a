"""The form of a custom KPI, for people and for machine keys."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inference_kpis.catalogue import KPIS, MEASURES, Kpi
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.formulas.parsing import FormulaRefused, parsed, scale
from inference_kpis.formulas.units import NUMBER, Unit

# Words that stand where a key stands in an address.
RESERVED = frozenset({"custom", "new"})


class CustomKpiForm(forms.ModelForm):
    """`refusal` says where the formula is wrong, if it is; `derived` is the unit that follows from it, if it is right."""

    refusal: FormulaRefused | None = None
    derived: Unit | None = None

    class Meta:
        model = CustomKpi
        fields = ("formula", "shown_in", "direction", "key", "name_en", "name_fr", "description_en", "description_fr")
        widgets = {
            "formula": forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"}),
            **{name: forms.Textarea(attrs={"rows": 2}) for name in ("description_en", "description_fr")},
        }
        help_texts = {
            "key": gettext_lazy("For addresses, files and machines; it stays for ever. For example joules_per_answer."),
            "formula": gettext_lazy("For example total(power) / rate(output_tokens). What may stand in it is below."),
            "shown_in": gettext_lazy(
                "A unit that fits, such as ms or kWh/1000000 tokens; empty: the one that follows."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("key", "shown_in", "direction"):
                self.fields[name].disabled = True

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        if not self.instance.pk and (key in KPIS or key in MEASURES or key in RESERVED):
            raise forms.ValidationError(_("The catalogue has this key already. Choose another one."))
        return key

    def clean_formula(self) -> str:
        text = " ".join(self.cleaned_data["formula"].split())
        try:
            self.derived = parsed(text).unit
        except FormulaRefused as refused:
            self.refusal = refused
            raise forms.ValidationError(
                _("%(message)s (at character %(place)s)"),
                params={"message": refused.message, "place": refused.start + 1},
            ) from None
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.derived is not None and "shown_in" in cleaned:
            self._check_scale(cleaned)
        return cleaned

    def _check_scale(self, cleaned: dict[str, Any]) -> None:
        assert self.derived is not None
        if not cleaned["shown_in"]:
            cleaned["shown_in"] = self.derived.shown
            return
        try:
            _worth, unit = scale(cleaned["shown_in"])
        except FormulaRefused as refused:
            self.add_error("shown_in", refused.message)
            return
        if unit != self.derived and self.instance.pk:
            text = _(
                "Before, it gave %(before)s, and targets are numbers in that; this gives %(derived)s. Add another KPI."
            )
            self.add_error("formula", text % {"before": self.instance.unit, "derived": self.derived})
        elif unit != self.derived:
            text = _("The formula gives %(derived)s: a value of it cannot be shown in %(unit)s.")
            units = {
                "derived": _("a plain number") if self.derived == NUMBER else self.derived,
                "unit": cleaned["shown_in"],
            }
            self.add_error("shown_in", text % units)

    def save(self, commit: bool = True) -> CustomKpi:
        self.instance.unit = str(self.derived)
        kpi: CustomKpi = super().save(commit)
        return kpi

    def previewed(self) -> Kpi | None:
        """The KPI as far as its figures go, whatever else is missing in the form; None while it is not understood."""
        if (
            self.derived is None
            or not self.cleaned_data.get("shown_in")
            or {"formula", "shown_in"} & self.errors.keys()
        ):
            return None
        names = ("formula", "shown_in", "direction")
        given = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        return CustomKpi(key="preview", **given).as_kpi()

    @property
    def formula_typed(self) -> str:
        """The formula as it was read, to point into it."""
        return " ".join(str(self["formula"].value() or "").split())

    @property
    def refused_parts(self) -> tuple[str, str, str] | None:
        """The formula before, at and behind the place where it is wrong."""
        if self.refusal is None:
            return None
        text, start, end = self.formula_typed, self.refusal.start, self.refusal.end
        return text[:start], text[start:end], text[end:]
