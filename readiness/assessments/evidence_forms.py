"""The forms of evidence."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from readiness.assessments.models import Evidence

MOST_FILES = 20
Choices = Iterable[tuple[int, str]]


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class DatedForm(forms.Form):
    """When a piece is of, and an end of its own."""

    dated_on = forms.DateField(
        label=_("Date of the evidence"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    valid_until = forms.DateField(
        label=_("Valid until (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only if it ends before the practice’s usual validity."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        dated_on, until = cleaned.get("dated_on"), cleaned.get("valid_until")
        if dated_on and dated_on > timezone.localdate():
            self.add_error("dated_on", _("Evidence cannot be dated in the future."))
        if dated_on and until and until <= dated_on:
            self.add_error("valid_until", _("Its end lies after its date."))
        return cleaned


class FilesForm(DatedForm):
    """Several files at once; each is checked by itself."""

    uploads = forms.Field(
        label=_("Files"),
        widget=SeveralFiles,
        required=False,
        help_text=_("PDF, pictures, Office and OpenDocument files without macros, text and CSV."),
    )
    title = forms.CharField(
        label=_("What they show (optional)"), required=False, max_length=200, help_text=_("Otherwise the file names.")
    )
    field_order = ("uploads", "title", "dated_on", "valid_until")


class RevisionForm(DatedForm):
    """The same piece with another date, another file, or in other words."""

    title = forms.CharField(label=_("What it shows"), max_length=200)
    url = forms.URLField(label=_("Link"), max_length=500, required=False, assume_scheme="https")
    file = forms.Field(
        label=_("New file (optional)"),
        widget=forms.ClearableFileInput,
        required=False,
        help_text=_("Leave empty to keep the file that is there."),
    )
    field_order = ("title", "url", "file", "dated_on", "valid_until")

    def __init__(self, *args: Any, evidence: Evidence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {name: getattr(evidence, name) for name in ("title", "url", "dated_on", "valid_until")}
        if evidence.kind != Evidence.Kind.LINK:
            del self.fields["url"]
        if evidence.kind != Evidence.Kind.FILE:
            del self.fields["file"]


class QueueForm(forms.Form):
    """Which evidence a reviewer wants to see: that of one team, behind one rule."""

    team = forms.TypedChoiceField(label=_("Team"), coerce=int, empty_value=None, required=False)
    rule = forms.TypedChoiceField(label=_("Rule"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, teams: Choices, rules: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("team", teams), ("rule", rules)):
            cast(forms.ChoiceField, self.fields[name]).choices = [("", _("all")), *choices]


class RefuseForm(forms.Form):
    reason = forms.CharField(max_length=500)
