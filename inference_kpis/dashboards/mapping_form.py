"""The form of a mapping: its name and note, and a row for each family of series."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import MEASURES
from inference_kpis.dashboards.mapping_words import COMBINES, KINDS, UNIT_NAMES, problem_sentence
from inference_kpis.engines.engine import Combine
from inference_kpis.engines.mapping import (
    KINDS_OF,
    MAPPED,
    MOST_ROWS,
    UNITS,
    Content,
    NotAMapping,
    Row,
    SeriesKind,
    model_labels,
    problems,
    read_conditions,
    usual_unit,
    written_conditions,
)
from inference_kpis.mappings.models import SeriesMapping
from inference_kpis.protocols.escaping import legacy

PARTS_OF_FAMILY = ("_bucket", "_sum", "_count")
FIELDS = ("measure", "series", "kind", "unit", "conditions", "combine", "per")


class MappingForm(forms.ModelForm):
    model_labels = forms.CharField(
        label=_("Label that names the model"),
        required=False,
        max_length=300,
        help_text=_(
            "Several, separated by commas: the first one that a series has counts. Empty: the node serves one model."
        ),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = SeriesMapping
        fields = ("name", "note")
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    def clean_model_labels(self) -> tuple[str, ...]:
        try:
            return model_labels(self.cleaned_data["model_labels"].split(","))
        except NotAMapping as error:
            raise forms.ValidationError(problem_sentence(str(error))) from None


class RowForm(forms.Form):
    """One row; `row` is what it says once it is valid, None for one that was left empty."""

    measure = forms.ChoiceField(
        label=_("Measure"), choices=[("", "---------"), *((key, measure.label) for key, measure in MAPPED.items())]
    )
    series = forms.CharField(label=_("Series"), max_length=210, widget=forms.TextInput(attrs={"list": "series-names"}))
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=[("", _("as usual for the measure")), *KINDS.items()]
    )
    unit = forms.ChoiceField(
        label=_("Unit of the series"), required=False, choices=[("", _("as the measure")), *UNIT_NAMES.items()]
    )
    conditions = forms.CharField(
        label=_("Only where"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "status=5xx; handler!=/health|/metrics"}),
    )
    combine = forms.ChoiceField(label=_("Several series"), required=False, choices=list(COMBINES.items()))
    per = forms.CharField(
        label=_("Divided by"), required=False, max_length=210, widget=forms.TextInput(attrs={"list": "series-names"})
    )

    row: Row | None = None

    def __init__(self, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, use_required_attribute=False, **kwargs)

    @property
    def is_blank(self) -> bool:
        values = self.data if self.is_bound else self.initial
        prefix = f"{self.prefix}-" if self.is_bound else ""
        return not any(values.get(f"{prefix}{name}") for name in ("measure", "series"))

    @property
    def further_is_open(self) -> bool:
        """Whether what most rows leave alone is used here, or wrong."""
        return any(self[name].value() or self[name].errors for name in ("conditions", "per")) or (
            self["combine"].value() not in {"", None, Combine.SUM}
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        try:
            conditions = read_conditions(cleaned.get("conditions", ""))
        except NotAMapping as error:
            self.add_error("conditions", problem_sentence(str(error)))
            return cleaned
        if self.errors:
            return cleaned
        measure = MEASURES[cleaned["measure"]]
        kind = cleaned["kind"] or KINDS_OF[measure.kind][0]
        self.row = Row(
            measure.key,
            _family_name(cleaned["series"], kind),
            kind,
            cleaned["unit"] or usual_unit(measure),
            cleaned["combine"] or Combine.SUM,
            conditions,
            legacy(cleaned["per"].strip()),
        )
        return cleaned


def _family_name(series: str, kind: str) -> str:
    """The name under which engines know a family, whichever of its parts was written."""
    name = legacy(series.strip())
    if kind in {SeriesKind.HISTOGRAM, SeriesKind.SUMMARY}:
        for part in PARTS_OF_FAMILY:
            name = name.removesuffix(part)
    return name


Values = Mapping[str, str]


def values_of(row: Row) -> Values:
    """A row as a form shows it."""
    return {
        "measure": row.measure,
        "series": row.series,
        "kind": row.kind,
        "unit": row.unit if row.unit in UNITS else "",
        "conditions": written_conditions(row.conditions),
        "combine": row.combine,
        "per": row.per,
    }


def posted_rows(data: Mapping[str, str]) -> list[Values]:
    """What was typed into each row, unchecked."""
    count = data.get("rows", "")
    number = min(int(count), MOST_ROWS) if count.isdecimal() and len(count) < 5 else 0
    return [{name: data.get(f"row-{at}-{name}", "") for name in FIELDS} for at in range(number)]


def unchecked(rows: Sequence[Values]) -> list[RowForm]:
    """Forms that show what was typed and judge nothing."""
    return [RowForm(initial=values, prefix=f"row-{at}") for at, values in enumerate(rows)]


def checked(rows: Sequence[Values]) -> list[RowForm]:
    """Forms that say at their fields what is wrong, in a row by itself and between rows."""
    forms_of_rows = [
        RowForm({f"row-{at}-{name}": text for name, text in values.items()}, prefix=f"row-{at}")
        for at, values in enumerate(rows)
    ]
    written = [form for form in forms_of_rows if not form.is_blank and form.is_valid() and form.row]
    for problem in problems(Content(tuple(form.row for form in written if form.row))):
        other = forms_of_rows.index(written[problem.other]) if problem.other >= 0 else -1
        written[problem.row].add_error(problem.part, problem_sentence(problem.code, other))
    return forms_of_rows


def rows_of(forms_of_rows: Sequence[RowForm]) -> list[tuple[int, Row]]:
    """The rows that can be read, with the number of their form."""
    return [
        (at, form.row) for at, form in enumerate(forms_of_rows) if not form.is_blank and form.is_valid() and form.row
    ]


def has_errors(forms_of_rows: Sequence[RowForm]) -> bool:
    return any(not form.is_blank and form.errors for form in forms_of_rows)
